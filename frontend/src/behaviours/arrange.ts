import { on } from ".";
import { csrfToken } from "../csrf";

/**
 * Rows that are dragged into an order: `[data-arrange]` is a place for `[data-arranged]` rows, of the same page and
 * address; where a row is dropped, the place tells its order to `data-arrange-url`. Buttons do the same by keyboard.
 * In a form (`[data-rows]`, see rows.ts) the order is told with the form.
 */
let dragged: HTMLElement | null = null;

on("dragstart", "[data-arranged]", (row, event) => {
  dragged = row;
  row.classList.add("zk-dragged");
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
});

on("dragover", "[data-arranged]", (row, event) => {
  if (!dragged) return;
  event.preventDefault();
  const { top, height } = row.getBoundingClientRect();
  if (row !== dragged) row[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});

on("drop", "[data-arrange], [data-rows]", (_place, event) => event.preventDefault());

on("dragend", "[data-arranged]", (row, event) => {
  row.classList.remove("zk-dragged");
  const place = row.closest<HTMLElement>("[data-arrange]");
  dragged = null;
  if (row.closest("[data-rows]")) return;
  if (!place || event.dataTransfer?.dropEffect === "none") {
    window.location.reload();
    return;
  }
  const order = [...place.querySelectorAll<HTMLElement>("[data-arranged]")].map((one) => one.dataset.arranged);
  const body = new URLSearchParams({ section: place.dataset.arrange ?? "", order: order.join(",") });
  // The buttons at both ends are for the order as it is now; one that is refused goes back, and the page says why.
  void fetch(place.dataset.arrangeUrl ?? "", {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken() },
    body,
  }).finally(() => window.location.reload());
});
