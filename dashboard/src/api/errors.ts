/** What can go wrong with a call, each a class of its own. */

export interface Detail {
  field: string;
  rule: string;
}

/** The API answered with an error. `details` name the fields of a refused input. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Detail[] = [],
    readonly retryAfterSeconds: number | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** No answer came: this device is offline, or the server is not to be reached. */
export class Unreachable extends Error {
  constructor(readonly timedOut: boolean) {
    super(timedOut ? "The API did not answer in time." : "The API cannot be reached.");
    this.name = "Unreachable";
  }
}

/** Say in a sentence what went wrong, for a person. */
export function inWords(error: unknown): string {
  if (error instanceof Unreachable) {
    return navigator.onLine ? error.message : "This device is offline.";
  }
  if (!(error instanceof ApiError)) {
    return error instanceof Error ? error.message : "Something went wrong.";
  }
  if (error.status === 403) {
    return "Your role does not allow this.";
  }
  if (error.status === 429) {
    return `Too many requests. Try again in ${error.retryAfterSeconds ?? 60} s.`;
  }
  const details = error.details.map((detail) => `${detail.field} ${detail.rule}`).join("; ");
  const number = error.status >= 500 ? ` (${error.status})` : "";
  return `${sentence(error.message)}${details ? ` ${sentence(details)}` : ""}${number}`;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  const ended = /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

/** Return what an error says of one field, as a form shows it beside that field. */
export function ruleFor(error: unknown, field: string): string | null {
  if (!(error instanceof ApiError)) {
    return null;
  }
  const found = error.details.find((each) => each.field === field || each.field.startsWith(`${field}.`));
  if (!found) {
    return null;
  }
  const inside = found.field === field ? "" : `${found.field.slice(field.length + 1)}: `;
  return `${inside}${found.rule}`;
}
