"""The one door to Supabase: a method for each database function, of the same name, plus Auth.

The only module that imports supabase, and the only one that knows SQLSTATEs. It must not know what a job is:
rows come and go as JSON. Every call ends within `timeout_s`; none is retried here.
"""

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError
from storage3.types import FileOptions
from supabase import AsyncClient, AsyncClientOptions
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from lib.errors import Conflict, DatabaseRejected, DatabaseTimeout, DatabaseUnavailable, InvalidInput, NotAuthenticated

type Row = dict[str, Any]

CALL_TIMEOUT_S = 3.0

# What the check constraints of background_jobs mean to whoever enqueues.
_RULES = {
    "background_jobs_payload_is_an_object": ("payload", "must be a JSON object"),
    "background_jobs_payload_at_most_64_kib": ("payload", "must be at most 64 KiB of JSON"),
    "background_jobs_payload_at_most_64_deep": ("payload", "must be nested at most 64 levels deep"),
    "background_jobs_sync_names_a_post": ("payload", "must have a post_id that is a UUID"),
    "background_jobs_priority_0_to_10": ("priority", "must be from 0 to 10"),
    "background_jobs_max_attempts_1_to_25": ("max_attempts", "must be from 1 to 25"),
    "background_jobs_scheduled_for_in_years_1_to_9999": ("scheduled_for", "must be in the years 1 to 9999"),
    "background_jobs_key_1_to_255": ("idempotency_key", "must have 1 to 255 characters"),
}

# What the SQLSTATEs of our own functions mean. 22xxx: data exceptions; 23514: a check constraint.
_INVALID = ("22", "23514")
_NUL = {"22021", "22P05"}
# "Not now": down or starting, and, undone by Postgres, a lock that was not to be had, a deadlock, a serialization.
_DOWN = {"57P01", "57P02", "57P03", "53300", "PGRST000", "PGRST001", "PGRST002", "PGRST003"}
_LATER = _DOWN | {"55P03", "40P01", "40001"}
# The status of a reply whose body is not PostgREST's: a gateway or a proxy in front of it says that it is busy
# or down (Cloudflare's own are 520 to 530). With a JSON body of its own the reply has no code at all.
_GATEWAY_STATUS = re.compile(r"5\d\d|429|")
# The same of Storage, which has statuses of its own for "not now" (503, 544). Its 500 is what it says, each time, of a
# file that it cannot take.
_STORAGE_LATER = re.compile(r"5(?!00)\d\d|429|")
_TIMEOUTS = {"57014"}


class Database:
    """Calls the project's database functions as service_role. Safe to share between concurrent tasks."""

    def __init__(self, url: str, service_role_key: str, http: httpx.AsyncClient) -> None:
        self._client = AsyncClient(
            url,
            service_role_key,
            AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False),
        )
        self.storage = Storage(self._client, url)

    async def call(self, function: str, arguments: Mapping[str, Any], timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """Call one function and return its JSON.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected, Conflict, InvalidInput: see lib.errors.
        """
        try:
            async with asyncio.timeout(max(0.0, min(timeout_s, CALL_TIMEOUT_S))):
                return (await self._client.rpc(function, dict(arguments)).execute()).data
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DatabaseTimeout(function, "no answer in time") from error
        except httpx.HTTPError as error:
            raise DatabaseUnavailable(function, type(error).__name__) from error
        except APIError as error:
            # Without its cause, whose details may show a row: a traceback is in the log.
            raise _translate(function, error) from None

    # -- jobs

    async def enqueue_job(self, job: Row) -> Row:
        """Add one job, or find the one that holds its key. Returns {id, created, status}."""
        rows: list[Row] = await self.call("enqueue_job", job)
        return rows[0]

    async def enqueue_jobs(self, jobs: Sequence[Row]) -> list[Row]:
        """Add up to 1,000 jobs, all or none. Returns {position, id, created, status} in the order given."""
        rows: list[Row] = await self.call("enqueue_jobs", {"jobs": list(jobs)})
        return rows

    async def find_jobs(self, job_ids: Sequence[UUID]) -> list[Row]:
        """Active and ended jobs by id."""
        rows: list[Row] = await self.call("find_jobs", {"job_ids": [str(job_id) for job_id in job_ids]})
        return rows

    async def list_jobs(
        self, status: str | None, job_type: str | None, page_size: int, before_id: UUID | None
    ) -> list[Row]:
        """Active and ended jobs, the newest id first."""
        before = None if before_id is None else str(before_id)
        rows: list[Row] = await self.call(
            "list_jobs", {"wanted_status": status, "wanted_type": job_type, "page_size": page_size, "before_id": before}
        )
        return rows

    async def redrive_jobs(self, job_ids: Sequence[UUID] | None, job_type: str | None) -> list[str]:
        """Enqueue dead jobs anew, each once. Returns the new jobs' ids."""
        ids = None if job_ids is None else [str(job_id) for job_id in job_ids]
        new_ids: list[str] = await self.call("redrive_jobs", {"job_ids": ids, "job_type": job_type})
        return new_ids

    async def cancel_jobs(self, job_ids: Sequence[UUID]) -> list[str]:
        """End pending jobs without running them. Returns the ids of those that were cancelled."""
        ids: list[str] = await self.call("cancel_jobs", {"job_ids": [str(job_id) for job_id in job_ids]})
        return ids

    async def pause_job_type(self, job_type: str) -> bool:
        """Stop claiming this type. False when it was paused before."""
        changed: bool = await self.call("pause_job_type", {"job_type": job_type})
        return changed

    async def resume_job_type(self, job_type: str) -> bool:
        """Claim this type again. False when it was not paused."""
        changed: bool = await self.call("resume_job_type", {"job_type": job_type})
        return changed

    async def settle_and_claim(
        self,
        worker_id: str,
        outcomes: Sequence[Row],
        max_jobs: int,
        job_types: Sequence[str] | None,
        *,
        lease_s: int,
        timeout_s: float,
    ) -> Row:
        """Settle and claim, of all types unless said, in one transaction. Returns {settled: [{id, answer}], claimed:
        [job]}."""
        arguments = {
            "worker_id": worker_id,
            "outcomes": list(outcomes),
            "max_jobs": max_jobs,
            "job_types": None if job_types is None else list(job_types),
            "lease_seconds": lease_s,
        }
        row: Row = await self.call("settle_and_claim", arguments, timeout_s)
        return row

    async def settle_jobs(self, worker_id: str, outcomes: Sequence[Row], timeout_s: float) -> list[Row]:
        """Settle. Returns {id, answer}; safe to repeat."""
        rows: list[Row] = await self.call(
            "settle_jobs", {"worker_id": worker_id, "outcomes": list(outcomes)}, timeout_s
        )
        return rows

    async def claim_isolated_job(
        self, worker_id: str, job_types: Sequence[str] | None, *, lease_s: int, timeout_s: float
    ) -> list[Row]:
        """Lease one job that must run alone, of any type unless said: no row or one."""
        types = None if job_types is None else list(job_types)
        arguments = {"worker_id": worker_id, "job_types": types, "lease_seconds": lease_s}
        rows: list[Row] = await self.call("claim_isolated_job", arguments, timeout_s)
        return rows

    async def rescue_expired_jobs(self, max_jobs: int, timeout_s: float) -> Row:
        """Take back jobs whose lease ran out. Returns {requeued, dead}."""
        rows: list[Row] = await self.call("rescue_expired_jobs", {"max_jobs": max_jobs}, timeout_s)
        return rows[0]

    # -- the worker's runs and schedules

    async def start_worker_run(self, worker_id: str, trigger: str, budget_ms: int, timeout_s: float) -> Row:
        """Record the start. Returns {run_id, isolated_types}."""
        row: Row = await self.call(
            "start_worker_run", {"worker_id": worker_id, "trigger": trigger, "budget_ms": budget_ms}, timeout_s
        )
        return row

    async def finish_worker_run(self, run_id: int, stop_reason: str, counts: Row, timeout_s: float) -> bool:
        """Record the end. False when it was recorded before."""
        done: bool = await self.call(
            "finish_worker_run", {"run_id": run_id, "stop_reason": stop_reason, "counts": counts}, timeout_s
        )
        return done

    async def due_schedules(self, timeout_s: float) -> list[Row]:
        """Schedules that are due or not planned yet."""
        rows: list[Row] = await self.call("due_schedules", {}, timeout_s)
        return rows

    async def fire_schedule(self, name: str, slot: str | None, next_run: str, timeout_s: float) -> str | None:
        """Enqueue a schedule's slot, once. Returns the job's id, None when another run was first."""
        job_id: str | None = await self.call(
            "fire_schedule", {"name": name, "slot": slot, "next_run": next_run}, timeout_s
        )
        return job_id

    async def fail_schedule(self, name: str, error: str, timeout_s: float) -> None:
        """Keep why a schedule cannot be planned."""
        await self.call("fail_schedule", {"name": name, "error": error}, timeout_s)

    # -- likes

    async def like_states(self, post_ids: Sequence[UUID], session_id: str) -> list[Row]:
        """{post_id, liked, likes} of the posts that exist."""
        rows: list[Row] = await self.call(
            "like_states", {"post_ids": [str(post_id) for post_id in post_ids], "session_id": session_id}
        )
        return rows

    async def set_like(self, post_id: UUID, session_id: str, liked: bool) -> list[Row]:
        """{liked, likes}, or no row when there is no such post."""
        rows: list[Row] = await self.call(
            "set_like", {"post_id": str(post_id), "session_id": session_id, "liked": liked}
        )
        return rows

    async def toggle_like(self, post_id: UUID, session_id: str) -> list[Row]:
        """{liked, likes}, or no row when there is no such post."""
        rows: list[Row] = await self.call("toggle_like", {"post_id": str(post_id), "session_id": session_id})
        return rows

    async def sync_post_like_counts(self, post_ids: Sequence[UUID], timeout_s: float) -> list[Row]:
        """{post_id, likes}: likes is None for a post that is gone; a post that is busy has no row."""
        rows: list[Row] = await self.call(
            "sync_post_like_counts", {"target_post_ids": [str(post_id) for post_id in post_ids]}, timeout_s
        )
        return rows

    async def audit_like_counts(self, after_post_id: UUID | None, max_posts: int, timeout_s: float) -> Row:
        """Ask for the missing syncs of one page of posts. Returns {checked, drifting, last_post_id}."""
        after = None if after_post_id is None else str(after_post_id)
        rows: list[Row] = await self.call(
            "audit_like_counts", {"after_post_id": after, "max_posts": max_posts}, timeout_s
        )
        return rows[0]

    # -- posts and their images

    async def create_post(self, user_id: UUID, caption: str | None, image_url: str) -> Row:
        """Add a post and its image job in one transaction. Returns {post, job_id}."""
        row: Row = await self.call("create_post", {"user_id": str(user_id), "caption": caption, "image_url": image_url})
        return row

    async def list_posts(self, sort: str, max_posts: int, after_key: str | None, after_id: UUID | None) -> list[Row]:
        """One page of posts, sort "new" or "hot", each with its sort_key; after those of the page's predecessor."""
        after = None if after_id is None else str(after_id)
        rows: list[Row] = await self.call(
            "list_posts", {"sort": sort, "max_posts": max_posts, "after_key": after_key, "after_id": after}
        )
        return rows

    async def post_exists(self, post_id: UUID) -> bool:
        """Whether there is such a post."""
        exists: bool = await self.call("post_exists", {"post_id": str(post_id)})
        return exists

    async def store_post_image(self, post_id: UUID, source_url: str, image: Row) -> str:
        """Store {width, height, blurhash, webp_url, jpeg_url}. Returns stored, gone or outdated."""
        answer: str = await self.call("store_post_image", {"post_id": str(post_id), "source_url": source_url, **image})
        return answer

    async def store_post_thumbnails(self, post_id: UUID, source_url: str, thumbnails: Sequence[Row]) -> str:
        """Store many {size, width, height, url}. Returns stored, gone or outdated."""
        answer: str = await self.call(
            "store_post_thumbnails",
            {"post_id": str(post_id), "source_url": source_url, "thumbnails": list(thumbnails)},
        )
        return answer

    async def recompute_rankings(self, max_posts: int, timeout_s: float) -> Row:
        """Rank the newest posts. Returns {ranked, changed, removed}."""
        rows: list[Row] = await self.call("recompute_rankings", {"max_posts": max_posts}, timeout_s)
        return rows[0]

    # -- notifications

    async def add_notification(self, job_id: UUID, redrive_of: UUID | None, notification: Row) -> UUID:
        """Add {user_id, title, body, url}, once for each job and the jobs redriven from it. Returns its id."""
        redriven = None if redrive_of is None else str(redrive_of)
        found: str = await self.call(
            "add_notification", {"job_id": str(job_id), "redrive_of": redriven, **notification}
        )
        return UUID(found)

    async def undelivered_pushes(self, notification_id: UUID, max_subscriptions: int) -> list[Row]:
        """{subscription_id, endpoint, p256dh, auth} of the user's browsers that it was not pushed to yet."""
        rows: list[Row] = await self.call(
            "undelivered_pushes",
            {"notification_id": str(notification_id), "max_subscriptions": max_subscriptions},
        )
        return rows

    async def record_push(self, notification_id: UUID, subscription_id: UUID, status: int) -> None:
        """This push has ended."""
        await self.call(
            "record_push",
            {"notification_id": str(notification_id), "subscription_id": str(subscription_id), "status": status},
        )

    async def remove_push_subscription(self, subscription_id: UUID) -> None:
        """The push service no longer knows it."""
        await self.call("remove_push_subscription", {"subscription_id": str(subscription_id)})

    # -- cleaning up

    async def delete_expired(self, kind: str, older_than_days: int, max_rows: int, timeout_s: float) -> int:
        """Delete old rows of one kind. Returns how many."""
        deleted: int = await self.call(
            "delete_expired",
            {"kind": kind, "older_than_days": older_than_days, "max_rows": max_rows},
            timeout_s,
        )
        return deleted

    async def find_orphaned_images(self, max_objects: int, timeout_s: float) -> Row:
        """Look at the next files of post-images. Returns {examined, orphans}."""
        rows: list[Row] = await self.call("find_orphaned_images", {"max_objects": max_objects}, timeout_s)
        return rows[0]

    # -- what the queue says of itself

    async def queue_stats(self) -> Row:
        """The queue in numbers."""
        row: Row = await self.call("queue_stats", {})
        return row

    async def queue_health(self, timeout_s: float = CALL_TIMEOUT_S) -> Row:
        """Whether the queue works."""
        row: Row = await self.call("queue_health", {}, timeout_s)
        return row

    # -- Auth

    async def get_user(self, access_token: str) -> Row:
        """The user that Supabase Auth says the token is of: {id, app_metadata}.

        Raises:
            NotAuthenticated: Auth does not accept the token.
            DatabaseUnavailable, DatabaseTimeout: Auth does not answer.
        """
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                reply = await self._client.auth.get_user(access_token)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DatabaseTimeout("auth.get_user", "no answer in time") from error
        except (AuthRetryableError, httpx.HTTPError) as error:
            raise DatabaseUnavailable("auth.get_user", type(error).__name__) from error
        except AuthApiError as error:
            # Auth gives its verdict on a token a code. What has none is a gateway's word, a wrong API key for one.
            if error.code and error.status in (401, 403, 404):
                raise NotAuthenticated("the access token is not valid") from error
            raise DatabaseUnavailable("auth.get_user", f"{error.message} ({error.status})") from error
        except (AuthError, ValueError) as error:
            # Not Auth's own words: a page of whatever stands before it.
            raise DatabaseUnavailable("auth.get_user", type(error).__name__) from error
        if reply is None:
            raise NotAuthenticated("the access token is not valid")
        return {"id": reply.user.id, "app_metadata": reply.user.app_metadata}


class Storage:
    """The files in Supabase Storage's public buckets. Part of Database, which makes it."""

    def __init__(self, client: AsyncClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/")

    def public_url(self, bucket: str, name: str) -> str:
        """Where anyone gets the file."""
        return f"{self._url}/storage/v1/object/public/{bucket}/{name}"

    async def upload(self, bucket: str, name: str, content: bytes, content_type: str, cache_control: str) -> str:
        """Put a file there, in place of one of the same name. Returns its public URL.

        cache_control: what follows `max-age=` in the header.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected: see lib.errors.
        """
        options: FileOptions = {"content-type": content_type, "cache-control": cache_control, "upsert": "true"}
        await _storage_call("storage.upload", self._client.storage.from_(bucket).upload(name, content, options))
        return self.public_url(bucket, name)

    async def remove(self, bucket: str, names: Sequence[str]) -> int:
        """Remove files; one that is not there is no error. Returns how many were.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected: see lib.errors.
        """
        return len(await _storage_call("storage.remove", self._client.storage.from_(bucket).remove(list(names))))


async def _storage_call[T](function: str, call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await call
    except (TimeoutError, httpx.TimeoutException) as error:
        raise DatabaseTimeout(function, "no answer in time") from error
    except httpx.HTTPError as error:
        raise DatabaseUnavailable(function, type(error).__name__) from error
    except StorageApiError as error:
        status = str(error.status)
        if _STORAGE_LATER.fullmatch(status):
            raise DatabaseUnavailable(function, f"{error.message} ({status})") from error
        raise DatabaseRejected(function, error.message, status) from error


def _translate(
    function: str, error: APIError
) -> Conflict | InvalidInput | DatabaseUnavailable | DatabaseTimeout | DatabaseRejected:
    """What a PostgREST error means here."""
    code, message = str(error.code or ""), str(error.message or "no message")
    if code == "PT409":
        return Conflict(message)
    if code in _TIMEOUTS:
        return DatabaseTimeout(function, message)
    if code in _LATER or code.startswith("08") or _GATEWAY_STATUS.fullmatch(code):
        return DatabaseUnavailable(function, message)
    if code in _NUL:
        return InvalidInput("text", "must not contain U+0000, which Postgres cannot store")
    if code.startswith(_INVALID):
        broken = next((rule for constraint, rule in _RULES.items() if constraint in message), None)
        return InvalidInput(*broken) if broken else InvalidInput(function, message)
    return DatabaseRejected(function, message, code)
