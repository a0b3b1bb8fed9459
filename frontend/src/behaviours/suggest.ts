import { behaviour } from ".";
import { csrfToken } from "../csrf";

/**
 * `<input data-suggest="/customers/tags/">`: words that are there already are offered while one types; of several with
 * commas between them, for the last one. The list is the browser's own, so keys and screen readers know it. With
 * `data-suggest-kind` they are names of records, which stand in no address.
 */
const pause = 120;
const commas = /[,，、;；]/;
let made = 0;

function request(input: HTMLInputElement, typed: string, signal: AbortSignal): [string, RequestInit] {
  const { suggest: address = "", suggestKind: kind } = input.dataset;
  const headers = { Accept: "application/json" };
  if (kind === undefined) return [`${address}?q=${encodeURIComponent(typed)}`, { signal, headers }];
  const body = new URLSearchParams({ q: typed, kind });
  return [address, { signal, method: "POST", body, headers: { ...headers, "X-CSRFToken": csrfToken() } }];
}

behaviour("input[data-suggest]", (element) => {
  const input = element as HTMLInputElement;
  const list = document.createElement("datalist");
  list.id = `zk-suggest-${++made}`;
  input.after(list);
  input.setAttribute("list", list.id);
  let timer = 0;
  let asked: AbortController | null = null;

  const ask = async () => {
    const parts = input.value.split(commas);
    const typed = (parts.pop() ?? "").trim();
    const before = input.value.slice(0, input.value.length - (input.value.split(commas).pop() ?? "").length);
    asked?.abort();
    if (!typed) {
      list.replaceChildren();
      return;
    }
    asked = new AbortController();
    try {
      const answer = await fetch(...request(input, typed, asked.signal));
      if (!answer.ok) return;
      const { words } = (await answer.json()) as { words: string[] };
      // Browsers leave out what does not hold what was typed, such as a name that was typed as it is read.
      const said = (word: string) => (word.includes(typed) ? word : `${word} (${typed})`);
      list.replaceChildren(...words.map((word) => new Option(said(word), before + word)));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  };
  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), pause);
  });
});
