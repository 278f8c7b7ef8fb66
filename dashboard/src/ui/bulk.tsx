/** Changing many jobs: first how many, then the change itself, page by page, with its progress. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { BulkVerb, JobAction, JobFilter } from "../api/contract";
import { inWords, ruleFor } from "../api/errors";
import { useActOnJobs } from "../api/queries";
import { capital, count, jobs, STATE_NAMES, words } from "../text";
import { Dialog } from "./dialog";
import { Button, Field } from "./parts";
import { useToasts } from "./toasts";

/** Which jobs: some by their ids, or all that match. */
export type Chosen = { ids: string[] } | { filter: JobFilter };

const EXPLAINED: Record<BulkVerb, string> = {
  redrive: "They run again as new jobs, each once. The dead ones stay in the history.",
  discard: "They stay in the history as discarded. They no longer make the queue unhealthy.",
  cancel: "They end without running. Jobs that a worker has begun meanwhile are left alone.",
  edit: "Only jobs that still wait are changed.",
  delete: "They are removed from the history. This cannot be undone.",
};
const DONE: Record<BulkVerb, string> = {
  redrive: "redriven",
  discard: "discarded",
  cancel: "cancelled",
  edit: "changed",
  delete: "deleted",
};
const EDITS = ["scheduledFor", "priority"] as const;
/** The API takes so many ids a call. */
const IDS_A_CALL = 1_000;

interface BulkProps {
  verb: BulkVerb;
  chosen: Chosen;
  onClose(): void;
  onDone?: (ids: string[]) => void;
}

export function BulkDialog({ verb, chosen, onClose, onDone }: BulkProps) {
  const counting = useMatched(verb, chosen);
  const [done, setDone] = useState<number | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [when, setWhen] = useState("");
  const [priority, setPriority] = useState("");
  const act = useActOnJobs().mutateAsync;
  const { say } = useToasts();
  const stopped = useRef(false);
  // Not a state: a second click may come before the page is drawn again.
  const started = useRef(false);
  const running = done !== null;
  const edits = verb === "edit";
  const nothingToEdit = edits && !when && !priority;

  const apply = async () => {
    if (started.current || nothingToEdit || !counting.matched) {
      return;
    }
    started.current = true;
    setDone(0);
    setProblem(null);
    let changed = 0;
    const ids: string[] = [];
    const edit = edited(edits, when, priority);
    try {
      for (const part of parts(chosen)) {
        let more = true;
        while (more && !stopped.current) {
          const reply = await act({ action: verb, ...part, ...edit });
          changed += reply.changed;
          ids.push(...reply.ids);
          setDone(changed);
          // Without the second condition a reply that says "more" and changes nothing would go on for ever.
          more = reply.more === true && reply.changed > 0;
        }
      }
      say(`${capital(jobs(changed))} ${DONE[verb]}.`);
      onDone?.(ids);
      onClose();
    } catch (error) {
      setProblem(error);
      setDone(null);
      started.current = false;
    }
  };
  const close = () => {
    stopped.current = true;
    onClose();
  };

  const { matched } = counting;
  const number = matched === null ? "…" : `${count(matched)}${counting.isMore ? "+" : ""}`;
  return (
    <Dialog
      title={`${capital(verb)} ${matched === 1 ? "1 job" : `${number} jobs`}?`}
      onClose={close}
      onSubmit={apply}
      closeText={running ? "Stop" : "Keep as it is"}
      buttons={
        <Button
          type="submit"
          kind={verb === "redrive" || edits ? "main" : "danger"}
          busy={running || counting.loading}
          disabled={!matched || nothingToEdit}
        >
          {capital(verb)} {matched === null ? "" : jobs(matched)}
        </Button>
      }
    >
      <p>
        {"filter" in chosen ? <>All that match: {filterInWords(chosen.filter)}. </> : null}
        {EXPLAINED[verb]}
      </p>
      {edits && (
        <div className="fields">
          <Field label="Due" hint="In your time zone" problem={ruleFor(problem, "scheduledFor")}>
            <input type="datetime-local" step="1" value={when} onChange={(event) => setWhen(event.target.value)} />
          </Field>
          <Field label="Priority" hint="0 to 10, the higher first" problem={ruleFor(problem, "priority")}>
            <input
              type="number"
              min="0"
              max="10"
              inputMode="numeric"
              value={priority}
              onChange={(event) => setPriority(event.target.value)}
            />
          </Field>
        </div>
      )}
      {matched === 0 && <p className="remark">Not one of them can be changed this way now.</p>}
      {running && matched !== null && (
        <p className="progress">
          <progress max={Math.max(matched, done)} value={done} aria-label="Progress" />
          <span role="status">
            {count(done)} of {number}
          </span>
        </p>
      )}
      {(problem ?? counting.error) != null && !EDITS.some((field) => ruleFor(problem, field)) && (
        <p className="problem" role="alert">
          {inWords(problem ?? counting.error)}
        </p>
      )}
    </Dialog>
  );
}

/** Ask how many jobs the action would change, without changing one. */
function useMatched(verb: BulkVerb, chosen: Chosen) {
  const act = useActOnJobs().mutateAsync;
  const [state, setState] = useState<{ matched: number | null; isMore: boolean; error: unknown }>({
    matched: null,
    isMore: false,
    error: null,
  });
  const first = useRef(chosen);
  const ask = useCallback(async () => {
    try {
      // An edit counts the jobs that it would change, so it is counted with a moment that no job has.
      const edit = verb === "edit" ? { scheduledFor: "2999-12-31T23:59:59Z" } : {};
      let matched = 0;
      let isMore = false;
      for (const part of parts(first.current)) {
        const reply = await act({ action: verb, ...part, ...edit, dryRun: true });
        matched += reply.matched ?? 0;
        isMore ||= reply.matchedIsMore ?? false;
      }
      setState({ matched, isMore, error: null });
    } catch (error) {
      setState({ matched: null, isMore: false, error });
    }
  }, [act, verb]);
  useEffect(() => void ask(), [ask]);
  return { ...state, loading: state.matched === null && state.error === null };
}

function parts(chosen: Chosen): Chosen[] {
  if ("filter" in chosen) {
    return [chosen];
  }
  const { ids } = chosen;
  const number = Math.ceil(ids.length / IDS_A_CALL);
  return Array.from({ length: number }, (_, part) => ({ ids: ids.slice(part * IDS_A_CALL, (part + 1) * IDS_A_CALL) }));
}

function edited(edits: boolean, when: string, priority: string): Pick<JobAction, "scheduledFor" | "priority"> {
  if (!edits) {
    return {};
  }
  return {
    ...(when ? { scheduledFor: new Date(when).toISOString() } : {}),
    ...(priority ? { priority: Number(priority) } : {}),
  };
}

/** "status dead, type process image, error contains 'timeout'". */
export function filterInWords(filter: JobFilter): string {
  const parts = [
    filter.status && `status ${(STATE_NAMES[filter.status] ?? filter.status).toLowerCase()}`,
    filter.jobType && `type ${words(filter.jobType)}`,
    filter.key && `key ${filter.key}`,
    filter.text && `error contains “${filter.text}”`,
    filter.payload && `payload contains ${JSON.stringify(filter.payload)}`,
    filter.createdFrom && `made from ${new Date(filter.createdFrom).toLocaleString()}`,
    filter.createdTo && `made before ${new Date(filter.createdTo).toLocaleString()}`,
  ].filter(Boolean);
  return parts.length ? parts.join(", ") : "every job";
}
