/** Short messages of what was done, with an undo where there is one. Read out by screen readers. */

import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { Icon } from "./icons";
import { Button } from "./parts";

const SHOWN_MS = 8_000;

interface Toast {
  id: number;
  text: ReactNode;
  bad: boolean;
  undo: (() => void) | undefined;
}

interface Toasts {
  say(text: ReactNode, undo?: () => void): void;
  complain(text: ReactNode): void;
}

const ToastContext = createContext<Toasts>({ say: () => undefined, complain: () => undefined });

export function useToasts(): Toasts {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Toast[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setShown((toasts) => toasts.filter((toast) => toast.id !== id)), []);
  const show = useCallback(
    (text: ReactNode, bad: boolean, undo?: () => void) => {
      const id = next.current++;
      setShown((toasts) => [...toasts.slice(-2), { id, text, bad, undo }]);
      setTimeout(() => drop(id), bad ? SHOWN_MS * 2 : SHOWN_MS);
    },
    [drop],
  );
  const value = useMemo<Toasts>(
    () => ({ say: (text, undo) => show(text, false, undo), complain: (text) => show(text, true) }),
    [show],
  );
  return (
    <ToastContext value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((toast) => (
          <div key={toast.id} className={`toast ${toast.bad ? "bad" : ""}`}>
            <Icon name={toast.bad ? "warn" : "check"} />
            <span>{toast.text}</span>
            {toast.undo && (
              <Button
                kind="quiet"
                onClick={() => {
                  toast.undo?.();
                  drop(toast.id);
                }}
              >
                Undo
              </Button>
            )}
            <button type="button" className="bare" aria-label="Dismiss" onClick={() => drop(toast.id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
