import { behaviour, on } from ".";
import { htmx } from "../htmx";

/** What is typed behind the last @ before the caret; an @ within an address is none. */
const CALL = /(?:^|[^\w.%+@-])@([^\s@]{0,20})$/;
const PATIENCE_MS = 150;

/** `<textarea data-colleagues="/address/" aria-controls="list">`: typing @ offers colleagues to name. */
behaviour("textarea[data-colleagues]", (element) => {
  const area = element as HTMLTextAreaElement;
  const list = document.getElementById(area.getAttribute("aria-controls") ?? "");
  const address = area.dataset["colleagues"];
  if (!list || !address) return;
  let waiting = 0;

  const options = () => [...list.querySelectorAll<HTMLElement>("[data-colleague]")];
  const close = () => {
    window.clearTimeout(waiting);
    list.hidden = true;
    list.replaceChildren();
  };
  const typed = () => CALL.exec(area.value.slice(0, area.selectionStart))?.[1];

  const offer = () => {
    window.clearTimeout(waiting);
    const begun = typed();
    if (begun === undefined) return close();
    waiting = window.setTimeout(() => {
      void htmx
        .ajax("post", address, { source: area, target: list, swap: "innerHTML", values: { typed: begun } })
        .then(() => {
          list.hidden = typed() !== begun || list.childElementCount === 0;
        });
    }, PATIENCE_MS);
  };

  const choose = (option: HTMLElement) => {
    const begun = typed();
    if (begun === undefined) return close();
    const caret = area.selectionStart;
    area.setRangeText(`${option.dataset["colleague"] ?? ""} `, caret - begun.length, caret, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    area.focus();
  };

  const move = (steps: number) => {
    const all = options();
    const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const next = (now + steps + all.length) % all.length;
    for (const [place, one] of all.entries()) one.setAttribute("aria-selected", String(place === next));
  };

  area.addEventListener("input", offer);
  area.addEventListener("blur", () => window.setTimeout(close, PATIENCE_MS));
  area.addEventListener("keydown", (event) => {
    const chosen = options().find((one) => one.getAttribute("aria-selected") === "true");
    if (list.hidden || !chosen || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" || event.key === "Tab") choose(chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("chosen", (event) => choose(event.target as HTMLElement));
});

on("mousedown", "[data-colleague]", (option, event) => {
  event.preventDefault();
  option.dispatchEvent(new Event("chosen", { bubbles: true }));
});
