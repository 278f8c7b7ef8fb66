/** Ask before a schedule is deleted. */

import type { Schedule } from "../api/contract";
import { inWords } from "../api/errors";
import { useActOnSchedule } from "../api/queries";
import { Dialog } from "../ui/dialog";
import { Button } from "../ui/parts";
import { useToasts } from "../ui/toasts";

export function DeleteSchedule({ schedule, onClose }: { schedule: Schedule; onClose(): void }) {
  const { mutateAsync, isPending, error } = useActOnSchedule();
  const { say } = useToasts();
  const remove = async () => {
    try {
      await mutateAsync({ action: "delete", name: schedule.name });
    } catch {
      return; // the mutation keeps the error, which is shown below
    }
    say(`${schedule.name} is deleted.`);
    onClose();
  };
  return (
    <Dialog
      title={`Delete ${schedule.name}?`}
      onClose={onClose}
      onSubmit={() => void remove()}
      closeText="Keep it"
      buttons={
        <Button type="submit" kind="danger" busy={isPending}>
          Delete the schedule
        </Button>
      }
    >
      <p>
        No further job is made by it. Jobs that it made stay. To stop it for a while, disable it instead: that can be
        undone.
      </p>
      {error && (
        <p className="problem" role="alert">
          {inWords(error)}
        </p>
      )}
    </Dialog>
  );
}
