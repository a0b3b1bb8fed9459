import { defineConfig } from "vite";

import { icons } from "./tools/icons.ts";
import { trimTabler } from "./tools/trim-tabler.ts";

const built = new URL("../src/zhike/ui/static/ui/", import.meta.url).pathname;
const source = new URL("../src/zhike/", import.meta.url).pathname;

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [icons(source), trimTabler()],
  build: {
    outDir: built,
    emptyOutDir: true,
    manifest: "manifest.json",
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { main: "src/main.ts", error: "src/css/error.css" },
      onwarn(warning, warn) {
        // htmx carries an eval for its hx-on attributes; `allowEval: false` and the CSP keep it from ever running.
        if (warning.code === "EVAL" && warning.message.includes("htmx")) return;
        warn(warning);
      },
    },
  },
});
