/** Light or dark: what the system says, until one chooses. The choice is kept by the browser. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

export type Theme = "light" | "dark";
const KEY = "queue-theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");

interface Themed {
  theme: Theme;
  toggle(): void;
}

const ThemeContext = createContext<Themed>({ theme: "light", toggle: () => undefined });

export function useTheme(): Themed {
  return useContext(ThemeContext);
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [chosen, setChosen] = useState<Theme | null>(stored);
  const [system, setSystem] = useState<Theme>(DARK.matches ? "dark" : "light");
  useEffect(() => {
    const follow = () => setSystem(DARK.matches ? "dark" : "light");
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, []);
  const theme = chosen ?? system;
  const value = useMemo(
    () => ({
      theme,
      toggle: () => {
        const next = theme === "dark" ? "light" : "dark";
        setChosen(next);
        keep(next);
        document.documentElement.dataset.theme = next;
      },
    }),
    [theme],
  );
  return <ThemeContext value={value}>{children}</ThemeContext>;
}

/** Set the kept choice before anything is drawn. */
export function applyStoredTheme(): void {
  const theme = stored();
  if (theme) {
    document.documentElement.dataset.theme = theme;
  }
}

function stored(): Theme | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null; // storage is switched off: the system decides
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}
