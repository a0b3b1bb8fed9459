type Strings = Record<string, string>;

const source = document.getElementById("zk-strings");
const strings = (source?.textContent ? JSON.parse(source.textContent) : {}) as Strings;

/** A sentence that Django translated into the page. `{name}` places are filled in. */
export function text(key: string, values: Record<string, string | number> = {}): string {
  return (strings[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
