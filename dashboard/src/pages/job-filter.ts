/** The filters of the list of jobs, as the address holds them, so that a link shows the same jobs to somebody else. */

import type { Job, JobFilter, JsonObject, Status } from "../api/contract";

export const STATUSES: Status[] = ["pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"];
const TEXTS = ["jobType", "key", "text", "createdFrom", "createdTo"] as const;

export function filterOf(parameters: URLSearchParams): JobFilter {
  const filter: JobFilter = {};
  const status = STATUSES.find((each) => each === parameters.get("status"));
  if (status) {
    filter.status = status;
  }
  for (const name of TEXTS) {
    const value = parameters.get(name);
    if (value) {
      filter[name] = value;
    }
  }
  const payload = readObject(parameters.get("payload") ?? "");
  if (payload) {
    filter.payload = payload;
  }
  return filter;
}

/** Say what is wrong with an address that somebody wrote by hand; a filter that is left out would show too much. */
export function problemOf(parameters: URLSearchParams): string | null {
  const status = parameters.get("status");
  if (status && !STATUSES.some((each) => each === status)) {
    return `status: there is no “${status}”; there are ${STATUSES.join(", ")}`;
  }
  const payload = parameters.get("payload");
  return payload && !readObject(payload) ? 'payload: must be a JSON object, such as {"post_id": "…"}' : null;
}

/** Return the JSON object that a text holds; null if it holds something else. */
export function readObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

export function withParameter(parameters: URLSearchParams, changes: Record<string, string | null>): URLSearchParams {
  const next = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(changes)) {
    if (value) {
      next.set(name, value);
    } else {
      next.delete(name);
    }
  }
  return next;
}

export const SORTS = ["createdAt", "scheduledFor", "priority", "attempts", "durationMs"] as const;
export type Sort = (typeof SORTS)[number];

export function sortOf(parameters: URLSearchParams): { by: Sort; down: boolean } | null {
  const given = parameters.get("sort") ?? "";
  const by = SORTS.find((each) => given === each || given === `-${each}`);
  return by ? { by, down: given.startsWith("-") } : null;
}

/** Sort the jobs that are loaded; a job without the value comes last. */
export function sorted(jobs: Job[], sort: { by: Sort; down: boolean } | null): Job[] {
  if (!sort) {
    return jobs;
  }
  const value = (job: Job) => {
    const found = job[sort.by];
    return typeof found === "string" ? Date.parse(found) : found;
  };
  return jobs.toSorted((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) {
      return a === b ? 0 : a === null ? 1 : -1;
    }
    return sort.down ? b - a : a - b;
  });
}
