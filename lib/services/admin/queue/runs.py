"""A run that an operator asks for, while the cron calls nobody."""

from typing import Literal

from lib.caller import Caller
from lib.database import NOTHING
from lib.errors import NotStarted
from lib.model import Model
from lib.queue.handover import call_worker
from lib.resources import Resources

# A run that is at work does not answer before its end, and nobody waits for it.
CALL_S = 2.0


class RunAction(Model):
    """What to do: start one run of the worker."""

    action: Literal["run"]


class RunReply(Model):
    """changed: 1, a run was started. It works by itself; its row is in the journal."""

    action: str
    changed: int


async def start_run(request: RunAction, resources: Resources, caller: Caller) -> RunReply:
    """Have the worker called once, as the cron does. Two runs at a time do no harm.

    Raises:
        NotStarted: it cannot be reached, or refused. The message says why.
    """
    reason = await call_worker(resources.settings, "POST", {}, CALL_S)
    if reason is not None:
        raise NotStarted(f"no run was started: {reason}")
    await resources.database.rpc("note_asked_run", NOTHING, operator=caller.operator)
    return RunReply(action=request.action, changed=1)
