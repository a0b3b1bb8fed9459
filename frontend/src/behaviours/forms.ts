import { behaviour, on } from ".";

/** ⌘Enter or Ctrl Enter submits a long form. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
  const form = event.target instanceof HTMLElement ? event.target.closest("form") : null;
  if (form) {
    event.preventDefault();
    form.requestSubmit();
  }
});

/** A form is sent once; its button says so while the answer is on its way. */
on("submit", "form:not([hx-get]):not([hx-post])", (form, event) => {
  if (form.dataset["sent"]) {
    event.preventDefault();
    return;
  }
  if ((form as HTMLFormElement).method !== "post") return;
  form.dataset["sent"] = "true";
  for (const button of form.querySelectorAll<HTMLElement>("[type=submit]")) button.setAttribute("aria-busy", "true");
});

/** `<form data-only-changed>`: of many lists, those are sent in which something else was chosen. */
on("submit", "form[data-only-changed]", (form) => {
  for (const list of form.querySelectorAll("select")) list.disabled = list.selectedOptions[0]?.defaultSelected ?? false;
});

window.addEventListener("pageshow", () => {
  for (const list of document.querySelectorAll<HTMLSelectElement>("form[data-only-changed] select")) list.disabled = false;
  for (const form of document.querySelectorAll<HTMLElement>("form[data-sent]")) {
    delete form.dataset["sent"];
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

/** `<select data-submit>`: choosing is enough. */
on("change", "[data-submit]", (field) => field.closest("form")?.requestSubmit());

/** `<form data-stales="id">`: what follows from the form is not true any more once something else is typed. */
on("input", "[data-stales]", (form) => {
  const stale = document.getElementById(form.dataset["stales"] ?? "");
  if (stale) stale.hidden = true;
});

/** `<form data-draft="name">`: typed text survives a reload or a slip, until the form is sent. */
behaviour("form[data-draft]", (element) => {
  const form = element as HTMLFormElement;
  const key = `zk-draft:${form.dataset["draft"] ?? ""}`;
  const fields = () =>
    [...form.elements].filter(
      (field): field is HTMLInputElement | HTMLTextAreaElement =>
        (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type === "text")) &&
        field.name !== "",
    );
  const kept = sessionStorage.getItem(key);
  if (kept) {
    const values = JSON.parse(kept) as Record<string, string>;
    for (const field of fields()) {
      if (field.value === "") field.value = values[field.name] ?? "";
    }
  }
  form.addEventListener("input", () => {
    sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields().map((field) => [field.name, field.value]))));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
});

/** `<button data-fill="id">`: puts its own words into that field. */
on("click", "[data-fill]", (button) => {
  const field = document.getElementById(button.dataset["fill"] ?? "");
  if (!(field instanceof HTMLInputElement)) return;
  field.value = button.textContent?.trim() ?? "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});

/** `<button data-copy="text">` */
on("click", "[data-copy]", (button) => {
  void navigator.clipboard.writeText(button.dataset["copy"] ?? "").then(() => {
    button.dataset["copied"] = "true";
    window.setTimeout(() => delete button.dataset["copied"], 1500);
  });
});
