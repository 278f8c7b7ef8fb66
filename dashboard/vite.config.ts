import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/admin/queue/",
  plugins: [react()],
  build: {
    outDir: "../public/admin/queue",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy allows no data: for fonts or styles, and small files compress well as they are.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
