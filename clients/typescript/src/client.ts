/** The public routes, typed. Nothing is retried here, and nothing is kept. */

import type { components, operations } from "./openapi";
import { ApiError, NoAnswer, readRetryAfter, type Problem } from "./problems";
import { browserStorage, keptSession, type KeptSession } from "./session";

export type Rating = components["schemas"]["Rating"];
export type Post = components["schemas"]["Post"];
export type PostImage = components["schemas"]["PostImage"];
export type PostsReply = components["schemas"]["PostsReply"];
export type NewPostReply = components["schemas"]["NewPostReply"];
export type PostsQuery = NonNullable<operations["getPosts"]["parameters"]["query"]>;
export type NewPost = components["schemas"]["NewPostRequest"];

/** How many posts one call of `ratings` or `postsById` takes. */
export const MAX_POSTS = 100;

export interface ClientOptions {
  /** Where the functions are, such as https://queue.example.com. Empty: where the page is. */
  readonly baseUrl?: string;
  /** The prefix of the routes, with which the installer put them beside an app's own: /api/<prefix>/posts. */
  readonly prefix?: string;
  /** The key in localStorage under which the app keeps a visitor's session id, whose likes go on being theirs. */
  readonly sessionKey?: string;
  /** That id itself, where the app keeps it in another way. Without either the client makes one. */
  readonly sessionId?: string | (() => string | Promise<string>);
  /** The access token of the Supabase user who is signed in, null for nobody. `createPost` needs it. */
  readonly accessToken?: () => string | null | Promise<string | null>;
  /** Whose likes are read and set: the session's, unless said; or the user's, and the session's while nobody is signed in. */
  readonly likesAs?: "session" | "user";
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** Every method rejects with ApiError or NoAnswer, or with what `sessionId` or `accessToken` threw. */
export interface Client {
  /** Liked and likes of up to 100 posts; those that do not exist are left out. */
  ratings(postIds: readonly string[]): Promise<readonly Rating[]>;
  /** Like or unlike; safe to repeat. The call outlives its page. */
  setLike(postId: string, liked: boolean): Promise<Rating>;
  /** A page of posts. */
  posts(query?: PostsQuery): Promise<PostsReply>;
  /** Those of up to 100 posts that exist. */
  postsById(postIds: readonly string[]): Promise<readonly Post[]>;
  /** Add a post; it needs a user. */
  createPost(post: NewPost): Promise<NewPostReply>;
}

interface Call {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly keepalive?: boolean;
}

export function createClient(options: ClientOptions = {}): Client {
  const origin = (options.baseUrl ?? "").replace(/\/+$/, "");
  const session = sessionOf(options);
  const timeoutMs = options.timeoutMs ?? 10_000;
  if (options.likesAs === "user" && !options.accessToken) throw new TypeError('likesAs: "user" needs accessToken');

  async function user(): Promise<Record<string, string>> {
    const token = await options.accessToken?.();
    return token ? { authorization: `Bearer ${token}` } : {};
  }

  /** Beside a session id the routes do not look at a token, so one of the two is sent. */
  async function liker(): Promise<Record<string, string>> {
    const token = options.likesAs === "user" ? await user() : {};
    return "authorization" in token ? token : { "x-session-id": await session() };
  }

  async function setLike(postId: string, liked: boolean): Promise<Rating> {
    const put = (headers: Record<string, string>) =>
      call<Rating>({ method: "PUT", path: "/api/ratings", headers, body: { postId, liked }, keepalive: true });
    const headers = await liker();
    try {
      return await put(headers);
    } catch (error) {
      const refused = headers["x-session-id"];
      if (!refused || !("replace" in session) || !isTooShort(error, refused)) throw error;
      session.replace(refused);
      return put(await liker());
    }
  }

  async function call<T>({ method, path, query, body, keepalive = false, ...more }: Call): Promise<T> {
    const headers: Record<string, string> = { accept: "application/json", ...more.headers };
    if (body !== undefined) headers["content-type"] = "application/json";
    const route = options.prefix ? path.replace("/api/", `/api/${options.prefix}/`) : path;
    const url = `${origin}${route}${query?.size ? `?${query}` : ""}`;
    const request: RequestInit = { method, headers, keepalive, credentials: "omit", cache: "no-store" };
    if (body !== undefined) request.body = JSON.stringify(body);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), timeoutMs);
    try {
      const reply = await (options.fetch ?? fetch)(url, { ...request, redirect: "error", signal: patience.signal });
      const text = await reply.text();
      if (!reply.ok) throw apiError(reply, text);
      return JSON.parse(text) as T;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new NoAnswer(`${method} ${path}: no answer that can be read`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  function posts(query: PostsQuery = {}): Promise<PostsReply> {
    const given = Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, String(each)]));
    return call({ method: "GET", path: "/api/posts", query: new URLSearchParams(given) });
  }

  return {
    async ratings(postIds) {
      if (postIds.length > MAX_POSTS) throw new RangeError(`postIds: at most ${MAX_POSTS}`);
      if (postIds.length === 0) return [];
      const query = new URLSearchParams(postIds.map((id) => ["postId", id]));
      const asked = { method: "GET", path: "/api/ratings", headers: await liker(), query } as const;
      const reply = await call<components["schemas"]["Ratings"]>(asked);
      return reply.ratings;
    },
    setLike,
    posts,
    async postsById(postIds) {
      if (postIds.length > MAX_POSTS) throw new RangeError(`postIds: at most ${MAX_POSTS}`);
      return postIds.length === 0 ? [] : (await posts({ id: postIds })).posts;
    },
    createPost: async (post) => call({ method: "POST", path: "/api/posts", headers: await user(), body: post }),
  };
}

/** Whose likes these are while nobody is signed in. */
function sessionOf({ sessionId, sessionKey }: ClientOptions): KeptSession | (() => Promise<string>) {
  if (sessionId === undefined) return keptSession(browserStorage(), sessionKey);
  if (sessionKey !== undefined) throw new TypeError("sessionId, sessionKey: give one of them");
  return async () => {
    const id: unknown = typeof sessionId === "function" ? await sessionId() : sessionId;
    // A header would make "null" of null, which would then be the session of everybody.
    if (typeof id !== "string" || id === "") throw new TypeError("sessionId: must be, or return, a text that is not empty");
    return id;
  };
}

/** Whether the server refused a short id that has no like yet. Those that have one are accepted, so nothing is lost. */
function isTooShort(error: unknown, session: string): boolean {
  if (!(error instanceof ApiError) || error.code !== "invalid_input" || session.length >= 16) return false;
  return Array.isArray(error.details) && error.details.some((each) => each.field === "sessionId");
}

/** Read an error's body. What stands before the functions may answer with anything. */
function apiError(reply: Response, text: string): ApiError {
  let problem: Problem = { code: "unknown", message: `the server answered ${reply.status}` };
  try {
    const body = JSON.parse(text) as { error?: Partial<Problem> } | null;
    if (typeof body?.error?.code === "string" && typeof body.error.message === "string") problem = body.error as Problem;
  } catch {
    // not JSON
  }
  return new ApiError(reply.status, problem, readRetryAfter(reply.headers.get("retry-after"), Date.now()));
}
