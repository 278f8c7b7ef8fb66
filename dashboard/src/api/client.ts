/** One call of the API. Knows nothing of sessions but the token that it is given. */

import { ApiError, type Detail, Unreachable } from "./errors";

const TIMEOUT_MS = 20_000;

export type Query = Record<string, string | string[] | number | undefined>;

export interface CallOptions {
  token?: string | null;
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Statuses besides 2xx whose body is an answer and not an error. */
  alsoFine?: number[];
}

/** Call a route: POST when there is a body, else GET. Raises ApiError or Unreachable. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token) {
    headers.authorization = `Bearer ${options.token}`;
  }
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await reach(`${path}${search(options.query)}`, {
    method: options.body === undefined ? "GET" : "POST",
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
  const content = await read(response);
  if (response.ok || options.alsoFine?.includes(response.status)) {
    return content as T;
  }
  throw asError(response, content);
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new Unreachable(error instanceof DOMException && error.name === "TimeoutError");
  }
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    if (response.ok) {
      throw new ApiError(response.status, "not_json", "The answer is not JSON: something else answers at this address");
    }
    return null;
  }
}

function asError(response: Response, content: unknown): ApiError {
  const error = (content as { error?: { code?: string; message?: string; details?: unknown } } | null)?.error;
  const details = Array.isArray(error?.details) ? (error.details as Detail[]).filter((each) => each?.field) : [];
  const wait = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    error?.code ?? "unknown",
    error?.message ?? `The server answered ${response.status}`,
    details,
    wait > 0 ? wait : null,
    response.headers.get("x-request-id"),
  );
}

function search(query: Query = {}): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== "") {
        written.append(name, String(each));
      }
    }
  }
  const text = written.toString();
  return text ? `?${text}` : "";
}
