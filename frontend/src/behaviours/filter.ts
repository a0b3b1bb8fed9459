/**
 * The filter editor comes anew from the server while people go on typing: what was typed since it was asked for is put
 * into the new one.
 */
const place = "zk-filter";
let asked = new Map<string, string>();
let since = new Map<string, string>();

function typed(): Map<string, string> {
  const fields = document.querySelectorAll<HTMLInputElement>(`#${place} input[id]:not([type=checkbox])`);
  return new Map([...fields].map((field) => [field.id, field.value]));
}

function isOurs(event: Event): boolean {
  const { detail } = event as CustomEvent<{ target?: Element }>;
  return detail.target?.id === place;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isOurs(event)) asked = typed();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isOurs(event)) since = new Map([...typed()].filter(([id, value]) => asked.get(id) !== value));
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!isOurs(event)) return;
  for (const [id, value] of since) {
    const field = document.getElementById(id);
    if (!(field instanceof HTMLInputElement)) continue;
    field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  since.clear();
});
