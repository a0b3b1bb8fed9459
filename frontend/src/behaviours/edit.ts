import { behaviour, on } from ".";
import { htmx } from "../htmx";

/**
 * In-place editing. The value: `<button data-edit="/customers/7/edit/city/">` (click, Enter). The server answers with
 * `<form data-edit-form>`; leaving the field or Enter saves, Esc brings the value back. A cell of a table
 * (`<td data-edit-cell="…?cell=1">`, double click) gets back what the table shows, as `[data-cell-edited]`.
 */
let comesBackTo: string | null = null;

/** After Enter or Esc the keyboard stays where it was. */
behaviour("[data-edit]", (value) => {
  if (value.dataset["edit"] !== comesBackTo) return;
  comesBackTo = null;
  value.focus({ preventScroll: true });
});

behaviour("[data-cell-edited]", (value) => {
  if (value.dataset["cellEdited"] !== comesBackTo) return;
  comesBackTo = null;
  const cell = value.closest<HTMLElement>("[data-edit-cell]");
  if (!cell) return;
  cell.tabIndex = -1;
  cell.focus({ preventScroll: true });
});

on("click", "[data-edit]", (value) => {
  const address = value.dataset["edit"];
  const place = value.closest<HTMLElement>("[data-edit-place]") ?? value;
  if (address) void htmx.ajax("get", address, { target: place, swap: "outerHTML" });
});

on("dblclick", "[data-edit-cell]", (cell) => {
  const address = cell.dataset["editCell"];
  if (address && !cell.querySelector("[data-edit-form]")) {
    void htmx.ajax("get", address, { target: cell, swap: "innerHTML" });
  }
});

behaviour("[data-edit-form]", (element) => {
  const form = element as HTMLFormElement;
  const field = form.querySelector<HTMLInputElement>("input:not([type=hidden]), select, textarea");
  const said = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const before = said();
  let left = false;

  const restore = () => {
    const address = form.dataset["editCancel"];
    left = true;
    if (address) void htmx.ajax("get", address, { target: form, swap: "outerHTML" });
  };
  const save = () => {
    if (left) return;
    if (said() === before && !form.querySelector(".is-invalid")) {
      restore();
      return;
    }
    if (form.reportValidity()) form.requestSubmit();
  };

  field?.focus();
  if (field instanceof HTMLInputElement && field.type !== "date") field.select?.();
  form.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && form.contains(event.relatedTarget))) save();
  });
  form.addEventListener("submit", () => {
    left = true;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !(field instanceof HTMLTextAreaElement)) comesBackTo = form.getAttribute("action");
    if (event.key === "Enter" && field instanceof HTMLSelectElement) {
      // Which no browser takes for saving.
      event.preventDefault();
      save();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      comesBackTo = form.getAttribute("action");
      restore();
    }
  });
  form.addEventListener("htmx:responseError", () => {
    left = false;
  });
});
