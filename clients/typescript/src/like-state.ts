/** One post's like as a page shows it. Pure: what is shown follows from what is known and what is wished. */

/** What the server said last. */
export interface Confirmed {
  readonly liked: boolean;
  readonly likes: number;
}

/** What a page may know before the first answer, of a server-rendered post, say. */
export interface Initial {
  readonly liked?: boolean;
  readonly likes: number;
}

export interface LikeState {
  readonly liked: boolean;
  /** Null until it is known. Never negative, and never 0 while `liked`. */
  readonly likes: number | null;
  /** A click is not confirmed yet. */
  readonly pending: boolean;
  /** Why the last click was taken back; null after the next one. */
  readonly error: Error | null;
}

export const UNKNOWN: LikeState = Object.freeze({ liked: false, likes: null, pending: false, error: null });

export function confirmedOf(initial: Initial): Confirmed {
  return { liked: initial.liked ?? false, likes: initial.likes };
}

/** What to show. `wish`: what the person wants, null when that is what is confirmed. */
export function shown(confirmed: Confirmed | null, wish: boolean | null, error: Error | null = null): LikeState {
  const liked = wish ?? confirmed?.liked ?? false;
  if (confirmed === null && wish === null && error === null) return UNKNOWN;
  const change = Number(liked) - Number(confirmed?.liked ?? false);
  const likes = confirmed === null ? null : Math.max(Number(liked), confirmed.likes + change);
  return { liked, likes, pending: wish !== null, error };
}

export function isSame(one: LikeState, other: LikeState): boolean {
  return (
    one.liked === other.liked &&
    one.likes === other.likes &&
    one.pending === other.pending &&
    one.error === other.error
  );
}
