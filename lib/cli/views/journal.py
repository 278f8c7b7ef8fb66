"""What happened: runs of the worker, and what operators did."""

import json
from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType

from lib.cli import words
from lib.cli.console import is_narrow, table
from lib.services.admin.queue.journal import OperatorAction
from lib.services.admin.queue.stats import LastRun

# How long after its budget a run without an end was killed: longer than any platform lets it live.
_KILLED_AFTER_S = 60
_NOTABLE = ("dead", "stale", "released", "rescued")


def run_list(runs: Sequence[LastRun], now: datetime) -> RenderableType:
    """A line a run."""
    counts = ("Completed", "Retried") if is_narrow() else ("Claimed", "Completed", "Retried")
    made = table("Run", "Started", "By", "Took", *counts, "Besides", "Stopped", right=("Run", "Took", *counts))
    for each in runs:
        besides = ", ".join(f"{each.counts[name]} {name}" for name in _NOTABLE if each.counts.get(name))
        took = (each.finished_at - each.started_at).total_seconds() if each.finished_at else None
        made.add_row(
            str(each.id),
            words.ago(each.started_at, now),
            each.trigger,
            words.seconds(took),
            *(words.number(each.counts.get(name.lower(), 0)) for name in counts),
            besides,
            _stopped(each, now),
        )
    return made


def _stopped(run: LastRun, now: datetime) -> str:
    if run.stop_reason:
        return {"error": "[red]error[/]", "budget": "[yellow]budget[/]"}.get(run.stop_reason, run.stop_reason)
    limit_s = run.budget_ms / 1000 + _KILLED_AFTER_S
    return "[red]killed[/]" if (now - run.started_at).total_seconds() > limit_s else "[blue]runs[/]"


def action_list(actions: Sequence[OperatorAction], now: datetime) -> RenderableType:
    """A line an action."""
    made = table("When", "Who", "What", "Changed", "Details", right=("Changed",), fold=("Details",))
    for each in actions:
        made.add_row(
            words.ago(each.at, now), words.safe(each.operator), each.action, words.number(each.changed), _details(each)
        )
    return made


def _details(action: OperatorAction) -> str:
    """What was asked for, or what became of what; of many ids the first."""
    before, after = action.details.get("before"), action.details.get("after")
    parts = [_part(name, value) for name, value in action.details.items() if name not in ("before", "after")]
    if isinstance(before, dict) and isinstance(after, dict):
        parts += [f"{name} {_text(before.get(name))} -> {_text(value)}" for name, value in after.items()]
    return words.safe(", ".join(filter(None, parts)))


def _part(name: str, value: object) -> str:
    match value:
        case None | []:
            return ""
        case [first, _, *_]:
            return f"{name} {first} and {len(value) - 1} more"
        case [first]:
            return f"{name} {first}"
        case _:
            return f"{name} {_text(value)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
