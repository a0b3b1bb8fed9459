import { behaviour } from ".";

/**
 * `<input data-suggest="/customers/tags/">`: words that are there already are offered while one types; of several with
 * commas between them, for the last one. The list is the browser's own, so keys and screen readers know it.
 */
const pause = 120;
const commas = /[,，、;；]/;
let made = 0;

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
      const address = `${input.dataset["suggest"] ?? ""}?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { words } = (await answer.json()) as { words: string[] };
      list.replaceChildren(...words.map((word) => new Option(word, before + word)));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  };
  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), pause);
  });
});
