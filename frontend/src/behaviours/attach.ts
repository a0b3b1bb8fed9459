import { behaviour } from ".";
import { text } from "../strings";

/** `<form data-attach="bytes">`: one file, chosen, dropped onto the form or pasted into it; its name stands there. */
behaviour("form[data-attach]", (element) => {
  const form = element as HTMLFormElement;
  const input = form.querySelector<HTMLInputElement>("[data-attach-file]");
  const line = form.querySelector<HTMLElement>("[data-attached]");
  const name = form.querySelector<HTMLElement>("[data-attached-name]");
  if (!input || !line || !name) return;
  const most = Number(form.dataset["attach"] ?? 0);

  const show = () => {
    const file = input.files?.[0];
    const isTooLarge = file !== undefined && file.size > most;
    line.hidden = file === undefined;
    line.classList.toggle("is-invalid", isTooLarge);
    name.textContent = file ? `${file.name} · ${megabytes(file.size)} MB` : "";
    if (!isTooLarge) return;
    name.textContent = text("attachment_too_large", { name: file.name, size: megabytes(file.size), limit: most >> 20 });
    input.value = "";
  };
  const take = (files: FileList | undefined | null) => {
    if (!files?.length) return false;
    input.files = files;
    show();
    return true;
  };

  input.addEventListener("change", show);
  form.querySelector("[data-attach-none]")?.addEventListener("click", () => {
    input.value = "";
    show();
  });
  form.addEventListener("paste", (event) => {
    if (take(event.clipboardData?.files)) event.preventDefault();
  });
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      if (!(event as DragEvent).dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("is-over");
    });
  }
  for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    if (take(event.dataTransfer?.files)) event.preventDefault();
  });
});

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0);
}
