/** What the list of jobs is narrowed by. Texts take effect by Enter or when the field is left. */

import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useStats } from "../api/queries";
import { useSession } from "../api/session";
import { count, STATE_NAMES, words } from "../text";
import { Button, Field } from "../ui/parts";
import { readObject, STATUSES, withParameter } from "./job-filter";

export function JobFilters() {
  const [parameters, setParameters] = useSearchParams();
  const { data: stats } = useStats();
  const { payloadsHidden } = useSession();
  const set = (changes: Record<string, string | null>) => setParameters((now) => withParameter(now, changes));
  const status = parameters.get("status") ?? "";
  const numbers: Record<string, number | undefined> = {
    pending: stats?.pending,
    processing: stats?.processing,
    failed: stats?.failed,
  };
  const given = ["status", "jobType", "key", "text", "payload", "createdFrom", "createdTo"].some((name) =>
    parameters.has(name),
  );
  // Only a narrow screen folds them.
  const [open, setOpen] = useState(given && !(parameters.size === 1 && status !== ""));
  return (
    <section className="filters" aria-label="Filters">
      <div className="filter-top">
        <fieldset className="states" ref={showChecked}>
          <legend className="unseen">State</legend>
          {["", ...STATUSES].map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="status"
                checked={status === each}
                onChange={() => set({ status: each || null })}
              />
              <span>
                {each ? STATE_NAMES[each] : "All"}
                {numbers[each] ? <b>{count(numbers[each])}</b> : null}
              </span>
            </label>
          ))}
        </fieldset>
        <Button className="unfold" icon="filter" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide the filters" : "More filters"}
        </Button>
        {given && (
          <Button
            kind="quiet"
            icon="close"
            onClick={() =>
              setParameters((now) => {
                const sort = now.get("sort");
                return new URLSearchParams(sort ? { sort } : {});
              })
            }
          >
            Clear filters
          </Button>
        )}
      </div>
      <div className={`fields ${open ? "" : "folded"}`}>
        <Field label="Type">
          <select
            value={parameters.get("jobType") ?? ""}
            onChange={(event) => set({ jobType: event.target.value || null })}
          >
            <option value="">All types</option>
            {(stats?.types ?? []).map((type) => (
              <option key={type.jobType} value={type.jobType}>
                {words(type.jobType)}
              </option>
            ))}
          </select>
        </Field>
        <TextFilter name="key" label="Key" placeholder="idempotency key, whole" set={set} />
        <TextFilter name="text" label="Error contains" placeholder="timeout" set={set} />
        {!payloadsHidden && (
          <TextFilter
            name="payload"
            label="Payload contains"
            placeholder='{"post_id": "…"}'
            set={set}
            check={(text) => (readObject(text) ? null : 'must be a JSON object, such as {"post_id": "…"}')}
          />
        )}
        <TimeFilter name="createdFrom" label="Made from" set={set} />
        <TimeFilter name="createdTo" label="Made before" set={set} />
      </div>
    </section>
  );
}

/** On a phone the states are wider than the screen: show the one that is chosen. */
function showChecked(states: HTMLElement | null): void {
  const chosen = states?.querySelector(":checked")?.parentElement;
  if (states && chosen) {
    states.scrollLeft = chosen.offsetLeft - states.clientWidth / 2;
  }
}

interface FilterProps {
  name: string;
  label: string;
  set(changes: Record<string, string | null>): void;
}

interface TextFilterProps extends FilterProps {
  placeholder: string;
  check?: (text: string) => string | null;
}

function TextFilter({ name, label, placeholder, set, check }: TextFilterProps) {
  const [parameters] = useSearchParams();
  const kept = parameters.get(name) ?? "";
  const [text, setText] = useState(kept);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => setText(kept), [kept]);
  const apply = () => {
    const wanted = text.trim();
    const wrong = wanted ? (check?.(wanted) ?? null) : null;
    setProblem(wrong);
    if (!wrong && wanted !== kept) {
      set({ [name]: wanted || null });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply();
  };
  return (
    <form onSubmit={submit}>
      <Field label={label} problem={problem}>
        <input
          type="search"
          value={text}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
          onBlur={apply}
        />
      </Field>
    </form>
  );
}

function TimeFilter({ name, label, set }: FilterProps) {
  const [parameters] = useSearchParams();
  const kept = parameters.get(name);
  return (
    <Field label={label} className="when">
      <input
        type="datetime-local"
        value={kept ? forInput(new Date(kept)) : ""}
        onChange={(event) => set({ [name]: event.target.value ? new Date(event.target.value).toISOString() : null })}
      />
    </Field>
  );
}

/** A moment as such an input wants it: in the viewer's zone, to the minute. */
function forInput(moment: Date): string {
  if (Number.isNaN(moment.getTime())) {
    return "";
  }
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
