/** Schedules: when they run, run one now, enable, disable, change, create, delete. */

import { useState } from "react";
import { Link } from "wouter";
import { useEnabling, useRunNow } from "../api/actions";
import type { Schedule } from "../api/contract";
import { useSchedules } from "../api/queries";
import { useMayChange } from "../api/session";
import { shortId, words } from "../text";
import { Moment } from "../ui/clock";
import { cronInWords } from "../ui/cron-words";
import { Button, Card, Empty, Failed, Loading, PageHead, Tag } from "../ui/parts";
import { DeleteSchedule } from "./schedule-delete";
import { ScheduleForm } from "./schedule-form";

type Open = { what: "create" } | { what: "change" | "delete"; schedule: Schedule };

export function Schedules() {
  const { data: schedules, error, refetch } = useSchedules();
  const mayChange = useMayChange();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <PageHead title="Schedules">
        {mayChange && (
          <Button kind="main" icon="plus" onClick={() => setOpen({ what: "create" })}>
            New schedule
          </Button>
        )}
      </PageHead>
      {schedules ? (
        schedules.length === 0 ? (
          <Card>
            <Empty title="There is no schedule.">A schedule enqueues a job at the times of its cron expression.</Empty>
          </Card>
        ) : (
          <ul className="schedules">
            {schedules.map((schedule) => (
              <li key={schedule.name}>
                <One schedule={schedule} open={setOpen} />
              </li>
            ))}
          </ul>
        )
      ) : (
        <Card>
          {error ? (
            <Failed error={error} what="The schedules" retry={() => void refetch()} />
          ) : (
            <Loading rows={3} what="the schedules" />
          )}
        </Card>
      )}
      {open?.what === "create" && <ScheduleForm schedule={null} onClose={close} />}
      {open?.what === "change" && <ScheduleForm schedule={open.schedule} onClose={close} />}
      {open?.what === "delete" && <DeleteSchedule schedule={open.schedule} onClose={close} />}
    </>
  );
}

function One({ schedule, open }: { schedule: Schedule; open: (open: Open) => void }) {
  const mayChange = useMayChange();
  const enabling = useEnabling();
  const { run, isPending } = useRunNow();
  const inWords = cronInWords(schedule.cronExpression);
  return (
    <Card
      className={schedule.enabled ? "schedule" : "schedule off"}
      title={
        <>
          {schedule.name} {!schedule.enabled && <Tag tone="warn">disabled</Tag>}{" "}
          {schedule.waiting && <Tag>its last job still waits</Tag>}
        </>
      }
      aside={
        mayChange && (
          <div className="actions">
            <Button
              icon="play"
              busy={isPending}
              onClick={() => void run(schedule.name)}
              aria-label={`Run now: ${schedule.name}`}
            >
              Run now
            </Button>
            <Button
              disabled={enabling.isPending}
              onClick={() => void enabling.set(schedule.name, !schedule.enabled)}
              aria-label={`${schedule.enabled ? "Disable" : "Enable"} ${schedule.name}`}
            >
              {schedule.enabled ? "Disable" : "Enable"}
            </Button>
            <Button onClick={() => open({ what: "change", schedule })} aria-label={`Change ${schedule.name}`}>
              Change…
            </Button>
            <Button
              kind="quiet"
              onClick={() => open({ what: "delete", schedule })}
              aria-label={`Delete ${schedule.name}`}
            >
              Delete…
            </Button>
          </div>
        )
      }
    >
      {schedule.lastError && (
        <p className="remark bad">
          <strong>It cannot be planned:</strong> {schedule.lastError}
        </p>
      )}
      <dl className="facts row">
        <div>
          <dt>When</dt>
          <dd>
            {inWords ?? <span className="problem">not understood</span>}
            <br />
            <code>{schedule.cronExpression}</code> <span className="quiet">{schedule.timezone}</span>
          </dd>
        </div>
        <div>
          <dt>Next</dt>
          <dd>
            {schedule.enabled ? (
              <Moment value={schedule.nextRunAt} none="not planned" />
            ) : (
              <span className="quiet">never</span>
            )}
          </dd>
        </div>
        <div>
          <dt>Last</dt>
          <dd>
            <Moment value={schedule.lastSlot} none="not yet" />{" "}
            {schedule.lastJobId && (
              <Link href={`/jobs/${schedule.lastJobId}`}>
                <code>{shortId(schedule.lastJobId)}</code>
              </Link>
            )}
          </dd>
        </div>
        <div>
          <dt>Job</dt>
          <dd>
            <Link href={`/jobs?jobType=${schedule.jobType}`}>{words(schedule.jobType)}</Link>{" "}
            {schedule.payload && Object.keys(schedule.payload).length > 0 && (
              <code>{JSON.stringify(schedule.payload)}</code>
            )}
          </dd>
        </div>
      </dl>
    </Card>
  );
}
