/** Waiting for the images of new posts, which a job makes a moment later: all of a page's in one call. */

import { type Client, MAX_POSTS, type PostImage } from "./client";
import { isTemporary, retryAfterMs } from "./problems";
import { browserSignals, type Signals } from "./signals";

export interface ImagesOptions {
  /** How long to wait for an image: the worker comes each minute, and tries again what failed. */
  readonly giveUpAfterMs?: number;
  readonly signals?: Signals;
}

/** `image` is null until it is there. `gaveUp`: it did not come in time. */
export interface WaitedImage {
  readonly image: PostImage | null;
  readonly gaveUp: boolean;
}

const WAITING: WaitedImage = Object.freeze({ image: null, gaveUp: false });
const FIRST_LOOK_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

interface Entry {
  state: WaitedImage;
  waitsUntilMs: number;
  readonly listeners: Set<() => void>;
}

export class Images {
  readonly #client: Client;
  readonly #options: ImagesOptions;
  readonly #signals: Signals;
  readonly #entries = new Map<string, Entry>();
  readonly #endings: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseMs = FIRST_LOOK_MS;

  constructor(client: Client, options: ImagesOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#signals = options.signals ?? browserSignals();
  }

  get(postId: string): WaitedImage {
    return this.#entries.get(postId)?.state ?? WAITING;
  }

  /** Wait for the image of this post, and call `listener` when something changed. Returns what ends it. */
  subscribe(postId: string, listener: () => void): () => void {
    this.#start();
    let entry = this.#entries.get(postId);
    if (!entry) {
      entry = { state: WAITING, waitsUntilMs: this.#waitsUntilMs(), listeners: new Set() };
      this.#entries.set(postId, entry);
    }
    entry.listeners.add(listener);
    if (isWaiting(entry)) this.#lookSoon();
    const { listeners } = entry;
    return () => void listeners.delete(listener);
  }

  /** Wait once more for what did not come. */
  retry(postId: string): void {
    const entry = this.#entries.get(postId);
    if (!entry?.state.gaveUp) return;
    entry.waitsUntilMs = this.#waitsUntilMs();
    this.#change(entry, WAITING);
    this.#lookSoon();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const end of this.#endings.splice(0)) end();
  }

  #start(): void {
    if (this.#endings.length > 0) return;
    this.#endings.push(
      this.#signals.onOnline(() => this.#lookSoon()),
      this.#signals.onVisible(() => this.#lookSoon()),
    );
  }

  #waitsUntilMs(): number {
    return Date.now() + (this.#options.giveUpAfterMs ?? 600_000);
  }

  #lookSoon(): void {
    this.#pauseMs = FIRST_LOOK_MS;
    this.#schedule(this.#pauseMs);
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // A page that nobody sees, or without a network, looks again when that changes.
      if (this.#signals.isOnline() && this.#signals.isVisible()) void this.#look();
    }, delayMs);
  }

  async #look(): Promise<void> {
    const waiting = [...this.#entries].filter(([, entry]) => isWaiting(entry)).map(([postId]) => postId);
    if (waiting.length === 0) return;
    let askedToWaitMs = 0;
    for (let first = 0; first < waiting.length; first += MAX_POSTS) {
      const postIds = waiting.slice(first, first + MAX_POSTS);
      try {
        this.#learn(postIds, await this.#client.postsById(postIds));
      } catch (error) {
        if (!isTemporary(error)) this.#giveUp(postIds);
        askedToWaitMs = Math.max(askedToWaitMs, retryAfterMs(error) ?? 0);
      }
    }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 1.5);
    if (this.#timer === null) this.#schedule(Math.max(askedToWaitMs, this.#pauseMs));
  }

  #learn(postIds: readonly string[], posts: Awaited<ReturnType<Client["postsById"]>>): void {
    const found = new Map(posts.map((post) => [post.id, post]));
    for (const postId of postIds) {
      const entry = this.#entries.get(postId);
      const post = found.get(postId);
      if (!entry) continue;
      if (post?.image) this.#change(entry, { image: post.image, gaveUp: false });
      else if (Date.now() >= entry.waitsUntilMs) this.#giveUp([postId]);
    }
  }

  #giveUp(postIds: readonly string[]): void {
    for (const postId of postIds) {
      const entry = this.#entries.get(postId);
      if (entry) this.#change(entry, { image: null, gaveUp: true });
    }
  }

  #change(entry: Entry, state: WaitedImage): void {
    entry.state = state;
    for (const listener of [...entry.listeners]) listener();
  }
}

function isWaiting(entry: Entry): boolean {
  return entry.listeners.size > 0 && entry.state.image === null && !entry.state.gaveUp;
}
