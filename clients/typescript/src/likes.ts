/** The likes of a page: shown at once, sent when the clicking stops, taken back when they are refused.
 *
 * For each post at most one change is under way. A click only says what the person wants now, so the last one wins,
 * whatever is sent or answered meanwhile. It is sent as that wish (PUT), never as "the other one", so that a repeated
 * or a late call does no harm.
 */

import type { Client, Rating } from "./client";
import { type Confirmed, confirmedOf, type Initial, isSame, type LikeState, shown, UNKNOWN } from "./like-state";
import { Loader } from "./loading";
import { isTemporary, mayHaveHadAnEffect, retryAfterMs } from "./problems";
import { browserStorage, type KeptText } from "./session";
import { browserSignals, type Signals } from "./signals";
import { SavedWishes, SENT_MS, UNSENT_MS } from "./wishes";

export interface LikesOptions {
  /** How long the clicking must have stopped before a wish is sent. */
  readonly debounceMs?: number;
  /** How often a change that gets no answer is tried, before it is taken back. While offline nothing is tried. */
  readonly maxTries?: number;
  /** A page that is seen again after this time reads its likes anew. */
  readonly staleAfterMs?: number;
  /** Told of each click that was taken back. */
  readonly onError?: (postId: string, error: Error) => void;
  readonly signals?: Signals;
  readonly storage?: KeptText | null;
  /** How tabs of one browser tell each other; null for not at all. */
  readonly tabs?: () => TabsChannel | null;
}

/** What is used of a BroadcastChannel. */
export type TabsChannel = Pick<BroadcastChannel, "postMessage" | "addEventListener" | "close">;

/** A live count that arrives so soon after an own change may have been counted before it. */
const SETTLING_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** The next try of a change is no sooner than this, whatever a server says. */
const LEAST_WAIT_MS = 250;

interface Entry {
  confirmed: Confirmed | null;
  /** The server said so, not only the page. */
  isKnown: boolean;
  wish: boolean | null;
  /** The wish that is under way. */
  sending: boolean | null;
  /** A call got no answer, so the server may have another state than the confirmed one. */
  isDoubtful: boolean;
  tries: number;
  timer: ReturnType<typeof setTimeout> | null;
  /** Grows when a change begins and ends: what was asked before is not news after. */
  changes: number;
  changedAtMs: number;
  loadedAtMs: number;
  liveVersion: number;
  error: Error | null;
  shown: LikeState;
  readonly listeners: Set<() => void>;
}

export class Likes {
  readonly #client: Client;
  readonly #options: LikesOptions;
  readonly #signals: Signals;
  readonly #wishes: SavedWishes;
  readonly #loader: Loader;
  readonly #entries = new Map<string, Entry>();
  readonly #endings: (() => void)[] = [];
  #tabs: TabsChannel | null = null;
  #pausedUntilMs = 0;
  /** Grows when somebody signs in or out: answers to whom it was before are not news. */
  #era = 0;
  #hasStarted = false;

  constructor(client: Client, options: LikesOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#signals = options.signals ?? browserSignals();
    this.#wishes = new SavedWishes(options.storage === undefined ? browserStorage() : options.storage);
    this.#loader = new Loader(client, () => this.#signals.isOnline(), (postIds) => this.#readingBegins(postIds));
  }

  /** What to show of a post. The same object until something changes. `initial` is used if nothing is known yet. */
  get(postId: string, initial?: Initial): LikeState {
    const entry = this.#entries.get(postId);
    if (entry) return entry.shown;
    return initial === undefined ? UNKNOWN : this.#entry(postId, initial).shown;
  }

  /** Call `listener` after each change of the post, whose likes are read if they are not known. Returns what ends it. */
  subscribe(postId: string, listener: () => void): () => void {
    this.#start();
    const entry = this.#entry(postId);
    entry.listeners.add(listener);
    if (!entry.isKnown || this.#isStale(entry)) this.#loader.ask([postId]);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) this.#loader.drop(postId);
    };
  }

  /** The button was clicked. */
  toggle(postId: string): void {
    this.set(postId, !this.get(postId).liked);
  }

  /** Like or unlike. */
  set(postId: string, liked: boolean): void {
    this.#start();
    const entry = this.#entry(postId);
    this.#wishes.forget(postId, Date.now());
    entry.wish = liked;
    entry.error = null;
    entry.tries = 0;
    this.#show(entry);
    this.#sendIn(postId, entry, this.#options.debounceMs ?? 250);
  }

  /** Read these posts anew, or all that are shown. */
  refresh(postIds?: Iterable<string>): void {
    this.#loader.ask(postIds ?? this.#watched());
  }

  /** Somebody signed in or out: forget whose likes these were, and read them anew. Unsent clicks are given up. */
  reset(): void {
    this.#era += 1;
    for (const [postId, entry] of this.#entries) {
      this.#wishes.forget(postId, Date.now());
      this.#stopTimer(entry);
      entry.changes += 1;
      Object.assign(entry, { wish: null, isKnown: false, error: null, isDoubtful: false });
      if (entry.confirmed) entry.confirmed = { liked: false, likes: entry.confirmed.likes };
      this.#show(entry);
    }
    this.refresh();
  }

  /** A live count: a state with a version that grows. One that is older than what was told before is ignored. */
  tell(postId: string, likes: number, version: number): void {
    const entry = this.#entries.get(postId);
    if (!entry || version <= entry.liveVersion) return;
    entry.liveVersion = version;
    // Whose own change is in that count? Only the server knows, so it is asked; a change under way brings its answer.
    if (entry.sending !== null || entry.wish !== null) return;
    if (Date.now() - entry.changedAtMs < SETTLING_MS) return this.#loader.ask([postId]);
    if (!entry.confirmed) return;
    entry.changes += 1;
    entry.confirmed = { ...entry.confirmed, likes };
    this.#show(entry);
  }

  /** End all timers and listeners. What was not sent is kept for the next page. */
  close(): void {
    this.#keepWishes();
    this.#loader.close();
    for (const entry of this.#entries.values()) this.#stopTimer(entry);
    for (const end of this.#endings.splice(0)) end();
    this.#hasStarted = false;
  }

  // -- beginning and end

  #start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#endings.push(
      this.#signals.onOnline(() => this.#comeOnline()),
      this.#signals.onVisible(() => this.#becomeVisible()),
      this.#signals.onHide(() => this.#hide()),
      this.#signals.onReturn(() => this.#resumeWishes()),
      () => this.#tabs?.close(),
    );
    this.#tabs = (this.#options.tabs ?? tabsOfThisBrowser)();
    this.#tabs?.addEventListener("message", (event) => this.#hear((event as MessageEvent<Rating>).data));
    this.#resumeWishes();
  }

  /** Send what an earlier page could not. Its call may have arrived all the same: hence doubtful. */
  #resumeWishes(): void {
    for (const [postId, liked] of this.#wishes.take(Date.now())) {
      const entry = this.#entry(postId);
      if (entry.wish === null) Object.assign(entry, { wish: liked, isDoubtful: true });
      this.#show(entry);
      this.#sendIn(postId, entry, 0);
    }
  }

  /** The page goes: send what waits for the clicking to stop, and keep all that is not confirmed. */
  #hide(): void {
    const canSend = this.#signals.isOnline() && Date.now() >= this.#pausedUntilMs;
    const waiting = [...this.#entries].filter(([, entry]) => entry.sending === null);
    this.#keepWishes(canSend ? waiting.map(([postId]) => postId) : []);
    if (canSend) for (const [postId, entry] of waiting) this.#send(postId, entry);
  }

  /** `sent`: the posts whose wishes are sent all the same. */
  #keepWishes(sent: readonly string[] = []): void {
    const now = Date.now();
    const kept = new Map<string, { liked: boolean; until: number }>();
    for (const [postId, { wish: liked, ...entry }] of this.#entries) {
      if (liked === null || !this.#isNews({ wish: liked, ...entry })) continue;
      const isSent = entry.sending === liked || sent.includes(postId);
      kept.set(postId, { liked, until: now + (isSent ? SENT_MS : UNSENT_MS) });
    }
    this.#wishes.save(kept, now);
  }

  #comeOnline(): void {
    for (const [postId, entry] of this.#entries) {
      if (entry.wish !== null) this.#sendIn(postId, entry, 0);
    }
    this.refresh();
    this.#loader.hurry();
  }

  #becomeVisible(): void {
    this.#loader.ask(this.#watched().filter((postId) => this.#isStale(this.#entry(postId))));
  }

  #isStale(entry: Entry): boolean {
    return entry.loadedAtMs < Date.now() - (this.#options.staleAfterMs ?? 30_000);
  }

  #watched(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.listeners.size > 0).map(([postId]) => postId);
  }

  // -- reading

  #readingBegins(postIds: readonly string[]): (answer: readonly Rating[] | Error) => void {
    const changes = new Map(postIds.map((postId) => [postId, this.#entry(postId).changes]));
    return (answer) => {
      const found = new Map(answer instanceof Error ? [] : answer.map((rating) => [rating.postId, rating]));
      for (const [postId, before] of changes) {
        const entry = this.#entry(postId);
        // A change began or ended since it was asked: what the change is answered is newer.
        if (entry.sending !== null || entry.changes !== before) continue;
        const rating = found.get(postId);
        if (answer instanceof Error) entry.error = answer;
        else entry.loadedAtMs = Date.now();
        if (rating) this.#confirm(entry, rating);
        this.#show(entry);
      }
    };
  }

  #confirm(entry: Entry, rating: Rating): void {
    entry.confirmed = { liked: rating.liked, likes: rating.likes };
    entry.isKnown = true;
  }

  // -- changing

  #sendIn(postId: string, entry: Entry, delayMs: number): void {
    this.#stopTimer(entry);
    const pauseMs = Math.max(0, this.#pausedUntilMs - Date.now());
    entry.timer = setTimeout(() => {
      entry.timer = null;
      if (Date.now() < this.#pausedUntilMs) this.#sendIn(postId, entry, 0);
      else if (this.#signals.isOnline()) this.#send(postId, entry);
      // Else it is sent when the network is back.
    }, Math.max(delayMs, pauseMs));
  }

  #stopTimer(entry: Entry): void {
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.timer = null;
  }

  /** Whether the server may have another state than the wish. */
  #isNews(entry: Pick<Entry, "wish" | "confirmed" | "isKnown" | "sending" | "isDoubtful">): boolean {
    return entry.sending !== null || entry.isDoubtful || !entry.isKnown || entry.confirmed?.liked !== entry.wish;
  }

  /** Send the wish, unless one is under way: what that one is answered leads to the next. */
  #send(postId: string, entry: Entry): void {
    if (entry.sending !== null || entry.wish === null) return;
    this.#stopTimer(entry);
    if (!this.#isNews(entry)) {
      entry.wish = null;
      return this.#show(entry);
    }
    const [wanted, era] = [entry.wish, this.#era];
    entry.sending = wanted;
    entry.changes += 1;
    const answered = (act: () => void) => {
      this.#ends(entry);
      if (era === this.#era) act();
      else if (entry.wish === null) this.#loader.ask([postId]);
      else this.#sendIn(postId, entry, 0);
    };
    this.#client.setLike(postId, wanted).then(
      (rating) => answered(() => this.#accepted(postId, entry, wanted, rating)),
      (error: Error) => answered(() => this.#failed(postId, entry, error)),
    );
  }

  #accepted(postId: string, entry: Entry, wanted: boolean, rating: Rating): void {
    entry.tries = 0;
    entry.isDoubtful = false;
    entry.loadedAtMs = Date.now();
    this.#confirm(entry, rating);
    if (entry.wish === wanted) entry.wish = null;
    this.#show(entry);
    this.#tabs?.postMessage(rating);
    if (entry.wish !== null) this.#send(postId, entry);
  }

  #failed(postId: string, entry: Entry, error: Error): void {
    entry.isDoubtful ||= mayHaveHadAnEffect(error);
    if (entry.wish === null) return this.#loader.ask([postId]);
    const isOnline = this.#signals.isOnline();
    if (isTemporary(error) && (!isOnline || entry.tries + 1 < (this.#options.maxTries ?? 5))) {
      if (isOnline) entry.tries += 1;
      return this.#sendIn(postId, entry, this.#waitMs(entry, error));
    }
    entry.wish = null;
    entry.error = error;
    this.#show(entry);
    this.#options.onError?.(postId, error);
    if (entry.isDoubtful) this.#loader.ask([postId]);
  }

  #ends(entry: Entry): void {
    entry.sending = null;
    entry.changes += 1;
    entry.changedAtMs = Date.now();
  }

  /** How long until the next try. What the server asks for holds for all posts: its limits are the session's. */
  #waitMs(entry: Entry, error: Error): number {
    const asked = retryAfterMs(error);
    if (asked !== null) {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, Date.now() + asked);
      return Math.max(LEAST_WAIT_MS, asked);
    }
    const backoffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, entry.tries - 1));
    return backoffMs * (0.5 + Math.random() / 2);
  }

  /** Another tab's change was confirmed. */
  #hear(rating: Rating): void {
    const entry = this.#entries.get(rating.postId);
    if (!entry || entry.wish !== null || entry.sending !== null) return;
    this.#ends(entry);
    this.#confirm(entry, rating);
    this.#show(entry);
  }

  // -- entries

  #entry(postId: string, initial?: Initial): Entry {
    let entry = this.#entries.get(postId);
    if (!entry) {
      const confirmed = initial === undefined ? null : confirmedOf(initial);
      entry = {
        ...{ confirmed, isKnown: false, wish: null, sending: null, isDoubtful: false, tries: 0, timer: null },
        ...{ changes: 0, changedAtMs: 0, loadedAtMs: 0, liveVersion: 0, error: null },
        ...{ shown: shown(confirmed, null), listeners: new Set<() => void>() },
      };
      this.#entries.set(postId, entry);
    }
    return entry;
  }

  #show(entry: Entry): void {
    const next = shown(entry.confirmed, entry.wish, entry.error);
    if (isSame(entry.shown, next)) return;
    entry.shown = next;
    for (const listener of [...entry.listeners]) listener();
  }
}

function tabsOfThisBrowser(): TabsChannel | null {
  return typeof window === "undefined" || typeof BroadcastChannel === "undefined"
    ? null
    : new BroadcastChannel("suplatzigram:likes");
}
