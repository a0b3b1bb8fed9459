import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

const favicon = new URL("./favicon.svg", import.meta.url).pathname;
const library = new URL("../node_modules/@tabler/icons/icons/", import.meta.url).pathname;

/** Names that stand right after the word `icon` in templates and Python: `{% icon "phone" %}`, `icon="phone"`. */
const mention = /\bicon(?::\s*str)?\s*[=(]?\s*["']([a-z0-9-]+)["']/g;

function mentioned(source: string): string[] {
  const names = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!/\.(html|py)$/.test(file) || file.includes("tests/")) continue;
    for (const match of readFileSync(join(source, file), "utf8").matchAll(mention)) {
      if (match[1]) names.add(match[1]);
    }
  }
  return [...names].sort();
}

function symbol(name: string): string {
  const filled = name.endsWith("-filled");
  const file = join(library, filled ? "filled" : "outline", `${name.replace(/-filled$/, "")}.svg`);
  if (!existsSync(file)) throw new Error(`There is no Tabler icon named "${name}"`);
  const shapes = readFileSync(file, "utf8")
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" ?\/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  const paint = filled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${shapes}</symbol>`;
}

/** One SVG sprite of exactly the icons that the product mentions. */
export function icons(source: string): Plugin {
  return {
    name: "zhike-icons",
    buildStart() {
      this.emitFile({ type: "asset", name: "favicon.svg", originalFileName: "favicon.svg", source: readFileSync(favicon) });
      const sprite = mentioned(source).map(symbol).join("\n");
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        originalFileName: "icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">\n${sprite}\n</svg>\n`,
      });
    },
  };
}
