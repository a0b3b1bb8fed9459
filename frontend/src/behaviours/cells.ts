import { htmx } from "../htmx";

/**
 * From a row's name the arrow keys lead through the cells that can be edited (`[data-edit-cell]`), up and down as well;
 * Enter and F2 edit, as a double click does; after that the arrow keys go on from there.
 */
const STOP = "th[scope=row] a, [data-edit-cell]";

function stops(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>(STOP)];
}

function go(stop: HTMLElement | undefined): void {
  if (!stop) return;
  if (stop.matches("[data-edit-cell]")) stop.tabIndex = -1;
  stop.focus();
}

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = target.closest("[data-edit-form]") ? null : target.closest<HTMLElement>(STOP);
  const row = here?.closest("[data-table] tbody tr");
  if (!here || !row) return;
  const all = stops(row);
  const at = all.indexOf(here);
  switch (event.key) {
    case "ArrowRight":
      go(all[at + 1]);
      break;
    case "ArrowLeft":
      go(all[at - 1]);
      break;
    case "ArrowDown":
      go(stops(row.nextElementSibling ?? row)[at]);
      break;
    case "ArrowUp":
      go(stops(row.previousElementSibling ?? row)[at]);
      break;
    case "Enter":
    case "F2": {
      const address = here.dataset["editCell"];
      if (!address || (target !== here && event.key === "Enter")) return;
      void htmx.ajax("get", address, { target: here, swap: "innerHTML" });
      break;
    }
    default:
      return;
  }
  event.preventDefault();
});
