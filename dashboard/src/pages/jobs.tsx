/** The list of jobs: filter, sort, choose some or all that match, and act on them. */

import { useState } from "react";
import { useSearchParams } from "wouter";
import type { BulkVerb, JobFilter } from "../api/contract";
import { useJobs } from "../api/queries";
import { useMayChange } from "../api/session";
import { capital, count, jobs as jobsText } from "../text";
import { BulkDialog, type Chosen, filterInWords } from "../ui/bulk";
import { Button, Card, Empty, Failed, Loading, PageHead } from "../ui/parts";
import { filterOf, problemOf, sorted, sortOf } from "./job-filter";
import { JobFilters } from "./job-filters";
import { JobTable } from "./job-table";

const VERBS: BulkVerb[] = ["redrive", "discard", "cancel", "edit", "delete"];
/** Which states an action can change. */
const CHANGES: Record<BulkVerb, string[]> = {
  redrive: ["dead"],
  discard: ["dead"],
  cancel: ["pending", "failed"],
  edit: ["pending", "failed"],
  delete: ["completed", "dead", "discarded", "cancelled"],
};

export function Jobs() {
  const [parameters] = useSearchParams();
  const filter = filterOf(parameters);
  const problem = problemOf(parameters);
  return (
    <>
      <PageHead title="Jobs" />
      <JobFilters />
      {problem ? (
        <Card>
          <Empty title="This filter is not understood.">{problem}</Empty>
        </Card>
      ) : (
        <JobList key={JSON.stringify(filter)} filter={filter} />
      )}
    </>
  );
}

function JobList({ filter }: { filter: JobFilter }) {
  const [parameters] = useSearchParams();
  const mayChange = useMayChange();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [allMatching, setAllMatching] = useState(false);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useJobs(filter);
  const loaded = sorted(data?.pages.flatMap((page) => page.jobs) ?? [], sortOf(parameters));
  const here = loaded.filter((job) => selected.has(job.id));

  if (!data) {
    return (
      <Card>
        {error ? (
          <Failed error={error} what="The jobs" retry={() => void refetch()} />
        ) : (
          <Loading rows={10} what="the jobs" />
        )}
      </Card>
    );
  }
  const clear = () => {
    setSelected(new Set());
    setAllMatching(false);
  };
  const select = (ids: ReadonlySet<string>) => {
    setSelected(ids);
    setAllMatching(false);
  };
  const states = allMatching ? (filter.status ? [filter.status] : null) : here.map((job) => job.status);
  return (
    <>
      {mayChange && (
        <Actions
          states={states}
          number={here.length}
          allMatching={allMatching}
          chosen={allMatching ? { filter } : { ids: here.map((job) => job.id) }}
          onClear={clear}
        />
      )}
      <Card className="flush">
        {mayChange && here.length > 0 && here.length === loaded.length && (
          <p className="banner">
            {allMatching ? (
              <>
                All jobs that match are chosen: {filterInWords(filter)}.{" "}
                <Button kind="quiet" onClick={() => setAllMatching(false)}>
                  Only the {count(here.length)} shown
                </Button>
              </>
            ) : (
              <>
                The {jobsText(here.length)} shown {here.length === 1 ? "is" : "are"} chosen.{" "}
                <Button kind="quiet" onClick={() => setAllMatching(true)}>
                  Choose all that match
                </Button>
              </>
            )}
          </p>
        )}
        {loaded.length === 0 ? (
          <Empty title={Object.keys(filter).length ? "No job matches." : "There are no jobs yet."}>
            {hasNextPage ? "The newest few thousand were looked at. Older ones may match." : null}
          </Empty>
        ) : (
          <JobTable jobs={loaded} selected={selected} onSelect={mayChange ? select : null} stale={isPlaceholderData} />
        )}
        <div className="more">
          <span className="quiet" role="status">
            {jobsText(loaded.length)} shown{hasNextPage ? "" : ", no more match"}
            {data.pages.length > 1 ? "; the live refresh rests while more than one page is open" : ""}
          </span>
          {hasNextPage && (
            <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Older jobs
            </Button>
          )}
        </div>
      </Card>
    </>
  );
}

interface ActionsProps {
  states: string[] | null;
  number: number;
  allMatching: boolean;
  chosen: Chosen;
  onClear(): void;
}

function Actions({ states, number, allMatching, chosen, onClear }: ActionsProps) {
  const [verb, setVerb] = useState<BulkVerb | null>(null);
  const [acted, setActed] = useState<Chosen>(chosen);
  const some = allMatching || number > 0;
  const possible = (each: BulkVerb) =>
    some && (states === null || states.some((state) => CHANGES[each].includes(state)));
  return (
    <div className="bulk" role="toolbar" aria-label="Actions on the chosen jobs">
      <span className="bulk-count" role="status">
        {allMatching ? "All that match" : number ? `${jobsText(number)} chosen` : "Choose jobs to act on them"}
      </span>
      {VERBS.map((each) => (
        <Button
          key={each}
          disabled={!possible(each)}
          title={possible(each) ? undefined : `Choose ${CHANGES[each].join(" or ")} jobs to ${each} them`}
          onClick={() => {
            setActed(chosen);
            setVerb(each);
          }}
        >
          {capital(each)}…
        </Button>
      ))}
      {some && (
        <Button kind="quiet" icon="close" onClick={onClear}>
          Clear
        </Button>
      )}
      {verb && <BulkDialog verb={verb} chosen={acted} onClose={() => setVerb(null)} onDone={onClear} />}
    </div>
  );
}
