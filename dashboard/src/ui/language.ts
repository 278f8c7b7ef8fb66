/** The browser's language where it has no valid one. */

/** Where LANG is C or POSIX, Chromium says "en-US@posix". uPlot hands that to Intl as it is loaded, which refuses it. */
export function ensureValidLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    const { locale } = new Intl.NumberFormat().resolvedOptions();
    Object.defineProperty(navigator, "language", { value: locale, configurable: true });
  }
}
