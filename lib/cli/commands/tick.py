"""tick: have the functions work once, as the cron does; or in this process, directly."""

from typing import Annotated

import typer

from lib.cli.backend import PROCESS, START_RUN, Backend
from lib.cli.console import done, print_json, progress
from lib.cli.options import Json
from lib.cli.session import talk
from lib.cli.words import milliseconds, plural
from lib.model import NoInput
from lib.services.admin.queue.runs import RunAction
from lib.services.queue.process import ProcessReply

_TOLD = ("completed", "retried", "dead", "snoozed", "discarded", "released", "stale", "rescued", "scheduled")


def tick(
    context: typer.Context,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="Again, while a run ends with jobs due.")] = False,
    as_json: Json = False,
) -> None:
    """Run the worker once, as the cron does, while the cron does not.

    Over HTTP its result needs CRON_SECRET. With the admin token alone a run is started, and `runs` shows it.
    """

    async def work(backend: Backend) -> list[ProcessReply]:
        runs: list[ProcessReply] = []
        if not backend.may_ask(PROCESS) and not until_empty and not as_json:
            await backend.ask(START_RUN, RunAction(action="run"))
            return runs
        with progress("work …", None) as bar:
            while True:
                runs.append(await backend.ask(PROCESS, NoInput()))
                bar.update(bar.task_ids[0], completed=sum(each.processed for each in runs))
                # A run that could do nothing in its time would do nothing again.
                if not until_empty or runs[-1].stop_reason != "budget" or not runs[-1].processed:
                    return runs

    runs = talk(context, work)
    if not runs:
        done("a run was started; `runs` shows how it ends")
        return
    if as_json:
        print_json(runs[-1])
        return
    counts = {name: sum(getattr(each, name) for each in runs) for name in _TOLD}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing was due"
    took = milliseconds(sum(each.duration_ms for each in runs))
    done(f"{plural(len(runs), 'run')} in {took}: {told}")


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Work")(tick)
