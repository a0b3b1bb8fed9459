// Writes .br and .gz beside every built file, so that the server never compresses at run time.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const built = new URL("../../src/zhike/ui/static/ui/", import.meta.url).pathname;
const sizes = [];
for (const name of readdirSync(built, { recursive: true })) {
  const file = join(built, name);
  if (!statSync(file).isFile() || !/\.(js|css|svg|json)$/.test(file)) continue;
  const content = readFileSync(file);
  const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(`${file}.br`, brotli);
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  sizes.push(`${(brotli.length / 1024).toFixed(1).padStart(7)} kB br  ${name}`);
}
process.stdout.write(`${sizes.sort().reverse().join("\n")}\n`);
