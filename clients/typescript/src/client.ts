/** The public routes, typed. Nothing is retried here, and nothing is kept. */

import type { components, operations } from "./openapi";
import { ApiError, NoAnswer, readRetryAfter, type Problem } from "./problems";
import { keptSession } from "./session";

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
  /** The access token of the Supabase user who is signed in, null for nobody: then the session likes. */
  readonly accessToken?: () => string | null | Promise<string | null>;
  /** The session's id; the browser's own unless said. */
  readonly sessionId?: () => string;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** Every method rejects with ApiError or NoAnswer. */
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
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly keepalive?: boolean;
}

export function createClient(options: ClientOptions = {}): Client {
  const origin = (options.baseUrl ?? "").replace(/\/+$/, "");
  const session = options.sessionId ?? keptSession();
  const timeoutMs = options.timeoutMs ?? 10_000;

  async function identity(): Promise<Record<string, string>> {
    const token = await options.accessToken?.();
    return token ? { authorization: `Bearer ${token}` } : { "x-session-id": session() };
  }

  async function call<T>({ method, path, query, body, keepalive = false }: Call): Promise<T> {
    const headers: Record<string, string> = { accept: "application/json", ...(await identity()) };
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
      const reply = await call<components["schemas"]["Ratings"]>({ method: "GET", path: "/api/ratings", query });
      return reply.ratings;
    },
    setLike: (postId, liked) => call({ method: "PUT", path: "/api/ratings", body: { postId, liked }, keepalive: true }),
    posts,
    async postsById(postIds) {
      if (postIds.length > MAX_POSTS) throw new RangeError(`postIds: at most ${MAX_POSTS}`);
      return postIds.length === 0 ? [] : (await posts({ id: postIds })).posts;
    },
    createPost: (post) => call({ method: "POST", path: "/api/posts", body: post }),
  };
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
