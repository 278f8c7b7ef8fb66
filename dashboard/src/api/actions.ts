/** What one button does, with the message that follows and the undo where there is one. */

import { useCallback } from "react";
import { capital, words } from "../text";
import { useToasts } from "../ui/toasts";
import type { ScheduleAction } from "./contract";
import { inWords } from "./errors";
import { useActOnJobs, useActOnSchedule, useRunWorker } from "./queries";

/** Pause or resume a type, or take that back. */
export function usePausing() {
  const { mutateAsync, isPending } = useActOnJobs();
  const { say, complain } = useToasts();
  const set = useCallback(
    async (jobType: string, paused: boolean, undoing = false): Promise<void> => {
      try {
        await mutateAsync({ action: paused ? "pause" : "resume", jobType });
        const done = `${capital(words(jobType))} ${paused ? "is paused" : "runs again"}.`;
        say(done, undoing ? undefined : () => void set(jobType, !paused, true));
      } catch (error) {
        complain(inWords(error));
      }
    },
    [mutateAsync, say, complain],
  );
  return { set, isPending };
}

/** Enable or disable a schedule, or take that back. */
export function useEnabling() {
  const { mutateAsync, isPending } = useActOnSchedule();
  const { say, complain } = useToasts();
  const set = useCallback(
    async (name: string, enabled: boolean, undoing = false): Promise<void> => {
      try {
        await mutateAsync({ action: enabled ? "enable" : "disable", name });
        say(
          `${name} is ${enabled ? "enabled" : "disabled"}.`,
          undoing ? undefined : () => void set(name, !enabled, true),
        );
      } catch (error) {
        complain(inWords(error));
      }
    },
    [mutateAsync, say, complain],
  );
  return { set, isPending };
}

/** Have the worker called once, while the cron does not. */
export function useStartRun() {
  const { mutateAsync, isPending } = useRunWorker();
  const { say, complain } = useToasts();
  const start = useCallback(async (): Promise<void> => {
    try {
      await mutateAsync();
      say("A run was started.");
    } catch (error) {
      complain(inWords(error));
    }
  }, [mutateAsync, say, complain]);
  return { start, isPending };
}

/** Run a schedule now, and return the job's id; null when it was refused. */
export function useRunNow() {
  const { mutateAsync, isPending } = useActOnSchedule();
  const { say, complain } = useToasts();
  const run = useCallback(
    async (name: string): Promise<string | null> => {
      const action: ScheduleAction = { action: "run", name };
      try {
        const reply = await mutateAsync(action);
        say(reply.changed ? `${name}: a job is enqueued.` : `${name}: the job of the last time still waits.`);
        return reply.jobId;
      } catch (error) {
        complain(inWords(error));
        return null;
      }
    },
    [mutateAsync, say, complain],
  );
  return { run, isPending };
}
