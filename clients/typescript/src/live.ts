/** Counts as they change, told by the database over Supabase Realtime (supabase/optional/live_counts.sql).
 *
 * What a channel misses is read: when it is joined, and when it is lost. So a page that hears nothing is as right as
 * one that does not listen.
 */

import type { Likes } from "./likes";

/** The part of a Supabase client that is used. */
export interface LiveSource {
  channel(topic: string, options: { config: { private: boolean } }): LiveChannel;
  removeChannel(channel: LiveChannel): unknown;
}

export interface LiveChannel {
  on(type: "broadcast", filter: { event: string }, callback: (message: { payload?: unknown }) => void): LiveChannel;
  subscribe(callback: (status: string, error?: Error) => void): LiveChannel;
}

/** A page that leaves and comes back within this time keeps its channel. */
const LINGER_MS = 1_000;
/** A channel that the server closed is opened again after about this time. */
const REOPEN_MS = 5_000;

interface Watch {
  channel: LiveChannel | null;
  watchers: number;
  timer: ReturnType<typeof setTimeout> | null;
}

export class LiveLikes {
  readonly #source: LiveSource;
  readonly #likes: Likes;
  readonly #watches = new Map<string, Watch>();

  constructor(source: LiveSource, likes: Likes) {
    this.#source = source;
    this.#likes = likes;
  }

  /** Listen for this post. Returns what ends it; the last one to end it leaves the channel. */
  watch(postId: string): () => void {
    let watch = this.#watches.get(postId);
    if (!watch) {
      watch = { channel: null, watchers: 0, timer: null };
      this.#watches.set(postId, watch);
      this.#open(postId, watch);
    }
    watch.watchers += 1;
    if (watch.channel !== null) this.#stopTimer(watch);
    const watched = watch;
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      watched.watchers -= 1;
      if (watched.watchers > 0) return;
      this.#stopTimer(watched);
      watched.timer = setTimeout(() => this.#leave(postId, watched), LINGER_MS);
    };
  }

  #open(postId: string, watch: Watch): void {
    const channel = this.#source.channel(`post:${postId}:likes`, { config: { private: true } });
    watch.channel = channel;
    channel
      .on("broadcast", { event: "likes" }, ({ payload }) => this.#hear(postId, payload))
      .subscribe((status) => {
        if (watch.channel !== channel) return; // it was left
        this.#likes.refresh([postId]);
        if (status === "CLOSED") this.#reopen(postId, watch);
      });
  }

  /** An error is mended by the library, which joins again; a channel that was closed is not. */
  #reopen(postId: string, watch: Watch): void {
    this.#close(watch);
    this.#stopTimer(watch);
    watch.timer = setTimeout(
      () => (watch.watchers > 0 ? this.#open(postId, watch) : this.#leave(postId, watch)),
      REOPEN_MS * (0.5 + Math.random()),
    );
  }

  #hear(postId: string, payload: unknown): void {
    const { likes, version } = (payload ?? {}) as { likes?: unknown; version?: unknown };
    if (Number.isSafeInteger(likes) && Number.isSafeInteger(version)) {
      this.#likes.tell(postId, likes as number, version as number);
    }
  }

  #leave(postId: string, watch: Watch): void {
    this.#watches.delete(postId);
    this.#close(watch);
  }

  #close(watch: Watch): void {
    const { channel } = watch;
    watch.channel = null;
    if (channel !== null) void this.#source.removeChannel(channel);
  }

  #stopTimer(watch: Watch): void {
    if (watch.timer !== null) clearTimeout(watch.timer);
    watch.timer = null;
  }
}
