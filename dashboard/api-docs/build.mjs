// Puts the page of the API's description together: node api-docs/build.mjs [FOLDER], ../public/docs unless said.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const target = process.argv[2] ?? join(import.meta.dirname, "../../public/docs");
const viewer = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "LICENSE", "NOTICE"]) {
  copyFileSync(join(viewer, name), join(target, name));
}
for (const name of ["index.html", "start.js"]) {
  copyFileSync(join(import.meta.dirname, name), join(target, name));
}
