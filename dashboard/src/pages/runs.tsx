/** Every run of the worker, the newest first. */

import { useStartRun } from "../api/actions";
import { useRuns, useStats } from "../api/queries";
import { useMayChange } from "../api/session";
import { capital, count, duration, share } from "../text";
import { Moment, useNow } from "../ui/clock";
import { Button, Card, Empty, Failed, Loading, PageHead, Scroll, Tag } from "../ui/parts";
import { endInWords, stateOf } from "./runs-timeline";

const COUNTED = ["completed", "retried", "dead", "discarded", "rescued"];
const TONES = { killed: "bad", error: "bad", budget: "warn", running: "good", limit: "plain", empty: "plain" } as const;

export function Runs() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRuns(100);
  const now = useNow();
  const runs = data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <>
      <PageHead title="Runs" />
      <StoppedCron />
      <Card>
        {data ? (
          runs.length === 0 ? (
            <Empty title="No run was recorded yet.">
              The cron calls the worker each minute once the project is deployed.
            </Empty>
          ) : (
            <Scroll label="Runs">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Started</th>
                    <th scope="col">By</th>
                    <th scope="col">End</th>
                    <th scope="col" className="number">
                      Took
                    </th>
                    <th scope="col" className="number">
                      Of its time
                    </th>
                    {COUNTED.map((name) => (
                      <th scope="col" className="number" key={name}>
                        {capital(name)}
                      </th>
                    ))}
                    <th scope="col">Worker</th>
                  </tr>
                </thead>
                <tbody>
                  {runs.map((run) => {
                    const state = stateOf(run, now);
                    const took = run.finishedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null;
                    return (
                      <tr key={run.id}>
                        <td>
                          <Moment value={run.startedAt} />
                        </td>
                        <td>{run.trigger}</td>
                        <td title={endInWords(run, now)}>
                          <Tag tone={TONES[state]}>{state === "empty" ? "drained" : state}</Tag>
                        </td>
                        <td className="number">{took === null ? "–" : duration(took)}</td>
                        <td className="number">{took === null ? "–" : share(took / run.budgetMs)}</td>
                        {COUNTED.map((name) => (
                          <td className="number" key={name}>
                            {run.counts[name] ? count(run.counts[name]) : <span className="quiet">0</span>}
                          </td>
                        ))}
                        <td>
                          <code>{run.workerId}</code>
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Scroll>
          )
        ) : error ? (
          <Failed error={error} what="The runs" retry={() => void refetch()} />
        ) : (
          <Loading rows={8} what="the runs" />
        )}
        {hasNextPage && (
          <div className="more">
            <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Older runs
            </Button>
          </div>
        )}
      </Card>
    </>
  );
}

const SILENT_SECONDS = 180;

/** How to start a cron that stopped. The page can start one run; the cron itself is elsewhere, so it says where. */
function StoppedCron() {
  const { data: stats } = useStats();
  const now = useNow();
  const last = stats?.runs.lastStartedAt;
  if (!stats || (last && now - Date.parse(last) < SILENT_SECONDS * 1_000)) {
    return null;
  }
  return (
    <section className="remark" aria-label="No run for some minutes">
      <p>
        <strong>{last ? "No run for some minutes." : "No run yet."}</strong> Somebody has to call{" "}
        <code>/api/queue/process</code> each minute. Look at these, in this order:
      </p>
      <ol>
        <li>
          Vercel, Settings, Cron Jobs: enabled, and listed there? Crons run for the production deployment only. On the
          Hobby plan they run once a day.
        </li>
        <li>
          Vercel, Settings, Environment Variables: <code>CRON_SECRET</code> is set, at least 16 characters, for
          production?
        </li>
        <li>
          Without a cron: <code>supabase/optional/wake_worker.sql</code> lets the database call the worker.
        </li>
      </ol>
      <StartRun />
    </section>
  );
}

function StartRun() {
  const { start, isPending } = useStartRun();
  if (!useMayChange()) {
    return null;
  }
  return (
    <Button kind="main" icon="play" busy={isPending} onClick={() => void start()}>
      Start a run now
    </Button>
  );
}
