/** Create a schedule, or change one. What the API refuses is shown beside the field that it names. */

import { useState } from "react";
import type { Schedule, ScheduleAction } from "../api/contract";
import { inWords, ruleFor } from "../api/errors";
import { useActOnSchedule, useStats } from "../api/queries";
import { words } from "../text";
import { cronInWords } from "../ui/cron-words";
import { Dialog } from "../ui/dialog";
import { Button, Field } from "../ui/parts";
import { useToasts } from "../ui/toasts";
import { readObject } from "./job-filter";

const FIELDS = ["name", "jobType", "cronExpression", "timezone", "payload", "priority", "maxAttempts"];

interface Form {
  name: string;
  jobType: string;
  cronExpression: string;
  timezone: string;
  payload: string;
  priority: string;
  maxAttempts: string;
}

export function ScheduleForm({ schedule, onClose }: { schedule: Schedule | null; onClose(): void }) {
  const { mutateAsync, isPending, error } = useActOnSchedule();
  const { data: stats } = useStats();
  const { say } = useToasts();
  const [form, setForm] = useState<Form>(() => formOf(schedule));
  const set = (field: keyof Form) => (event: { target: { value: string } }) =>
    setForm((now) => ({ ...now, [field]: event.target.value }));
  const payload = readObject(form.payload);
  const problem = (field: string) => ruleFor(error, field);
  const unplaced = error && !FIELDS.some((field) => problem(field));

  const save = async () => {
    if (payload === null || isPending) {
      return;
    }
    const action = actionOf(form, schedule, payload);
    if (schedule && Object.keys(action).length === 2) {
      onClose(); // only action and name: nothing was changed
      return;
    }
    try {
      const reply = await mutateAsync(action);
      say(
        reply.changed ? `${form.name} is ${schedule ? "changed" : "created"}.` : `${form.name} was like that already.`,
      );
    } catch {
      return; // the mutation keeps the error, which is shown at its field
    }
    onClose();
  };
  const read = cronInWords(form.cronExpression);
  return (
    <Dialog
      title={schedule ? `Change ${schedule.name}` : "New schedule"}
      onClose={onClose}
      onSubmit={() => void save()}
      closeText="Cancel"
      buttons={
        <Button type="submit" kind="main" busy={isPending} disabled={payload === null}>
          {schedule ? "Save" : "Create"}
        </Button>
      }
    >
      <div className="fields form">
        {!schedule && (
          <>
            <Field label="Name" problem={problem("name")} className="whole">
              <input value={form.name} onChange={set("name")} spellCheck={false} autoComplete="off" required />
            </Field>
            <Field label="Type" problem={problem("jobType")} className="whole">
              <select value={form.jobType} onChange={set("jobType")}>
                <option value="">Choose one</option>
                {(stats?.types ?? []).map((type) => (
                  <option key={type.jobType} value={type.jobType}>
                    {words(type.jobType)}
                  </option>
                ))}
              </select>
            </Field>
          </>
        )}
        <Field
          label="Cron expression"
          hint={read ?? "Five fields: minute, hour, day of the month, month, day of the week"}
          problem={problem("cronExpression")}
        >
          <input value={form.cronExpression} onChange={set("cronExpression")} spellCheck={false} autoComplete="off" />
        </Field>
        <Field label="Time zone" problem={problem("timezone")}>
          <input value={form.timezone} onChange={set("timezone")} list="zones" spellCheck={false} autoComplete="off" />
        </Field>
        <datalist id="zones">
          {[...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])].map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
        <Field
          label="Payload"
          className="whole"
          problem={payload === null ? 'must be a JSON object, such as {"older_than_days": 30}' : problem("payload")}
        >
          <textarea value={form.payload} onChange={set("payload")} rows={3} spellCheck={false} />
        </Field>
        <Field label="Priority" hint="0 to 10; empty: the type’s own" problem={problem("priority")}>
          <input type="number" min="0" max="10" value={form.priority} onChange={set("priority")} />
        </Field>
        <Field label="Attempts at most" hint="1 to 25; empty: the type’s own" problem={problem("maxAttempts")}>
          <input type="number" min="1" max="25" value={form.maxAttempts} onChange={set("maxAttempts")} />
        </Field>
      </div>
      {unplaced && (
        <p className="problem" role="alert">
          {inWords(error)}
        </p>
      )}
    </Dialog>
  );
}

function formOf(schedule: Schedule | null): Form {
  return {
    name: schedule?.name ?? "",
    jobType: schedule?.jobType ?? "",
    cronExpression: schedule?.cronExpression ?? "0 * * * *",
    timezone: schedule?.timezone ?? "UTC",
    payload: JSON.stringify(schedule?.payload ?? {}, null, 2),
    priority: schedule?.priority?.toString() ?? "",
    maxAttempts: schedule?.maxAttempts?.toString() ?? "",
  };
}

/** Only what was changed goes out, so that two operators do not undo each other's work. */
function actionOf(form: Form, schedule: Schedule | null, payload: ScheduleAction["payload"]): ScheduleAction {
  const before = formOf(schedule);
  const changed = (field: keyof Form) => schedule === null || form[field] !== before[field];
  const number = (field: "priority" | "maxAttempts") =>
    changed(field) && form[field] !== "" ? { [field]: Number(form[field]) } : {};
  return {
    action: schedule ? "change" : "create",
    name: form.name.trim(),
    ...(schedule ? {} : { jobType: form.jobType }),
    ...(changed("cronExpression") ? { cronExpression: form.cronExpression.trim() } : {}),
    ...(changed("timezone") ? { timezone: form.timezone.trim() } : {}),
    ...(changed("payload") && payload ? { payload } : {}),
    ...number("priority"),
    ...number("maxAttempts"),
  };
}
