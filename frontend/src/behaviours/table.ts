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
  apply(table.dataset["denseView"] || (localStorage.getItem(key) ?? "normal"));
  // A list in groups comes after the page.
  const whichAll = () => table.querySelector<HTMLInputElement>("[data-select-all]");
  const bar = table.querySelector<HTMLElement>("[data-bulk]");
  const whole = table.querySelector<HTMLInputElement>("[data-bulk-whole]");
  const boxes = () => [...table.querySelectorAll<HTMLInputElement>("[data-select]")];
  const distinct = (some: HTMLInputElement[]) => new Set(some.map((box) => box.value)).size;

  const count = () => {
    // Who stands in several groups is chosen once.
    const chosen = distinct(boxes().filter((box) => box.checked));
    const offered = distinct(boxes());
    const isWhole = whole?.value === "1";
    table.toggleAttribute("data-selecting", chosen > 0);
    if (bar) {
      bar.hidden = chosen === 0;
      const number = bar.querySelector("[data-bulk-count]");
      // The count of the list, which the page has asked for by itself.
      const total = document.querySelector(".zk-title .zk-count")?.textContent?.trim();
      if (number) number.textContent = isWhole && total ? total : String(chosen);
      const offer = bar.querySelector<HTMLElement>("[data-bulk-all]");
      const isMore = Boolean(table.querySelector(".zk-more"));
      // On a telephone there is no head whose box would choose the page first.
      const hasHead = (whichAll()?.closest("thead")?.clientHeight ?? 0) > 1;
      const fits = hasHead ? chosen === offered && isMore : chosen < offered || isMore;
      if (offer) offer.hidden = isWhole || chosen === 0 || !fits;
      for (const one of bar.querySelectorAll<HTMLElement>("[data-whole-only]")) one.hidden = !isWhole;
      for (const one of bar.querySelectorAll<HTMLElement>("[data-picked-only]")) one.hidden = isWhole;
    }
    for (const box of boxes()) box.disabled = isWhole;
    const all = whichAll();
    if (all) {
      all.checked = chosen > 0 && chosen === offered;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  };
  const choose = (isChosen: boolean, isWhole: boolean) => {
    if (whole) whole.value = isWhole ? "1" : "";
    for (const box of boxes()) box.checked = isChosen;
    count();
  };

  table.addEventListener("change", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLInputElement)) return;
    if (target === whichAll()) choose(target.checked, false);
    else if (target.matches("[data-select]")) {
      for (const box of boxes()) if (box.value === target.value) box.checked = target.checked;
      count();
    }
  });
  table.querySelector("[data-bulk-all]")?.addEventListener("click", () => choose(true, true));
  table.querySelector("[data-bulk-clear]")?.addEventListener("click", () => choose(false, false));
});

/** `<table data-frozen="2">` keeps its first columns in sight; where each of them stands follows from those before it. */
behaviour("[data-frozen]", (table) => {
  if (Number(table.dataset["frozen"]) < 2) return;
  const heads = [...table.querySelectorAll<HTMLElement>("thead th")].slice(0, 4);
  const measure = () => {
    let left = 0;
    let place = heads[0]?.matches(".select") ? 0 : 1;
    for (const head of heads) {
      table.style.setProperty(`--zk-left-${place}`, `${left}px`);
      left += head.offsetWidth;
      place += 1;
    }
  };
  const watcher = new ResizeObserver(measure);
  for (const head of heads) watcher.observe(head);
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
