/** A server, a browser and a storage for the tests of the stores. Time is node:test's. */

import { mock } from "node:test";

import type { Client, Post, Rating } from "../src/client";
import type { TabsChannel } from "../src/likes";
import { ApiError } from "../src/problems";
import type { Signals } from "../src/signals";

export const POST = "01970000-0000-7000-8000-000000000001";
export const OTHER = "01970000-0000-7000-8000-000000000002";

export function startClock(): void {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
}

export function stopClock(): void {
  mock.timers.reset();
}

/** Let so much time pass, in small steps, with all that promises lead to. */
export async function pass(ms: number): Promise<void> {
  const step = ms > 5_000 ? 100 : 10;
  for (let left = ms; ; left -= step) {
    for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    if (left <= 0) return;
    mock.timers.tick(Math.min(step, left));
  }
}

/** Let an hour pass in which nothing happens. */
export function sleepAnHour(): void {
  mock.timers.tick(3_600_000);
}

export function refusal(status: number, retryAfterMs: number | null = null): ApiError {
  return new ApiError(status, { code: "x", message: `answered ${status}` }, retryAfterMs);
}

/** Posts with likes, answered after `delayMs`. `failing` decides about each change: an error, or null to let it be. */
export class Server implements Client {
  readonly likedBy = new Map<string, boolean>();
  readonly others = new Map<string, number>();
  readonly changes: { postId: string; liked: boolean; atMs: number }[] = [];
  readonly reads: (readonly string[])[] = [];
  readonly images = new Map<string, Post["image"]>();
  delayMs = 0;
  underWay = new Map<string, number>();
  mostUnderWay = 0;
  failing: (change: number) => Error | null = () => null;
  /** A change that fails so took place all the same. */
  failsAfterwards = false;
  failingReads: () => Error | null = () => null;

  rating(postId: string): Rating {
    const liked = this.likedBy.get(postId) ?? false;
    return { postId, liked, likes: (this.others.get(postId) ?? 0) + Number(liked) };
  }

  async ratings(postIds: readonly string[]): Promise<readonly Rating[]> {
    this.reads.push(postIds);
    const answer = postIds.map((postId) => this.rating(postId));
    await this.#wait();
    const error = this.failingReads();
    if (error) throw error;
    return answer;
  }

  async setLike(postId: string, liked: boolean): Promise<Rating> {
    this.changes.push({ postId, liked, atMs: Date.now() });
    const error = this.failing(this.changes.length);
    const underWay = (this.underWay.get(postId) ?? 0) + 1;
    this.underWay.set(postId, underWay);
    this.mostUnderWay = Math.max(this.mostUnderWay, underWay);
    if (error === null || this.failsAfterwards) this.likedBy.set(postId, liked);
    const answer = this.rating(postId);
    await this.#wait();
    this.underWay.set(postId, (this.underWay.get(postId) ?? 0) - 1);
    if (error) throw error;
    return answer;
  }

  async postsById(postIds: readonly string[]): Promise<readonly Post[]> {
    this.reads.push(postIds);
    await this.#wait();
    const error = this.failingReads();
    if (error) throw error;
    return postIds
      .filter((id) => this.images.has(id))
      .map((id) => ({
        ...{ id, userId: null, caption: null, imageUrl: "a.png", likes: 0, createdAt: "2026-01-01T00:00:00Z" },
        image: this.images.get(id) ?? null,
      }));
  }

  posts(): never {
    throw new Error("not asked for");
  }

  createPost(): never {
    throw new Error("not asked for");
  }

  async #wait(): Promise<void> {
    if (this.delayMs > 0) await new Promise<void>((resolve) => setTimeout(resolve, this.delayMs));
  }
}

/** A browser that does as it is told. */
export class Browser implements Signals {
  online = true;
  visible = true;
  readonly #listeners = { online: new Set<() => void>(), seen: new Set<() => void>(), hide: new Set<() => void>() };
  readonly #returns = new Set<() => void>();

  isOnline = () => this.online;
  isVisible = () => this.visible;
  onOnline = (listener: () => void) => listen(this.#listeners.online, listener);
  onVisible = (listener: () => void) => listen(this.#listeners.seen, listener);
  onHide = (listener: () => void) => listen(this.#listeners.hide, listener);
  onReturn = (listener: () => void) => listen(this.#returns, listener);

  goOnline(): void {
    this.online = true;
    for (const listener of this.#listeners.online) listener();
  }

  show(): void {
    this.visible = true;
    for (const listener of this.#listeners.seen) listener();
  }

  leavePage(): void {
    for (const listener of this.#listeners.hide) listener();
  }

  comeBack(): void {
    for (const listener of this.#returns) listener();
  }
}

function listen(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export class Storage {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

/** The tabs of one browser, which hear each other but not themselves. */
export class Tabs {
  readonly #open = new Set<EventTarget>();

  join = (): TabsChannel => {
    const own = new EventTarget();
    this.#open.add(own);
    return {
      postMessage: (data: unknown) => {
        for (const tab of this.#open) if (tab !== own) tab.dispatchEvent(new MessageEvent("message", { data }));
      },
      addEventListener: own.addEventListener.bind(own) as TabsChannel["addEventListener"],
      close: () => void this.#open.delete(own),
    };
  };
}
