"""pause, resume: stop the jobs of a type for a while."""

import typer

from lib.cli.backend import ACT
from lib.cli.console import done, print_json, tell
from lib.cli.options import JobTypeArgument, Json, made
from lib.cli.session import guarded, talk
from lib.services.admin.queue.actions import JobAction


def pause(context: typer.Context, job_type: JobTypeArgument, as_json: Json = False) -> None:
    """Enqueue jobs of a type, and run not one of them until it is resumed."""
    _change(context, "pause", job_type, as_json=as_json)


def resume(context: typer.Context, job_type: JobTypeArgument, as_json: Json = False) -> None:
    """Run the jobs of a paused type again."""
    _change(context, "resume", job_type, as_json=as_json)


def _change(context: typer.Context, action: str, job_type: str, *, as_json: bool) -> None:
    request = guarded(lambda: made(JobAction, action=action, job_type=job_type))
    reply = talk(context, lambda backend: backend.ask(ACT, request))
    if as_json:
        print_json(reply)
    elif not reply.changed:
        tell(f"{job_type} was {'paused already' if action == 'pause' else 'not paused'}")
    elif action == "pause":
        done(f"{job_type} is paused: its jobs wait")
        tell(f"→ queue resume {job_type}")
    else:
        done(f"{job_type} runs again")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(rich_help_panel="Mend")(pause)
    app.command(rich_help_panel="Mend")(resume)
