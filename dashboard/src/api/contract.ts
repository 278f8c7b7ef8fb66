/** What the operators' routes say, as docs/http.md has it. */

export type Status = "pending" | "processing" | "failed" | "completed" | "dead" | "discarded" | "cancelled";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Session {
  role: "admin" | "viewer";
  operator: string;
  email: string | null;
  payloadsHidden: boolean;
  version: string;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** A moment, or seconds since 1970. */
  expiresAt: string | number;
}

export interface Health {
  healthy: boolean;
  stuckJobs: number;
  pendingJobs: number;
  oldestDueSeconds: number | null;
  deadLast24h: number;
  lastRunSecondsAgo: number | null;
  driftingPosts: number | null;
  pausedTypesWithDueJobs: string[];
  reasons: string[];
  reasonCodes: string[];
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface TypeStats {
  jobType: string;
  pending: number;
  processing: number;
  failed: number;
  due: number;
  scheduled: number;
  stuck: number;
  isolated: number;
  oldestDueSeconds: number | null;
  paused: boolean;
  completedLast24h: number;
  deadLast24h: number;
  discardedLast24h: number;
  cancelledLast24h: number;
  averageMsLast24h: number | null;
  durationMsLast24h: Percentiles;
  waitingMsLast24h: Percentiles;
  errorRateLast24h: number | null;
  pendingIsEstimate: boolean;
}

interface Ended {
  completed: number;
  dead: number;
  discarded: number;
}
export interface MinuteStats extends Ended {
  minute: string;
}
export interface HourStats extends Ended {
  hour: string;
}

export interface Run {
  id: number | string;
  workerId: string;
  trigger: string;
  startedAt: string;
  finishedAt: string | null;
  budgetMs: number;
  stopReason: string | null;
  counts: Record<string, number>;
  knownTypes: string[] | null;
}

export interface RunStats {
  lastHour: number;
  killed: number;
  overlapping: number;
  missed: number;
  stopReasons: Record<string, number>;
  budgetUsed: number | null;
  last: Run | null;
  lastStartedAt: string | null;
  lastFinishedAt: string | null;
}

export interface Schedule {
  name: string;
  jobType: string;
  payload: JsonObject | null;
  cronExpression: string;
  timezone: string;
  priority: number | null;
  maxAttempts: number | null;
  enabled: boolean;
  lastSlot: string | null;
  nextRunAt: string | null;
  lastError: string | null;
  lastJobId: string | null;
  waiting: boolean;
}

export interface LikeAudit {
  driftingPosts: number | null;
  checkedPosts: number | null;
  auditedAt: string;
}

export interface ReturningJob {
  id: string;
  jobType: string;
  status: string;
  deferrals: number;
  createdAt: string;
  scheduledFor: string;
  errorMessage: string | null;
}

export interface Stats {
  pending: number;
  pendingIsEstimate: boolean;
  processing: number;
  failed: number;
  byType: Record<string, number>;
  due: number;
  scheduled: number;
  stuck: number;
  deadLast24h: number;
  oldestDueSeconds: number | null;
  types: TypeStats[];
  throughput: MinuteStats[];
  throughputByHour: HourStats[];
  runs: RunStats;
  likes: LikeAudit | null;
  givenBack: { tenTimes: number; fiftyTimes: number; jobs: ReturningJob[] };
  oldestTransaction: {
    pid: number;
    role: string | null;
    application: string | null;
    state: string | null;
    openSeconds: number;
  } | null;
  rates: { arrivingPerMinute: number; endingPerMinute: number; capacityPerMinute: number };
  forecastSeconds: number | null;
  generatedAt: string;
}

export interface Attempt {
  outcome: string;
  error: string | null;
  workerId: string | null;
  startedAt: string | null;
  endedAt: string;
}

export interface Job {
  id: string;
  jobType: string;
  payload: JsonObject | null;
  payloadHidden?: boolean;
  status: Status;
  priority: number;
  attempts: number;
  maxAttempts: number;
  scheduledFor: string | null;
  startedAt: string | null;
  completedAt: string | null;
  errorMessage: string | null;
  result: Json;
  durationMs: number | null;
  idempotencyKey: string | null;
  isolated: boolean | null;
  redriveOf: string | null;
  redrivenAs: string | null;
  createdAt: string;
  waitedMs: number | null;
  deferrals: number | null;
  attemptLog: Attempt[] | null;
}

export interface JobsPage {
  jobs: Job[];
  nextCursor: string | null;
}

export interface JobFilter {
  status?: Status;
  jobType?: string;
  key?: string;
  text?: string;
  payload?: JsonObject;
  createdFrom?: string;
  createdTo?: string;
}

export type BulkVerb = "redrive" | "discard" | "cancel" | "edit" | "delete";

export interface JobAction {
  action: BulkVerb | "pause" | "resume";
  ids?: string[];
  jobType?: string;
  filter?: JobFilter;
  dryRun?: boolean;
  scheduledFor?: string;
  priority?: number;
}

export interface ActionReply {
  action: string;
  changed: number;
  ids: string[];
  jobType: string | null;
  matched?: number | null;
  matchedIsMore?: boolean;
  more?: boolean;
}

export interface ScheduleAction {
  action: "run" | "enable" | "disable" | "change" | "create" | "delete";
  name: string;
  jobType?: string;
  payload?: JsonObject;
  cronExpression?: string;
  timezone?: string;
  priority?: number | null;
  maxAttempts?: number | null;
}

export interface RunReply {
  action: string;
  changed: number;
}

export interface ScheduleReply {
  action: string;
  changed: number;
  schedule: Schedule | null;
  jobId: string | null;
}

export interface OperatorAction {
  id: number | string;
  at: string;
  operator: string;
  action: string;
  details: JsonObject | null;
  changed: number | null;
}

export type Severity = "critical" | "high" | "medium" | "low";

export interface Finding {
  code: string;
  severity: Severity;
  subject: string | null;
  message: string;
  mend: string | null;
}

export interface Diagnosis {
  findings: Finding[];
  counts: Partial<Record<Severity, number>>;
  checked: number;
  generatedAt: string;
}
