"use client";

/** React hooks over the stores of this package. All logic is there; a hook subscribes, and cleans up. */

import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";

import { blurhashUrl } from "./blurhash";
import { type Client, type ClientOptions, createClient, type Post, type PostImage } from "./client";
import { Images, type ImagesOptions } from "./images";
import { confirmedOf, type Initial, type LikeState, shown, UNKNOWN } from "./like-state";
import { Likes, type LikesOptions } from "./likes";
import { LiveLikes, type LiveSource } from "./live";

export interface SuplatzigramOptions extends ClientOptions {
  readonly likes?: LikesOptions;
  readonly images?: ImagesOptions;
  /** A Supabase client, to hear of counts as they change: see docs/frontend.md. */
  readonly live?: LiveSource;
}

export interface Suplatzigram {
  readonly client: Client;
  readonly likes: Likes;
  readonly images: Images;
  readonly live: LiveLikes | null;
}

export function createSuplatzigram(options: SuplatzigramOptions = {}): Suplatzigram {
  const client = createClient(options);
  const likes = new Likes(client, options.likes);
  const live = options.live ? new LiveLikes(options.live, likes) : null;
  return { client, likes, images: new Images(client, options.images), live };
}

const Context = createContext<Suplatzigram | null>(null);

export interface ProviderProps extends SuplatzigramOptions {
  readonly children?: ReactNode;
}

/** What the hooks below it share. Options are read once. On a server each request has its own. */
export function SuplatzigramProvider({ children, ...options }: ProviderProps): ReactNode {
  const [shared] = useState(() => createSuplatzigram(options));
  useEffect(
    () => () => {
      shared.likes.close();
      shared.images.close();
    },
    [shared],
  );
  return createElement(Context.Provider, { value: shared }, children);
}

export function useSuplatzigram(): Suplatzigram {
  const shared = useContext(Context);
  if (shared === null) throw new Error("wrap the page in <SuplatzigramProvider>");
  return shared;
}

// -- likes

export interface LikeOptions {
  /** What the page was rendered with; it is shown until the first answer. */
  readonly initial?: Initial;
}

export interface Like extends LikeState {
  /** The button was clicked. */
  readonly toggle: () => void;
  readonly set: (liked: boolean) => void;
}

/** One post's like. Posts that are shown together are read together. */
export function useLike(postId: string, { initial }: LikeOptions = {}): Like {
  const { likes } = useSuplatzigram();
  const subscribe = useCallback((listener: () => void) => likes.subscribe(postId, listener), [likes, postId]);
  const state = useSyncExternalStore(
    subscribe,
    () => likes.get(postId, initial),
    useSteady(() => rendered(initial), [initial?.liked, initial?.likes]),
  );
  const toggle = useCallback(() => likes.toggle(postId), [likes, postId]);
  const set = useCallback((liked: boolean) => likes.set(postId, liked), [likes, postId]);
  return useMemo(() => ({ ...state, toggle, set }), [state, toggle, set]);
}

/** useLike that hears of others' likes as they are counted. The provider needs `live`. */
export function useLiveLikes(postId: string, options: LikeOptions = {}): Like {
  const { live } = useSuplatzigram();
  if (live === null) throw new Error("useLiveLikes needs the `live` option of <SuplatzigramProvider>");
  useEffect(() => live.watch(postId), [live, postId]);
  return useLike(postId, options);
}

export interface PageOfLikes {
  of(postId: string): LikeState;
  toggle(postId: string): void;
  set(postId: string, liked: boolean): void;
}

/** The likes of a page of posts: one call for each 100. `initial`: what was rendered, by post. */
export function useLikes(postIds: readonly string[], initial?: ReadonlyMap<string, Initial>): PageOfLikes {
  const { likes } = useSuplatzigram();
  const key = postIds.join();
  const page = useMemo(() => new Page(likes, key === "" ? [] : key.split(","), initial), [likes, key, initial]);
  const states = useSyncExternalStore(page.subscribe, page.states, page.rendered);
  return useMemo(
    () => ({
      of: (postId) => states.get(postId) ?? UNKNOWN,
      toggle: (postId) => likes.toggle(postId),
      set: (postId, liked) => likes.set(postId, liked),
    }),
    [states, likes],
  );
}

/** Many posts' states as one value, which is another object only when a state is. */
class Page {
  readonly #likes: Likes;
  readonly #postIds: readonly string[];
  readonly #initial: ReadonlyMap<string, Initial> | undefined;
  readonly rendered: () => ReadonlyMap<string, LikeState>;
  #states: ReadonlyMap<string, LikeState> | null = null;

  constructor(likes: Likes, postIds: readonly string[], initial: ReadonlyMap<string, Initial> | undefined) {
    this.#likes = likes;
    this.#postIds = postIds;
    this.#initial = initial;
    const first = new Map(postIds.map((postId) => [postId, rendered(initial?.get(postId))]));
    this.rendered = () => first;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const endings = this.#postIds.map((postId) => this.#likes.subscribe(postId, listener));
    return () => endings.forEach((end) => end());
  };

  readonly states = (): ReadonlyMap<string, LikeState> => {
    const now = new Map(this.#postIds.map((id) => [id, this.#likes.get(id, this.#initial?.get(id))]));
    const before = this.#states;
    if (before === null || [...now].some(([postId, state]) => before.get(postId) !== state)) this.#states = now;
    return this.#states ?? now;
  };
}

function rendered(initial: Initial | undefined): LikeState {
  return initial ? shown(confirmedOf(initial), null) : UNKNOWN;
}

/** A function that returns the same object until one of `parts` changes. */
function useSteady<T>(make: () => T, parts: readonly unknown[]): () => T {
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => {
    const value = make();
    return () => value;
  }, parts);
}

// -- images

/** none: the post has no image. waiting: it is being made. loading: the browser fetches it. missing: it did not come. */
export type ImageStatus = "none" | "waiting" | "loading" | "ready" | "missing";

export interface ShownImage {
  readonly status: ImageStatus;
  readonly image: PostImage | null;
  /** The blurhash as a data: URL, once it is known. */
  readonly placeholder: string | null;
  /** For an <img>, which shows the placeholder until the image is loaded; null until there is one. */
  readonly img: ImageProps | null;
  /** Wait once more for an image that is missing. */
  readonly retry: () => void;
}

export interface ImageProps {
  readonly src: string;
  readonly srcSet: string;
  readonly width: number;
  readonly height: number;
  readonly style: { readonly backgroundImage: string; readonly backgroundSize: string };
  readonly onLoad: () => void;
  readonly ref: (element: HTMLImageElement | null) => void;
}

/** The image of a post; of a new one it waits for it. */
export function usePostImage(post: Pick<Post, "id" | "image" | "imageUrl">): ShownImage {
  const { images } = useSuplatzigram();
  const waits = post.image === null && post.imageUrl !== null;
  const subscribe = useCallback(
    (listener: () => void) => (waits ? images.subscribe(post.id, listener) : () => {}),
    [images, post.id, waits],
  );
  const waited = useSyncExternalStore(subscribe, () => images.get(post.id), useSteady(() => images.get(post.id), []));
  const image = post.image ?? (waits ? waited.image : null);
  const [loadedUrl, setLoadedUrl] = useState<string | null>(null);
  const retry = useCallback(() => images.retry(post.id), [images, post.id]);
  return useMemo(() => {
    if (image === null) {
      const status = !waits ? "none" : waited.gaveUp ? "missing" : "waiting";
      return { status, image, placeholder: null, img: null, retry };
    }
    const isLoaded = loadedUrl === image.webpUrl;
    const placeholder = blurhashUrl(image.blurhash);
    const img = imageProps(image, placeholder, () => setLoadedUrl(image.webpUrl));
    return { status: isLoaded ? "ready" : "loading", image, placeholder, img, retry };
  }, [image, waits, waited.gaveUp, loadedUrl, retry]);
}

function imageProps(image: PostImage, placeholder: string, loaded: () => void): ImageProps {
  const { webpUrl: src, width, height } = image;
  return {
    ...{ src, srcSet: srcSetOf(image), width, height },
    style: { backgroundImage: `url(${placeholder})`, backgroundSize: "cover" },
    onLoad: loaded,
    // An image that was there before React was: its load event is over.
    ref: (element) => {
      if (element?.complete && element.naturalWidth > 0) loaded();
    },
  };
}

/** The image and its smaller copies of the same shape; squares cut from it are none of these. */
function srcSetOf({ webpUrl, width, height, thumbnails }: PostImage): string {
  const sameShape = thumbnails.filter((copy) => Math.abs(copy.width * height - copy.height * width) <= width + height);
  const copies = [...sameShape, { url: webpUrl, width }];
  const byWidth = new Map(copies.map((copy) => [copy.width, copy.url]));
  return [...byWidth].sort(([one], [other]) => one - other).map(([wide, url]) => `${url} ${wide}w`).join(", ");
}
