import { behaviour, on } from ".";
import { htmx } from "../htmx";

/**
 * A board: `[data-board]` holds lanes (`[data-lane]`), they hold cards (`[data-card]`, the address that moves one). A
 * card is dragged, or sent by its `[data-card-move]`; it goes back where the server refuses. What the two lanes hold then
 * the server says: it is sent the list (`data-board-list`), and answers with their heads.
 */
let dragged: HTMLElement | null = null;

function laneOf(element: Element): HTMLElement | null {
  return element.closest<HTMLElement>("[data-lane]");
}

function count(lane: HTMLElement, step: number): void {
  const place = lane.querySelector<HTMLElement>("[data-lane-count]");
  const number = Number((place?.textContent ?? "").replaceAll(",", ""));
  if (!place || !Number.isInteger(number)) return;
  place.textContent = (number + step).toLocaleString("en");
  lane.toggleAttribute("data-lane-empty", number + step === 0);
}

function put(card: HTMLElement, from: HTMLElement, to: HTMLElement, before: Element | null): void {
  const cards = to.querySelector("[data-lane-cards]");
  cards?.insertBefore(card, before);
  count(from, -1);
  count(to, 1);
}

async function move(card: HTMLElement, to: HTMLElement): Promise<void> {
  const from = laneOf(card);
  const address = card.dataset["card"];
  if (!from || !address || from === to) return;
  const stood = card.nextElementSibling;
  let isSaved = false;
  const note = (event: Event) => {
    isSaved = (event as CustomEvent<{ successful: boolean }>).detail.successful;
  };
  card.addEventListener("htmx:afterRequest", note, { once: true });
  put(card, from, to, to.querySelector("[data-lane-cards] > :first-child"));
  card.querySelector<HTMLElement>("a, select")?.focus({ preventScroll: true });
  const list = to.closest<HTMLElement>("[data-board]")?.dataset["boardList"] ?? "";
  const values = { value: to.dataset["lane"] ?? "", from: from.dataset["lane"] ?? "", list };
  try {
    await htmx.ajax("post", address, { source: card, swap: "none", values });
  } finally {
    card.removeEventListener("htmx:afterRequest", note);
    if (!isSaved && card.isConnected) put(card, to, from, stood?.isConnected ? stood : null);
  }
}

/** What comes into a lane may hold a card that was put there meanwhile. */
document.addEventListener("htmx:afterSettle", () => {
  for (const lane of document.querySelectorAll("[data-lane-cards]")) {
    const held = new Set<string>();
    for (const card of lane.querySelectorAll<HTMLElement>("[data-card]")) {
      const address = card.dataset["card"] ?? "";
      if (held.has(address)) card.remove();
      held.add(address);
    }
  }
});

on("dragstart", "[data-card]", (card, event) => {
  dragged = card;
  card.setAttribute("data-dragged", "");
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
});

on("dragend", "[data-card]", (card) => {
  dragged = null;
  card.removeAttribute("data-dragged");
  for (const lane of document.querySelectorAll("[data-lane-over]")) lane.removeAttribute("data-lane-over");
});

on("dragover", "[data-lane]", (lane, event) => {
  if (!dragged) return;
  event.preventDefault();
  for (const other of document.querySelectorAll("[data-lane-over]")) other.toggleAttribute("data-lane-over", other === lane);
  lane.setAttribute("data-lane-over", "");
});

on("drop", "[data-lane]", (lane, event) => {
  if (!dragged) return;
  event.preventDefault();
  void move(dragged, lane);
});

behaviour("[data-card-move]", (element) => {
  const select = element as HTMLSelectElement;
  const fill = () => {
    const here = laneOf(select);
    const lanes = [...(select.closest("[data-board]")?.querySelectorAll<HTMLElement>("[data-lane]") ?? [])];
    const offered = lanes.filter((lane) => lane !== here);
    select.replaceChildren(
      select.options[0] ?? new Option(),
      ...offered.map((lane) => new Option(lane.dataset["laneLabel"], lane.dataset["lane"])),
    );
    select.selectedIndex = 0;
  };
  select.addEventListener("focus", fill);
  select.addEventListener("pointerdown", fill);
  fill();
  select.addEventListener("change", () => {
    const lane = [...(select.closest("[data-board]")?.querySelectorAll<HTMLElement>("[data-lane]") ?? [])].find(
      (one) => one.dataset["lane"] === select.value && one !== laneOf(select),
    );
    const card = select.closest<HTMLElement>("[data-card]");
    if (!lane || !card || select.selectedIndex <= 0) return;
    select.selectedIndex = 0;
    void move(card, lane);
  });
});

/** `<button data-group="/customers/?…">` opens the rows of a group in the body behind its own, and closes them. */
on("click", "[data-group]", (button) => {
  const rows = button.closest("tbody")?.nextElementSibling;
  if (!(rows instanceof HTMLElement)) return;
  const opens = rows.hidden;
  rows.hidden = !opens;
  button.setAttribute("aria-expanded", String(opens));
  const address = button.dataset["group"];
  if (opens && !rows.childElementCount && address) {
    void htmx.ajax("get", address, { source: button, target: rows, swap: "innerHTML" });
  }
});

behaviour("[data-group][data-open]", (button) => {
  button.removeAttribute("data-open");
  button.click();
});
