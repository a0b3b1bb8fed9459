import { behaviour } from ".";
import { text } from "../strings";

/**
 * `<form data-field-upload="bytes">`: files for a field of a record, chosen or dropped onto it, sent one after the
 * other. Each answer brings the field anew, with the form that sends the next one.
 */
const waiting = new Map<string, File[]>();

// Where no form came back there is no room left: nothing is sent later, when somebody makes some.
document.addEventListener("htmx:afterSwap", (event) => {
  const { requestConfig } = (event as CustomEvent<{ requestConfig?: { path: string } }>).detail;
  if (!(event.target instanceof Element) || event.target.querySelector("form[data-field-upload]")) return;
  waiting.delete(requestConfig?.path ?? "");
});

behaviour("form[data-field-upload]", (element) => {
  const form = element as HTMLFormElement;
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const bar = form.querySelector<HTMLProgressElement>("progress");
  const problem = form.querySelector<HTMLElement>("[data-upload-problem]");
  const place = form.closest<HTMLElement>(".zk-field-files");
  if (!input || !bar || !problem || !place) return;
  const most = Number(form.dataset["fieldUpload"] ?? 0);
  const address = form.getAttribute("action") ?? "";

  const say = (words: string) => {
    problem.textContent = words;
    problem.hidden = false;
    input.value = "";
  };
  const next = () => {
    const [file, ...rest] = waiting.get(address) ?? [];
    waiting.set(address, rest);
    if (!file) return;
    if (file.size > most) {
      waiting.delete(address);
      const size = (file.size / 1_048_576).toFixed(1);
      say(text("attachment_too_large", { name: file.name, size, limit: most >> 20 }));
      return;
    }
    const one = new DataTransfer();
    one.items.add(file);
    input.files = one.files;
    bar.hidden = false;
    problem.hidden = true;
    form.requestSubmit();
  };
  const take = (files: FileList | null | undefined) => {
    if (!files?.length || !bar.hidden) return;
    const room = Number(form.dataset["fieldMost"] ?? 1) - place.querySelectorAll(".zk-field-file").length;
    if (input.multiple && files.length > room) {
      say(text("too_many_files", { count: files.length, room }));
      return;
    }
    waiting.set(address, input.multiple ? [...files] : [...files].slice(0, 1));
    next();
  };

  input.addEventListener("change", () => take(input.files));
  form.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total } = (event as CustomEvent<{ loaded: number; total: number }>).detail;
    if (total) bar.value = loaded / total;
  });
  form.addEventListener("htmx:afterRequest", () => {
    bar.hidden = true;
  });
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    form.addEventListener(kind, () => waiting.delete(address));
  }
  for (const kind of ["dragenter", "dragover"]) {
    place.addEventListener(kind, (event) => {
      if (!(event as DragEvent).dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      place.classList.add("is-over");
    });
  }
  for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, () => place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  });

  // What was refused stands there in words; the others are not sent behind it.
  if (problem.hidden) next();
  else waiting.delete(address);
});
