import { isTyping, on } from ".";

/**
 * `data-key="g c"` on a link, button or field: the keys press or focus it. `data-key-label` names it in the help
 * that `?` opens. Letters only count outside fields.
 */
const pause = 1200;
let typed = "";
let typedAt = 0;

function holders(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-key]")];
}

function press(element: HTMLElement): void {
  if (isTyping(element)) {
    element.focus();
    if (element instanceof HTMLInputElement) element.select();
  } else {
    element.click();
  }
}

function isShown(element: HTMLElement): boolean {
  return element.checkVisibility();
}

function labelOf(element: HTMLElement): string {
  return element.dataset["keyLabel"] ?? element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "";
}

function showHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#zk-keys");
  const list = dialog?.querySelector("[data-keys-list]");
  if (!dialog || !list || dialog.open) return;
  const seen = new Set<string>();
  for (const old of list.querySelectorAll("[data-keys-found]")) old.remove();
  const general = list.firstElementChild;
  for (const element of holders()) {
    const keys = element.dataset["key"] ?? "";
    if (seen.has(keys)) continue;
    seen.add(keys);
    const row = document.createElement("div");
    row.dataset["keysFound"] = "";
    const keysCell = document.createElement("dt");
    for (const key of keys.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keysCell.append(cap, " ");
    }
    const label = document.createElement("dd");
    label.textContent = labelOf(element);
    row.append(keysCell, label);
    list.insertBefore(row, general);
  }
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    const search = document.querySelector<HTMLElement>('[data-key="/"]');
    if (search && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      press(search);
    }
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    showHelp();
    return;
  }
  if (event.key.length !== 1) return;
  const now = performance.now();
  typed = now - typedAt < pause && typed ? `${typed} ${event.key}` : event.key;
  typedAt = now;
  for (const keys of [typed, event.key]) {
    const found = holders().filter((element) => element.dataset["key"] === keys);
    const element = found.find(isShown) ?? found.find((one) => one instanceof HTMLAnchorElement);
    if (!element) continue;
    event.preventDefault();
    typed = "";
    press(element);
    return;
  }
});

on("keydown", "input[data-key]", (field, event) => {
  if (event.key === "Escape") field.blur();
});

on("click", "[data-keys-open]", showHelp);
on("click", "[data-dialog-close]", (button) => button.closest("dialog")?.close());
on("click", "[data-dialog-open]", (button) => {
  document.querySelector<HTMLDialogElement>(`#${button.dataset["dialogOpen"] ?? ""}`)?.showModal();
});
on("click", "dialog", (dialog, event) => {
  // A click on the backdrop has the dialog itself as its target.
  if (event.target === dialog) (dialog as HTMLDialogElement).close();
});
