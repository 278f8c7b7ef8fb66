/** What can go wrong with a call. Data is in fields; `message` is for people. */

import type { components } from "./openapi";

export type Problem = components["schemas"]["Problem"];

/** The server answered with an error. `code` and `details` are those of docs/http.md. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly details: Problem["details"] | null;
  /** How long to wait before the next try, where the server said so. */
  readonly retryAfterMs: number | null;

  constructor(status: number, problem: Problem, retryAfterMs: number | null) {
    super(problem.message);
    this.status = status;
    this.code = problem.code;
    this.details = problem.details ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came, or none that could be read. Whether the call had an effect is not known. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Whether the same call may work later. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  return error instanceof ApiError && (error.status === 408 || error.status === 429 || error.status >= 500);
}

/** Whether a call that ended so may have changed something. */
export function mayHaveHadAnEffect(error: unknown): boolean {
  return error instanceof NoAnswer || (error instanceof ApiError && error.status >= 500);
}

/** How long the server asks to wait; null where it does not say. */
export function retryAfterMs(error: unknown): number | null {
  return error instanceof ApiError ? error.retryAfterMs : null;
}

/** Read a Retry-After header (RFC 9110, section 10.2.3): seconds or a date. Null for none and for nonsense. */
export function readRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const moment = /[a-z]/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? null : Math.max(0, moment - nowMs);
}
