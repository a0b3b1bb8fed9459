import { on } from ".";
import { htmx } from "../htmx";

/** `<section data-record-panel hx-get>`: one that cannot be loaded says so, and leaves the page standing. */
function fail(event: Event): void {
  const panel = event.target;
  if (!(panel instanceof HTMLElement) || !panel.matches("[data-record-panel]")) return;
  const said = document.querySelector<HTMLTemplateElement>("#zk-panel-failed");
  const body = panel.querySelector<HTMLElement>(".card-body");
  if (!said || !body) return;
  body.removeAttribute("aria-busy");
  body.classList.remove("zk-panel-waits");
  body.replaceChildren(said.content.cloneNode(true));
}

for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, fail);

on("click", "[data-print]", () => window.print());

on("click", "[data-panel-again]", (button) => {
  const panel = button.closest<HTMLElement>("[data-record-panel]");
  if (!panel) return;
  button.setAttribute("aria-busy", "true");
  htmx.trigger(panel, "panelAgain", {});
});
