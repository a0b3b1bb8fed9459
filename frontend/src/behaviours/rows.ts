import { on } from ".";

/**
 * Rows of a form in an order: `[data-rows]` holds `[data-row]`s; `[data-row-more]` behind it adds a blank one, and in a
 * row `[data-row-up]` moves it up and `[data-row-drop]` takes it away. `<input data-sift="id">` shows those rows within
 * that id that hold what is typed (in `[data-sift-words]`, where there are some), no `[data-sifted]` group without any, and `[data-sifted-none="id"]` where none is left.
 */
on("click", "[data-row-more]", (button) => {
  const rows = button.parentElement?.querySelector<HTMLElement>("[data-rows]");
  const last = rows?.querySelector<HTMLElement>("[data-row]:last-child");
  if (!rows || !last) return;
  const blank = last.cloneNode(true) as HTMLElement;
  for (const field of blank.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) {
    if (field instanceof HTMLSelectElement) field.selectedIndex = 0;
    else field.value = "";
  }
  rows.append(blank);
  blank.querySelector<HTMLInputElement>("input:not([type=hidden])")?.focus();
});

on("click", "[data-row-up]", (button) => {
  const row = button.closest<HTMLElement>("[data-row]");
  row?.previousElementSibling?.before(row);
  button.focus();
});

on("click", "[data-row-drop]", (button) => {
  const row = button.closest<HTMLElement>("[data-row]");
  const rows = row?.parentElement;
  if (!row || !rows) return;
  if (rows.querySelectorAll("[data-row]").length > 1) {
    row.remove();
    return;
  }
  for (const field of row.querySelectorAll<HTMLInputElement>("input")) field.value = "";
});

on("input", "[data-sift]", (field) => {
  const { value, dataset } = field as HTMLInputElement;
  const typed = value.trim().toLowerCase();
  const list = document.getElementById(dataset["sift"] ?? "");
  for (const row of list?.querySelectorAll<HTMLElement>("[data-row]") ?? []) {
    const words = (row.querySelector("[data-sift-words]") ?? row).textContent ?? "";
    row.hidden = !words.toLowerCase().includes(typed);
  }
  for (const group of list?.querySelectorAll<HTMLElement>("[data-sifted]") ?? []) {
    group.hidden = typed !== "" && !group.querySelector("[data-row]:not([hidden])");
  }
  const none = document.querySelector<HTMLElement>(`[data-sifted-none="${dataset["sift"] ?? ""}"]`);
  if (none) none.hidden = list?.querySelector("[data-row]:not([hidden])") !== null;
});

on("keydown", "[data-sift]", (_field, event) => {
  if (event.key === "Enter") event.preventDefault();
});

/** `<select data-only-first="id">` asks for what the fieldset of that id holds only while its first option is chosen. */
on("change", "[data-only-first]", (field) => {
  const asked = document.getElementById(field.dataset["onlyFirst"] ?? "");
  if (!(asked instanceof HTMLFieldSetElement) || !(field instanceof HTMLSelectElement)) return;
  asked.disabled = asked.hidden = field.selectedIndex > 0;
});
