// Unpacks the Chromium that the npm package brings into the folder TMPDIR names, and prints where the program lies.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.argv[2] + "/");
const { default: chromium, inflate } = await import(pathToFileURL(require.resolve("@sparticuz/chromium")).href);
const path = await chromium.executablePath();
// shared libraries for machines that lack them (NSS and its relatives)
const { dirname, join } = await import("node:path");
await inflate(join(dirname(require.resolve("@sparticuz/chromium")), "..", "bin", "al2023.tar.br"));
console.log(path);
