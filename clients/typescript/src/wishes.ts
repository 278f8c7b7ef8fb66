/** Likes that a page could not send before it went: kept for the next page, which sends them.
 *
 * A wish is what a post's button was left at, so sending one again does no harm.
 */

import type { KeptText } from "./session";

const KEY = "suplatzigram:wishes";
/** For how long one is kept that could not be sent at all. */
export const UNSENT_MS = 24 * 60 * 60 * 1000;
/** And one that was sent as the page went: the next page may read before it arrives, so it says it once more. */
export const SENT_MS = 10_000;

interface Wish {
  readonly liked: boolean;
  /** When it is forgotten, in milliseconds since 1970: by then somebody may have changed their mind elsewhere. */
  readonly until: number;
}

export class SavedWishes {
  readonly #storage: KeptText | null;
  readonly #key: string;

  constructor(storage: KeptText | null, key: string = KEY) {
    this.#storage = storage;
    this.#key = key;
  }

  /** Add wishes, by post, to those that are kept. */
  save(wishes: ReadonlyMap<string, Wish>, nowMs: number): void {
    if (wishes.size > 0) this.#write(new Map([...this.#read(nowMs), ...wishes]));
  }

  /** Return the wishes and keep them no longer. */
  take(nowMs: number): ReadonlyMap<string, boolean> {
    const kept = this.#read(nowMs);
    if (kept.size > 0) this.#write(new Map());
    return new Map([...kept].map(([postId, wish]) => [postId, wish.liked]));
  }

  /** Forget one: somebody clicked again, here or in another tab. */
  forget(postId: string, nowMs: number): void {
    const kept = this.#read(nowMs);
    if (kept.delete(postId)) this.#write(kept);
  }

  #read(nowMs: number): Map<string, Wish> {
    const wishes = new Map<string, Wish>();
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "{}");
      for (const [postId, wish] of Object.entries(kept ?? {}) as [string, Partial<Wish> | null][]) {
        if (typeof wish?.liked !== "boolean" || typeof wish.until !== "number") continue;
        const isInTime = nowMs < wish.until && wish.until <= nowMs + UNSENT_MS;
        if (isInTime) wishes.set(postId, { liked: wish.liked, until: wish.until });
      }
    } catch {
      // Nothing can be read, or it is not ours: then nothing was kept.
    }
    return wishes;
  }

  #write(wishes: ReadonlyMap<string, Wish>): void {
    try {
      if (wishes.size === 0) this.#storage?.removeItem(this.#key);
      else this.#storage?.setItem(this.#key, JSON.stringify(Object.fromEntries(wishes)));
    } catch {
      // The storage is full or refused: the wishes end with the page.
    }
  }
}
