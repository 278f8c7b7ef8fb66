"""`python -m dev.demo`: bring everything up, show it at work, compare. Exit 0 only if every promise was kept."""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from dev import signals
from dev import stack as stacks
from dev.demo.draining import drain, report_jobs
from dev.demo.likes import report_likes, show_likes
from dev.demo.recurring import report_recurring, show_recurring
from dev.demo.scene import Check, Scene
from dev.errors import StackError
from dev.functions import Functions

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the chapters on a temporary stack."""
    print("Bringing up Postgres 17, the Supabase API and the functions; the first time takes longest.", flush=True)
    statuses = [130]  # of a demo that a signal cuts short
    tokens = {name: secrets.token_hex(16) for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")}
    with (
        signals.ending_in_order(),
        stacks.temporary(PROJECT) as stack,
        Functions(PROJECT, stack.functions_env() | tokens) as functions,
    ):
        scene = Scene.open(stack, functions)
        scene.say(f"{len(stack.applied)} migrations applied, {len(functions.routes)} routes served at {functions.url}")
        _play(scene)
        scene.db.close()
        statuses.append(_verdict(scene.checks))
    return statuses[-1]


def _play(scene: Scene) -> None:
    """Show each chapter, drain the queue, and compare."""
    wanted = show_likes(scene)
    show_recurring(scene)
    drain(scene)
    report_likes(scene, wanted)
    report_recurring(scene)
    report_jobs(scene)


def _verdict(checks: Sequence[Check]) -> int:
    broken = [check for check in checks if not check.kept]
    for check in broken:
        print(f"BROKEN: {check.promise}: {check.seen}", file=sys.stderr)
    print(f"{len(checks) - len(broken)} promises kept, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"demo: {error}")
