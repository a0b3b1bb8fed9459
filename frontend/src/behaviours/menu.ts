import { on } from ".";

/** `<button data-menu aria-controls="id" aria-expanded="false">` opens the menu with that id. */
function menuOf(button: HTMLElement): HTMLElement | null {
  return document.getElementById(button.getAttribute("aria-controls") ?? "");
}

function close(button: HTMLElement, giveFocusBack = false): void {
  const menu = menuOf(button);
  if (menu) menu.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (giveFocusBack) button.focus();
}

function openButtons(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-menu][aria-expanded="true"]')];
}

function entries(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("a[href], button:not([disabled]), input")];
}

/** Opens to the left where the menu would leave the window on the right, and scrolls where it would leave it below. */
function place(menu: HTMLElement): void {
  menu.classList.remove("zk-menu--start");
  if (menu.getBoundingClientRect().left < 0) menu.classList.add("zk-menu--start");
  menu.scrollIntoView({ block: "nearest", inline: "nearest" });
}

on("click", "[data-menu]", (button) => {
  const menu = menuOf(button);
  if (!menu) return;
  const opens = menu.hidden;
  for (const other of openButtons()) close(other);
  if (!opens) return;
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  place(menu);
  entries(menu)[0]?.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  for (const button of openButtons()) {
    const inside = event.target instanceof Node && (button.contains(event.target) || menuOf(button)?.contains(event.target));
    if (!inside) close(button);
  }
});

document.addEventListener("keydown", (event) => {
  const [button] = openButtons();
  const menu = button && menuOf(button);
  if (!button || !menu) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopImmediatePropagation();
    close(button, true);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const all = entries(menu);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    all[(at + step + all.length) % all.length]?.focus();
  } else if (event.key === "Tab") {
    close(button);
  }
});
