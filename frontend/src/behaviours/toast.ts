import { behaviour, on } from ".";
import { csrfToken } from "../csrf";
import { text } from "../strings";

export interface Toast {
  message: string;
  tone?: "info" | "success" | "warning" | "danger";
  /** Address that takes the last change back when posted to. */
  undoUrl?: string;
}

const shownFor = 6000;
const shownWithUndoFor = 12000;
/** More would hide what they are about, on a phone above all: the oldest leave, but for errors. */
const mostShown = 3;

function template(): HTMLTemplateElement | null {
  return document.querySelector<HTMLTemplateElement>("#zk-toast-template");
}

export function toast({ message, tone = "info", undoUrl }: Toast): void {
  const copy = template()?.content.cloneNode(true) as DocumentFragment | undefined;
  const element = copy?.querySelector<HTMLElement>("[data-toast]");
  const region = document.getElementById("zk-toasts");
  if (!copy || !element || !region) return;
  element.dataset["tone"] = tone;
  const words = element.querySelector("[data-toast-text]");
  if (words) words.textContent = message;
  const button = element.querySelector<HTMLButtonElement>("[data-toast-undo]");
  if (button) {
    button.hidden = !undoUrl;
    if (undoUrl) button.dataset["toastUndo"] = undoUrl;
  }
  region.append(copy);
  leaveInTime(element);
  const leaving = [...region.querySelectorAll<HTMLElement>("[data-toast]:not([data-tone=danger])")];
  for (const one of leaving.slice(0, -mostShown)) one.remove();
}

function leaveInTime(element: HTMLElement): void {
  const hasUndo = Boolean(element.querySelector<HTMLElement>("[data-toast-undo]:not([hidden])"));
  // An error stays until it is read and dismissed.
  if (element.dataset["tone"] === "danger") return;
  let timer = 0;
  const start = () => {
    timer = window.setTimeout(() => element.remove(), hasUndo ? shownWithUndoFor : shownFor);
  };
  const stop = () => window.clearTimeout(timer);
  for (const type of ["mouseenter", "focusin"]) element.addEventListener(type, stop);
  for (const type of ["mouseleave", "focusout"]) element.addEventListener(type, start);
  start();
}

async function takeBack(button: HTMLElement): Promise<void> {
  const address = button.dataset["toastUndo"];
  if (!address) return;
  const answer = await fetch(address, {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true", "HX-Current-URL": window.location.href },
  });
  button.closest("[data-toast]")?.remove();
  // The regions of the page that show what was taken back listen to these and renew themselves.
  const told = answer.headers.get("HX-Trigger");
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) window.location.assign(elsewhere);
  else if (told) {
    for (const [name, detail] of Object.entries(JSON.parse(told) as Record<string, unknown>)) {
      document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
    }
  } else if (answer.ok) window.location.reload();
  else toast({ message: text("failed"), tone: "danger" });
}

behaviour("#zk-toasts [data-toast]", leaveInTime);
on("click", "[data-toast-close]", (button) => button.closest("[data-toast]")?.remove());
on("click", "[data-toast-undo]", (button) => void takeBack(button));
document.addEventListener("toast", (event) => {
  const { detail } = event as CustomEvent<Toast | { value: string }>;
  toast("value" in detail ? { message: detail.value } : detail);
});
