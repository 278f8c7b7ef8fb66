"""Calls of every function of public with arguments of their types: real ids and tokens, limits, and nonsense."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from hypothesis import strategies as st

from tests.access.world import Argument

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NOBODY = UUID("00000000-0000-4000-8000-00000000dead")
NAMES = ["sync_like_count", "process_image", "send_notification", "generate_thumbnail", "recompute_rankings"]
types = st.sampled_from(NAMES)


@dataclass(frozen=True)
class Pick:
    """A value that only the database knows: the n-th, at the time of the call, of what a query finds."""

    of: str
    at: int


# Where picks come from. A claim is a job with its token, which belong together.
POOLS: Mapping[str, LiteralString] = {
    "job": "select id from public.background_jobs union all select job_id from public.job_history order by 1",
    "claim": "select array[id, claim_token] from public.background_jobs where claim_token is not null order by 1",
    "post": "select id from public.posts_new order by 1",
    "run": "select id from public.worker_runs order by 1",
    "notification": "select id from public.notifications order by 1",
    "subscription": "select id from public.push_subscriptions order by 1",
    "schedule": "select name from public.job_schedules order by 1",
    "user": "select distinct user_id from public.push_subscriptions order by 1",
}


def pick(of: str) -> st.SearchStrategy[Any]:
    """Mostly one that is there; sometimes one that nobody has, or none."""
    there = st.builds(Pick, st.just(of), st.integers(0, 40))
    return st.one_of(there, there, there, st.sampled_from([NOBODY, None]))


texts = st.sampled_from(["w-1", "a", "", "ä☃", "%_\\'\"", "x" * 127, "x" * 300, "y" * 70_000, None]) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)
numbers = st.sampled_from([0, 1, 2, 3, 10, 30, 100, 1000]) | st.sampled_from([-1, 2**31 - 1, -(2**31), None])
moments = st.sampled_from(
    [None, NOW, NOW - timedelta(days=1), NOW + timedelta(days=900), "0001-01-01", "infinity", "4000-01-01 BC"]
)
scalars = st.none() | st.booleans() | st.sampled_from([0, 1, -1, 2.5, 1e300, "", "x", "ä", "60"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "post_id", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
# Together they have the keys that any type needs.
whole = {
    "post_id": str(NOBODY),
    "user_id": str(NOBODY),
    "image_url": "https://a",
    "title": "a",
    "body": "b",
    "sizes": [1],
}
payloads = st.sampled_from([whole, whole | {"x": [1]}, {"post_id": str(NOBODY)}, {}, {"z": "z" * 70_000}])


def sometimes(strategy: st.SearchStrategy[Any], odd: st.SearchStrategy[Any] = values) -> st.SearchStrategy[Any]:
    """Mostly of this kind, one time in five of another."""
    return st.one_of(strategy, strategy, strategy, strategy, odd)


outcomes = st.fixed_dictionaries(
    {
        "claim": pick("claim"),
        "outcome": sometimes(st.sampled_from(["completed", "failed", "snoozed", "discarded", "released"])),
    },
    optional={
        "result": values,
        "error": sometimes(texts),
        "retryable": sometimes(st.booleans()),
        "retry_in_seconds": sometimes(numbers),
        "not_counted": sometimes(st.booleans()),
        "unknown": values,
    },
)
new_jobs = st.fixed_dictionaries(
    {"job_type": sometimes(types)},
    optional={
        "payload": sometimes(payloads),
        "priority": sometimes(numbers),
        "scheduled_for": sometimes(st.sampled_from(["2026-01-01T00:00:00Z", "2099-01-01", "infinity", "tomorrow?"])),
        "idempotency_key": sometimes(st.sampled_from(["k-1", "k-2", "k" * 300])),
        "max_attempts": sometimes(numbers),
        "dedupe_seconds": sometimes(numbers),
    },
)
thumbnails = st.lists(
    st.fixed_dictionaries({"size": texts, "width": numbers, "height": numbers, "url": texts}), max_size=2
)

# Ids by the argument's name. Other arguments by their name too, where their type does not say enough; else by it.
IDS: Mapping[str, st.SearchStrategy[Any]] = {
    "job_id": pick("job"),
    "redrive_of": pick("job"),
    "before_id": pick("job"),
    "post_id": pick("post"),
    "target_post_id": pick("post"),
    "after_post_id": pick("post"),
    "after_id": pick("post"),
    "user_id": pick("user"),
    "notification_id": pick("notification"),
    "subscription_id": pick("subscription"),
    "job_ids": st.none() | st.lists(pick("job"), max_size=4),
    "wanted_ids": st.none() | st.lists(pick("job"), max_size=4),
    "post_ids": st.none() | st.lists(pick("post"), max_size=4),
    "target_post_ids": st.none() | st.lists(pick("post"), max_size=4),
}
BY_NAME: Mapping[str, st.SearchStrategy[Any]] = {
    "outcomes": sometimes(st.lists(sometimes(outcomes), max_size=4)),
    "jobs": sometimes(st.lists(sometimes(new_jobs), max_size=4)),
    "thumbnails": sometimes(thumbnails),
    "payload": sometimes(payloads),
    "run_id": st.builds(Pick, st.just("run"), st.integers(0, 9)) | numbers,
    "started_by": st.builds(Pick, st.just("run"), st.integers(0, 9)) | numbers,
    "name": sometimes(pick("schedule"), texts),
    "operator": sometimes(st.just("admin token"), texts),
    "action": sometimes(st.sampled_from(["redrive", "discard", "cancel", "delete", "pause", "resume"]), texts),
    "sort": sometimes(st.sampled_from(["hot", "new"]), texts),
    "after_key": sometimes(st.sampled_from(["1.5", "2026-01-01T00:00:00Z"]), texts),
    "kind": sometimes(
        st.sampled_from(["job_history", "worker_runs", "notifications", "push_deliveries", "like_calls"]), texts
    ),
    "trigger": sometimes(st.sampled_from(["cron", "manual", "handover", "fanout"]), texts),
    "stop_reason": sometimes(st.sampled_from(["empty", "budget", "limit", "error"]), texts),
    "session_id": sometimes(st.sampled_from(["session-of-an-example-1", "session-of-an-example-2"]), texts),
    "worker_id": sometimes(st.just("w-1"), texts),
    "max_posts": sometimes(st.sampled_from([1, 10, 50]), numbers),
    "max_jobs": sometimes(st.sampled_from([1, 3, 10]), numbers),
    "lease_seconds": sometimes(st.sampled_from([10, 30, 600]), numbers),
    "max_rows": st.sampled_from([1, 10, 100, 0, -1, None]),
}
BY_TYPE: Mapping[str, st.SearchStrategy[Any]] = {
    "uuid": pick("job"),
    "uuid[]": st.none() | st.lists(pick("job"), max_size=4),
    "text": texts,
    "text[]": st.none() | st.lists(st.sampled_from([*NAMES, "no_such_type", None]), max_size=3),
    "integer": numbers,
    "bigint": numbers,
    "boolean": st.sampled_from([True, False, None]),
    "jsonb": values,
    "timestamp with time zone": moments,
    "job_type": st.none() | types,
    "job_type[]": st.none() | st.lists(types | st.none(), max_size=3),
    "job_status": st.sampled_from([None, "pending", "processing", "failed", "completed", "dead"]),
}


def arguments_of(arguments: list[Argument]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for a function's arguments; one that is optional may be left out. A job's token comes with its id."""
    needed: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for each in arguments:
        named = IDS if each.type.startswith("uuid") else BY_NAME
        strategy = named.get(each.name, BY_TYPE[each.type])
        (needed if each.needed else optional)[each.name] = strategy
    if "claim_token" in needed:
        needed |= {"job_id": st.just("of the claim"), "claim_token": pick("claim")}
    return st.fixed_dictionaries(needed, optional=optional)


def resolved(value: Any, find: Callable[[Pick], Any]) -> Any:
    """Put what is there now in the place of each pick; a claim in a settlement becomes its two keys."""
    match value:
        case Pick():
            return find(value)
        case {"claim": claim, **others} if not isinstance(claim, str):
            job_id, token = find(claim) if isinstance(claim, Pick) else (claim, claim)
            return {"id": job_id, "claim_token": token} | resolved(others, find)
        case dict():
            return {key: resolved(each, find) for key, each in value.items()}
        case list():
            return [resolved(each, find) for each in value]
        case _:
            return value


def as_json(value: Any) -> str:
    """A jsonb argument as text; ids are texts in it."""
    return json.dumps(value, default=str)
