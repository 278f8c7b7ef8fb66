/** What the screens read and change, by name. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  ActionReply,
  Diagnosis,
  Health,
  Job,
  JobAction,
  JobFilter,
  JobsPage,
  OperatorAction,
  Run,
  RunReply,
  Schedule,
  ScheduleAction,
  ScheduleReply,
  Stats,
} from "./contract";
import { useRefreshMs } from "./live";
import { useAccess } from "./session";

const JOBS = "/api/admin/queue/jobs";
const SCHEDULES = "/api/admin/queue/schedules";
const JOURNAL = "/api/admin/queue/journal";
export const PAGE_SIZE = 100;

export function useStats() {
  const { request } = useAccess();
  return useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => request<Stats>("/api/admin/queue/stats", { signal }),
    refetchInterval: useRefreshMs(),
  });
}

/** Health is public, and answers 503 with the reasons when the queue is not healthy. */
export function useHealth() {
  const { request } = useAccess();
  return useQuery({
    queryKey: ["health"],
    queryFn: async ({ signal }) => {
      const health = await request<Health | { error: unknown }>("/api/health/queue", { signal, alsoFine: [503] });
      if (!health || "error" in health) {
        throw new Error("The health check could not look at the queue.");
      }
      return health;
    },
    refetchInterval: useRefreshMs(10_000),
  });
}

export function filterQuery(filter: JobFilter): Record<string, string | undefined> {
  const { payload, ...plain } = filter;
  return { ...plain, payload: payload ? JSON.stringify(payload) : undefined };
}

export function useJobs(filter: JobFilter) {
  const { request } = useAccess();
  const everyMs = useRefreshMs();
  return useInfiniteQuery({
    queryKey: ["jobs", filter],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request<JobsPage>(JOBS, { signal, query: { ...filterQuery(filter), limit: PAGE_SIZE, cursor: pageParam } }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
    // With further pages open a refresh would ask for all of them again, and move the rows under the reader.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : everyMs),
  });
}

/** One job; null when there is no such job (any more). */
export function useJob(id: string) {
  const { request } = useAccess();
  return useQuery({
    queryKey: ["jobs", "one", id],
    queryFn: async ({ signal }): Promise<Job | null> => {
      const page = await request<JobsPage>(JOBS, { signal, query: { id, limit: 1 } });
      return page.jobs.find((job) => job.id === id) ?? null;
    },
    refetchInterval: useRefreshMs(),
  });
}

export function useSchedules() {
  const { request } = useAccess();
  return useQuery({
    queryKey: ["schedules"],
    queryFn: async ({ signal }) => (await request<{ schedules: Schedule[] }>(SCHEDULES, { signal })).schedules,
    refetchInterval: useRefreshMs(),
  });
}

export function useRuns(limit: number) {
  const { request } = useAccess();
  const everyMs = useRefreshMs();
  return useInfiniteQuery({
    queryKey: ["runs", limit],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request<{ runs: Run[]; nextCursor: string | null }>(JOURNAL, {
        signal,
        query: { of: "runs", limit, cursor: pageParam },
      }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : everyMs),
  });
}

export function useActions() {
  const { request } = useAccess();
  const everyMs = useRefreshMs(10_000);
  return useInfiniteQuery({
    queryKey: ["actions"],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request<{ actions: OperatorAction[]; nextCursor: string | null }>(JOURNAL, {
        signal,
        query: { of: "actions", limit: 50, cursor: pageParam },
      }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : everyMs),
  });
}

export function useDiagnosis() {
  const { request } = useAccess();
  return useQuery({
    queryKey: ["diagnostics"],
    queryFn: ({ signal }) => request<Diagnosis>("/api/admin/queue/diagnostics", { signal }),
    refetchInterval: useRefreshMs(60_000),
  });
}

/** Return a function that acts on jobs and then has every number looked up again. */
export function useActOnJobs() {
  const { request } = useAccess();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (action: JobAction) => request<ActionReply>(JOBS, { body: action }),
    onSettled: (_reply, _error, action) => (action.dryRun ? undefined : queries.invalidateQueries()),
  });
}

export function useRunWorker() {
  const { request } = useAccess();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => request<RunReply>(JOURNAL, { body: { action: "run" } }),
    onSettled: () => queries.invalidateQueries(),
  });
}

export function useActOnSchedule() {
  const { request } = useAccess();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (action: ScheduleAction) => request<ScheduleReply>(SCHEDULES, { body: action }),
    onSettled: () => queries.invalidateQueries(),
  });
}
