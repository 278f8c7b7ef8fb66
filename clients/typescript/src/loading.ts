/** Reading many posts' likes in few calls: what is asked for within a moment goes out together. */

import { MAX_POSTS, type Client, type Rating } from "./client";
import { isTemporary, retryAfterMs } from "./problems";

/** Posts that are asked for within this time share a call. */
const GATHER_MS = 10;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** Takes what became of a call: its ratings, or why there are none. */
export type Loaded = (answer: readonly Rating[] | Error) => void;

export class Loader {
  readonly #client: Client;
  readonly #isOnline: () => boolean;
  readonly #started: (postIds: readonly string[]) => Loaded;
  readonly #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;

  /** `started` is told of each call as it begins, and returns what takes its answer. */
  constructor(client: Client, isOnline: () => boolean, started: (postIds: readonly string[]) => Loaded) {
    this.#client = client;
    this.#isOnline = isOnline;
    this.#started = started;
  }

  /** Ask for these posts, soon. */
  ask(postIds: Iterable<string>): void {
    for (const postId of postIds) this.#wanted.add(postId);
    if (this.#wanted.size > 0 && this.#timer === null) this.#schedule(GATHER_MS);
  }

  /** Ask no more for this post. */
  drop(postId: string): void {
    this.#wanted.delete(postId);
  }

  /** The network is back: do not wait any longer. */
  hurry(): void {
    if (this.#wanted.size > 0) this.#schedule(GATHER_MS);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted.clear();
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isOnline()) this.#load();
    }, delayMs);
  }

  #load(): void {
    const all = [...this.#wanted];
    this.#wanted.clear();
    for (let first = 0; first < all.length; first += MAX_POSTS) void this.#call(all.slice(first, first + MAX_POSTS));
  }

  async #call(postIds: readonly string[]): Promise<void> {
    const loaded = this.#started(postIds);
    try {
      const ratings = await this.#client.ratings(postIds);
      this.#failures = 0;
      loaded(ratings);
    } catch (error) {
      if (!isTemporary(error)) return loaded(error as Error);
      for (const postId of postIds) this.#wanted.add(postId);
      const backoffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      this.#schedule(retryAfterMs(error) ?? backoffMs * (0.5 + Math.random() / 2));
    }
  }
}
