import { behaviour } from ".";
import { text } from "../strings";
import { csrfToken } from "../csrf";

/**
 * `<form data-upload>` around a file field: drop or choose, then the file streams up with its progress. The answer's
 * `HX-Redirect` or `Location` header, or its final address, is where the browser goes; on 4xx the plain text or the
 * JSON `detail` of the answer is shown beside the zone and the file can be chosen again.
 */
behaviour("form[data-upload]", (element) => {
  const form = element as HTMLFormElement;
  const zone = form.querySelector<HTMLElement>("[data-upload-zone]");
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const bar = form.querySelector<HTMLProgressElement>("progress");
  const state = form.querySelector<HTMLElement>("[data-upload-state]");
  const error = form.querySelector<HTMLElement>("[data-upload-error]");
  if (!zone || !input || !bar || !state || !error) return;

  const say = (words: string) => {
    error.textContent = words;
    error.hidden = words === "";
    zone.classList.toggle("is-invalid", words !== "");
  };

  const limit = Number(form.dataset["uploadLimit"] ?? 0);
  let running: XMLHttpRequest | null = null;

  const finish = (request: XMLHttpRequest) => {
    running = null;
    form.removeAttribute("data-uploading");
    if (request.status >= 400) {
      say(reasonOf(request));
      input.value = "";
      return;
    }
    const next = request.getResponseHeader("HX-Redirect") ?? request.getResponseHeader("Location") ?? request.responseURL;
    window.location.assign(next);
  };

  const send = () => {
    const file = input.files?.[0];
    if (!file || running) return;
    say("");
    if (limit && file.size > limit) {
      say(text("too_large", { name: file.name, size: megabytes(file.size), limit: megabytes(limit) }));
      input.value = "";
      return;
    }
    const request = new XMLHttpRequest();
    running = request;
    form.setAttribute("data-uploading", "");
    bar.value = 0;
    request.upload.addEventListener("progress", (event) => {
      bar.max = event.total;
      bar.value = event.loaded;
      const done = event.loaded === event.total;
      state.textContent = done
        ? text("upload_reading", { name: file.name })
        : text("upload_progress", { name: file.name, done: megabytes(event.loaded), total: megabytes(event.total) });
    });
    request.addEventListener("load", () => finish(request));
    request.addEventListener("error", () => {
      running = null;
      form.removeAttribute("data-uploading");
      say(text("offline"));
    });
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.send(new FormData(form));
  };

  input.addEventListener("change", send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.querySelector("[data-upload-stop]")?.addEventListener("click", () => {
    running?.abort();
    running = null;
    form.removeAttribute("data-uploading");
    input.value = "";
  });
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    const files = event.dataTransfer?.files;
    if (files?.length) {
      input.files = files;
      send();
    }
  });
});

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0);
}

function reasonOf(request: XMLHttpRequest): string {
  const kind = request.getResponseHeader("Content-Type") ?? "";
  if (kind.includes("json")) {
    const answer = JSON.parse(request.responseText) as { detail?: string };
    return answer.detail ?? text("failed");
  }
  if (kind.startsWith("text/plain")) return request.responseText;
  return request.status === 413 ? text("too_large_for_server") : text("failed");
}
