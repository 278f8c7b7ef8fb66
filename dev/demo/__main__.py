"""`python -m dev.demo`: bring everything up, show it at work, compare. Exit 0 only if every promise was kept."""

import secrets
import sys
from pathlib import Path

from dev import stack as stacks
from dev.demo.draining import drain, report_jobs
from dev.demo.likes import report_likes, show_likes
from dev.demo.scene import Scene
from dev.errors import StackError
from dev.functions import Functions

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the chapters on a temporary stack."""
    print("Bringing up Postgres 17, the Supabase API and the functions; the first time takes longest.", flush=True)
    tokens = {name: secrets.token_hex(16) for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")}
    with stacks.temporary(PROJECT) as stack, Functions(PROJECT, stack.functions_env() | tokens) as functions:
        scene = Scene.open(stack, functions)
        scene.say(f"{len(stack.applied)} migrations applied, {len(functions.routes)} routes served at {functions.url}")
        show_likes(scene)
        drain(scene)
        report_likes(scene)
        report_jobs(scene)
        scene.db.close()
    broken = [check for check in scene.checks if not check.kept]
    for check in broken:
        print(f"BROKEN: {check.promise}: {check.seen}", file=sys.stderr)
    print(f"{len(scene.checks) - len(broken)} promises kept, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
