"""`python -m dev.demo`: bring everything up, show it at work, compare. Exit 0 only if every promise was kept."""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.demo.draining import drain, report_jobs
from dev.demo.images import report_images, show_images
from dev.demo.likes import report_likes, show_likes
from dev.demo.push import PushService, push_service, report_push, show_push
from dev.demo.rankings import report_rankings, show_rankings
from dev.demo.recurring import report_recurring, show_recurring
from dev.demo.scene import Check, Scene
from dev.demo.user import sign_up
from dev.demo.waking import show_waking
from dev.errors import StackError
from dev.process import signals
from dev.supabase import temporary
from dev.supabase.background import Background
from dev.vercel import Functions
from lib.cli.words import plural

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the chapters on a temporary stack."""
    print("Bringing up Postgres 17, the Supabase API and the functions; the first time takes longest.", flush=True)
    statuses = [130]  # of a demo that a signal cuts short
    env = {name: secrets.token_hex(16) for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")}
    # All sessions of the demo share one address.
    env |= {"LIKES_PER_MINUTE_PER_ADDRESS": "0"}
    with (
        signals.ending_in_order(),
        push_service() as pushes,
        temporary(PROJECT) as stack,
        Background(stack.address),
        Functions(PROJECT, stack.functions_env() | env | pushes.environment) as functions,
    ):
        scene = Scene.open(stack, functions)
        scene.say(f"{len(stack.applied)} migrations applied, {len(functions.routes)} routes served at {functions.url}")
        _play(scene, pushes)
        scene.db.close()
        statuses.append(_verdict(scene.checks))
    return statuses[-1]


def _play(scene: Scene, pushes: PushService) -> None:
    """Show each chapter, drain the queue, and compare."""
    wanted = show_likes(scene)
    sleeper = show_rankings(scene)
    user = sign_up(scene)
    post_id = show_images(scene, user)
    show_push(scene, user, pushes)
    show_recurring(scene)
    drain(scene)
    report_likes(scene, wanted)
    report_images(scene, post_id)
    report_push(scene, user, pushes)
    report_recurring(scene)
    report_rankings(scene, sleeper)
    show_waking(scene)
    report_jobs(scene)


def _verdict(checks: Sequence[Check]) -> int:
    broken = [check for check in checks if not check.kept]
    for check in broken:
        print(f"BROKEN: {check.promise}: {check.seen}", file=sys.stderr)
    print(f"{plural(len(checks) - len(broken), 'promise')} kept, {len(broken)} broken")
    print("See a queue and mend it: `make dev`, then the dashboard whose address it prints (docs/dashboard.md).")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"demo: {error}")
