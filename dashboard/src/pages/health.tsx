/** What is wrong, in words, each with what mends it. */

import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { usePausing } from "../api/actions";
import type { Health } from "../api/contract";
import { useHealth } from "../api/queries";
import { useMayChange } from "../api/session";
import { capital, words } from "../text";
import { BulkDialog } from "../ui/bulk";
import { Icon } from "../ui/icons";
import { Button, Failed, Loading } from "../ui/parts";

export function HealthReasons() {
  const { data: health, error, refetch } = useHealth();
  if (!health) {
    return error ? (
      <Failed error={error} what="The health" retry={() => void refetch()} />
    ) : (
      <Loading rows={1} what="the health" />
    );
  }
  if (health.healthy) {
    return null;
  }
  return (
    <section className="reasons" aria-label="What is wrong">
      <ul>
        {health.reasons.map((reason, position) => (
          <li key={health.reasonCodes[position] ?? reason}>
            <Icon name="warn" />
            <p>{capital(reason)}</p>
            <div className="mends">
              <Mend code={health.reasonCodes[position] ?? ""} health={health} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Mend({ code, health }: { code: string; health: Health }) {
  switch (code) {
    case "expired_leases":
      return (
        <>
          <Go to="/jobs?status=processing">Jobs that lost their worker</Go>
          <Go to="/runs">Runs</Go>
        </>
      );
    case "job_due_too_long":
      return (
        <>
          <Go to={`/jobs?status=pending&sort=scheduledFor&createdTo=${oldestDue(health)}`}>The oldest due jobs</Go>
          <Go to="/types">Job types</Go>
        </>
      );
    case "too_many_dead":
      return (
        <>
          <Go to="/jobs?status=dead">Dead jobs</Go>
          <RedriveAll />
        </>
      );
    case "no_run":
      return <Go to="/runs">Runs, and how to start the cron again</Go>;
    case "paused_type_waits":
      return <Resume types={health.pausedTypesWithDueJobs} />;
    case "schedule_cannot_be_planned":
      return <Go to="/schedules">Mend the schedule</Go>;
    case "unknown_type":
    case "missing_type":
      return <Go to="/types">Job types</Go>;
    case "push_key_refused":
      return <Go to="/jobs?jobType=send_notification">The notifications</Go>;
    case "storage_refuses":
      return <Go to="/jobs?status=failed">What waits for Storage</Go>;
    case "given_back_too_often":
      return <Go to="#returning">The jobs that come back</Go>;
    default:
      return <Go to="/doctor">Ask the doctor</Go>;
  }
}

/** The moment by which the oldest due job was made: the list begins with the newest, which may be many. */
function oldestDue({ oldestDueSeconds }: Health): string {
  return new Date(Date.now() - ((oldestDueSeconds ?? 0) - 1) * 1_000).toISOString();
}

function Go({ to, children }: { to: string; children: ReactNode }) {
  if (to.startsWith("#")) {
    return (
      <a className="button plain" href={to}>
        {children}
      </a>
    );
  }
  return (
    <Link className="button plain" href={to}>
      {children}
    </Link>
  );
}

function RedriveAll() {
  const [asked, setAsked] = useState(false);
  if (!useMayChange()) {
    return null;
  }
  return (
    <>
      <Button kind="main" icon="redo" onClick={() => setAsked(true)}>
        Redrive all dead jobs
      </Button>
      {asked && <BulkDialog verb="redrive" chosen={{ filter: { status: "dead" } }} onClose={() => setAsked(false)} />}
    </>
  );
}

function Resume({ types }: { types: string[] }) {
  const { set, isPending } = usePausing();
  if (!useMayChange()) {
    return <Go to="/types">Job types</Go>;
  }
  return types.map((type) => (
    <Button key={type} kind="main" icon="play" busy={isPending} onClick={() => void set(type, false)}>
      Resume {words(type)}
    </Button>
  ));
}
