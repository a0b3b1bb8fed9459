import { on } from ".";
import { htmx } from "../htmx";

/**
 * `<a href="/customers/7/" data-panel>` opens the record beside the list. The address keeps it after `#`, so that a
 * link, reload or Back shows the same; a click with a modifier, or without room, follows the link as usual.
 */
let opener: HTMLElement | null = null;

function panel(): HTMLElement | null {
  return document.getElementById("zk-panel");
}

export function addressInHash(): string | null {
  const { hash } = window.location;
  return hash.startsWith("#/") && !hash.startsWith("#//") ? hash.slice(1) : null;
}

function markOpenRow(address: string | null): void {
  for (const row of document.querySelectorAll("[data-panel-row]")) row.removeAttribute("data-panel-row");
  if (!address) return;
  const link = document.querySelector<HTMLElement>(`a[data-panel][href="${CSS.escape(address.split("?")[0] ?? "")}"]`);
  link?.closest("tr, li")?.setAttribute("data-panel-row", "");
}

async function show(address: string): Promise<void> {
  const aside = panel();
  const body = aside?.querySelector<HTMLElement>("#zk-panel-body");
  if (!aside || !body) return;
  aside.hidden = false;
  document.documentElement.classList.add("zk-has-panel");
  aside.querySelector<HTMLAnchorElement>("[data-panel-full]")?.setAttribute("href", address);
  markOpenRow(address);
  await htmx.ajax("get", address, { target: body, swap: "innerHTML" });
  const heading = body.querySelector<HTMLElement>("h1, h2, [data-panel-title]");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    aside.setAttribute("aria-label", heading.textContent?.trim() ?? "");
  }
}

function hide(): void {
  const aside = panel();
  if (!aside || aside.hidden) return;
  aside.hidden = true;
  aside.querySelector("#zk-panel-body")?.replaceChildren();
  document.documentElement.classList.remove("zk-has-panel");
  markOpenRow(null);
  opener?.focus({ preventScroll: true });
  opener = null;
}

function follow(): void {
  const address = addressInHash();
  if (address) void show(address);
  else hide();
}

function leave(): void {
  history.pushState(null, "", window.location.pathname + window.location.search);
  hide();
}

on("click", "a[data-panel]", (link, event) => {
  const mouse = event as MouseEvent;
  if (mouse.button !== 0 || mouse.metaKey || mouse.ctrlKey || mouse.shiftKey || event.defaultPrevented) return;
  if (!panel() || !window.matchMedia("(min-width: 769px)").matches) return;
  event.preventDefault();
  opener = link;
  const address = link.getAttribute("href") ?? "";
  history.pushState(null, "", `#${address}`);
  void show(address);
});

on("click", "[data-panel-close]", leave);
document.addEventListener("panelClose", (event) => {
  leave();
  // What the answer says next would be said to a button that went away with the panel.
  if (event.target instanceof Node && !event.target.isConnected) {
    document.body.dispatchEvent(new CustomEvent("recordsChanged", { bubbles: true }));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || panel()?.hidden !== false) return;
  if (document.querySelector("dialog[open]") || document.activeElement?.closest("[data-edit-form]")) return;
  event.preventDefault();
  leave();
});

window.addEventListener("popstate", follow);
if (addressInHash()) follow();
