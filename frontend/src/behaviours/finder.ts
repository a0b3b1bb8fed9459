import { behaviour, on } from ".";
import { htmx } from "../htmx";

/**
 * The search box over everything: `[data-finder-open]` opens it. What is typed is asked for after a short pause; a
 * further keystroke takes back the question before it. The arrows choose, Enter opens.
 */
const pause = 90;

function box(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("#zk-finder");
}

behaviour("[data-finder-open]", (link) => {
  const keys = link.querySelector("kbd");
  if (keys && /Mac|iPhone|iPad/.test(navigator.platform)) keys.textContent = "⌘K";
});

on("click", "[data-finder-open]", (link, event) => {
  const mouse = event as MouseEvent;
  const dialog = box();
  const input = dialog?.querySelector<HTMLInputElement>("[data-finder-input]");
  if (!dialog || !input || mouse.metaKey || mouse.ctrlKey || mouse.shiftKey) return;
  event.preventDefault();
  if (dialog.open) return;
  dialog.showModal();
  input.value = link.dataset["finderTyped"] ?? "";
  input.focus();
  input.select();
  htmx.trigger(input, "find", {});
});

behaviour("#zk-finder", (element) => {
  const dialog = element as HTMLDialogElement;
  const input = dialog.querySelector<HTMLInputElement>("[data-finder-input]");
  const list = dialog.querySelector<HTMLElement>("#zk-finder-list");
  const status = dialog.querySelector<HTMLElement>("[data-finder-status]");
  if (!input || !list) return;
  let timer = 0;
  // What the list answers; Enter waits until it answers what stands in the field.
  let answered: string | null = null;
  let opensFirst = false;

  const options = () => [...list.querySelectorAll<HTMLAnchorElement>('[role="option"]')];
  const chosen = () => list.querySelector<HTMLAnchorElement>('[aria-selected="true"]');

  const choose = (option: HTMLAnchorElement | undefined) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const ask = () => {
    htmx.trigger(input, "htmx:abort", {});
    window.clearTimeout(timer);
    timer = window.setTimeout(() => htmx.trigger(input, "find", {}), pause);
  };

  const say = (count: number) => {
    if (!status) return;
    const { one, many, none } = status.dataset;
    status.textContent = (count === 0 ? none : count === 1 ? one : many?.replace("{count}", String(count))) ?? "";
  };

  input.addEventListener("input", (event) => {
    opensFirst = false;
    // An input method is still at work; what it settles on comes with compositionend.
    if (!(event as InputEvent).isComposing) ask();
  });
  input.addEventListener("compositionend", ask);
  input.addEventListener("htmx:beforeRequest", () => list.setAttribute("aria-busy", "true"));

  list.addEventListener("htmx:afterSwap", () => {
    list.removeAttribute("aria-busy");
    answered = input.value;
    const found = options();
    for (const [at, option] of found.entries()) option.id = `zk-found-option-${at}`;
    choose(input.value.trim() ? found[0] : undefined);
    say(found.length);
    list.scrollTop = 0;
    if (opensFirst) found[0]?.click();
    opensFirst = false;
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = options();
      const now = chosen();
      const at = now ? all.indexOf(now) : -1;
      const down = event.key === "ArrowDown";
      choose(all[at < 0 ? (down ? 0 : all.length - 1) : (at + (down ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (answered === input.value) chosen()?.click();
      else opensFirst = true;
    } else if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      input.select();
    }
  });

  list.addEventListener("pointermove", (event) => {
    const option = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('[role="option"]') : null;
    if (option && option !== chosen()) choose(option);
  });

  dialog.addEventListener("close", () => {
    window.clearTimeout(timer);
    htmx.trigger(input, "htmx:abort", {});
    list.replaceChildren();
    answered = null;
  });
});
