/** Whose likes these are: an id of this browser, kept in localStorage.
 *
 * It is a secret: whoever has it can like in its name. So it is random, and is sent in a header, never in a URL.
 */

const KEY = "suplatzigram:session";

/** The part of Storage that is used. */
export type KeptText = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** localStorage, or null where there is none: on a server, or where the browser refuses it. */
export function browserStorage(): KeptText | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

/** 32 hexadecimal digits of the system's randomness. */
export function newSessionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface KeptSession {
  (): string;
  /** The server refuses this id: make another one, unless another tab did. */
  replace(refused: string): void;
}

/**
 * Return a function that answers with the browser's session id, made at its first call. `key`: where the app keeps one.
 *
 * It is read from the storage each time: of two tabs that make one at the same moment, both go on with the one that
 * was stored last. Where nothing can be stored the id lasts as long as the page.
 */
export function keptSession(storage: KeptText | null = browserStorage(), key: string = KEY): KeptSession {
  let own: string | null = null;
  const session = () => {
    try {
      const kept = storage?.getItem(key);
      if (kept) return kept;
      storage?.setItem(key, (own ??= newSessionId()));
      return storage?.getItem(key) || own || (own = newSessionId());
    } catch {
      return (own ??= newSessionId());
    }
  };
  const replace = (refused: string) => {
    try {
      if (session() === refused) storage?.setItem(key, newSessionId());
    } catch {
      // The storage refuses: the id stays, and with it the server's refusal.
    }
  };
  return Object.assign(session, { replace });
}
