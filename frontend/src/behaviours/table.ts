import { behaviour, on } from ".";
import { htmx } from "../htmx";

/** `<button data-density="compact" aria-pressed>` sets the row height of the page's tables: remembered per browser. */
const key = "zk-density";

function apply(density: string): void {
  for (const table of document.querySelectorAll<HTMLElement>("[data-table]")) table.dataset["dense"] = density;
  for (const button of document.querySelectorAll<HTMLElement>("[data-density]")) {
    button.setAttribute("aria-pressed", String(button.dataset["density"] === density));
  }
}

on("click", "[data-density]", (button) => {
  const density = button.dataset["density"] ?? "normal";
  localStorage.setItem(key, density);
  apply(density);
});

behaviour("[data-table]", (table) => {
  apply(localStorage.getItem(key) ?? "normal");
  const all = table.querySelector<HTMLInputElement>("[data-select-all]");
  const bar = table.querySelector<HTMLElement>("[data-bulk]");
  const boxes = () => [...table.querySelectorAll<HTMLInputElement>("[data-select]")];

  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    table.toggleAttribute("data-selecting", chosen > 0);
    if (bar) {
      bar.hidden = chosen === 0;
      const number = bar.querySelector("[data-bulk-count]");
      if (number) number.textContent = String(chosen);
    }
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  };

  table.addEventListener("change", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLInputElement)) return;
    if (target === all) for (const box of boxes()) box.checked = all.checked;
    if (target === all || target.matches("[data-select]")) count();
  });
  table.querySelector("[data-bulk-clear]")?.addEventListener("click", () => {
    for (const box of boxes()) box.checked = false;
    count();
  });
});

/** `<button data-post="/customers/7/delete/">`: what one can do to a row; the answer says what the page shows then. */
on("click", "[data-post]", (button) => {
  const address = button.dataset["post"];
  if (address) void htmx.ajax("post", address, { source: button, swap: "none" });
});

/** `j` and `k` walk through the rows' links. */
function walk(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-table] tbody th a, [data-table] tbody a[data-panel]")];
  const rows = [...new Set(links)];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
}

on("click", "[data-row-next]", () => walk(1));
on("click", "[data-row-previous]", () => walk(-1));
