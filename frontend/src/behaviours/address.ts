import { addressInHash } from "./panel";

/**
 * `<a data-address="kind until" hx-get>`, `<form data-address>`: what a part of the page shows stands in the address, so
 * that reload, Back and a link to a colleague show the same. Named is what the part says; the rest of the address stays.
 */
function said(element: HTMLElement): URLSearchParams {
  if (!(element instanceof HTMLFormElement)) {
    return new URL(element.getAttribute("href") ?? "", window.location.href).searchParams;
  }
  const sent = element.method === "get" ? new FormData(element) : new FormData();
  return new URLSearchParams([...sent].map(([name, value]) => [name, String(value)]));
}

function put(address: URL, names: string[], values: URLSearchParams): string {
  for (const name of names) {
    const value = values.get(name);
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  return address.pathname + address.search;
}

function whole(): string {
  return window.location.pathname + window.location.search;
}

let shown = whole();

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = (event as CustomEvent<{ xhr: XMLHttpRequest; requestConfig: { elt: HTMLElement } }>)
    .detail;
  const { elt } = requestConfig;
  const names = elt.dataset["address"]?.split(" ");
  if (!names || xhr.status !== 200) return;
  const beside = elt.closest("#zk-panel") ? addressInHash() : null;
  const before = beside ?? whole();
  const after = put(new URL(before, window.location.origin), names, said(elt));
  if (after === before) return;
  history.pushState(null, "", beside ? `#${after}` : after);
  if (beside) document.querySelector("[data-panel-full]")?.setAttribute("href", after);
  else shown = after;
});

window.addEventListener("popstate", () => {
  if (whole() !== shown) window.location.reload();
});
