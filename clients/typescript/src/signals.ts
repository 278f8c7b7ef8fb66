/** What a browser tells of itself: whether it has a network, whether the page is seen, and that it is about to go. */

export interface Signals {
  isOnline(): boolean;
  isVisible(): boolean;
  /** Each calls `listener` from now on, and returns what ends that. */
  onOnline(listener: () => void): () => void;
  onVisible(listener: () => void): () => void;
  /** The page may be gone after this, or be kept to come back. */
  onHide(listener: () => void): () => void;
  onReturn(listener: () => void): () => void;
}

/** The browser's own; on a server nothing ever happens. */
export function browserSignals(): Signals {
  const there = typeof window !== "undefined";

  function listen(target: () => EventTarget, event: string, handler: EventListener): () => void {
    if (!there) return () => {};
    target().addEventListener(event, handler);
    return () => target().removeEventListener(event, handler);
  }

  return {
    isOnline: () => !there || navigator.onLine,
    isVisible: () => !there || document.visibilityState === "visible",
    onOnline: (listener) => listen(() => window, "online", listener),
    onVisible: (listener) =>
      listen(
        () => document,
        "visibilitychange",
        () => document.visibilityState === "visible" && listener(),
      ),
    onHide: (listener) => listen(() => window, "pagehide", listener),
    onReturn: (listener) =>
      listen(
        () => window,
        "pageshow",
        (event) => (event as PageTransitionEvent).persisted && listener(),
      ),
  };
}
