// Unpack the Chromium of @sparticuz/chromium below TMPDIR: the program, fonts, and libraries that a small machine lacks.
import { fileURLToPath } from "node:url";
import chromium, { inflate } from "@sparticuz/chromium";

await chromium.executablePath();
await inflate(fileURLToPath(new URL("../bin/al2023.tar.br", import.meta.resolve("@sparticuz/chromium"))));
