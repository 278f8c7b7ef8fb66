# ruff: noqa: S608 - faults are SQL made of constants
"""The doctor's findings, each with a fault that makes it: what a database's owner may have done, in SQL.

Each fault is one transaction of a superuser, and is rolled back. others: what the same fault causes besides.
"""

from dataclasses import dataclass

POST = "00000000-0000-0000-0000-0000000000aa"
A_POST = f"insert into posts_new (id) values ('{POST}');"
A_RUN = """insert into worker_runs (worker_id, trigger, budget_ms, started_at, finished_at, stop_reason, known_types)
    values ('w', 'cron', 8000, now() - interval '{ago}', {end}, {reason}, {types});"""
ALL_TYPES = "enum_range(null::job_type)::text[]"


def a_run(ago: str = "1 second", *, ended: bool = True, types: str = ALL_TYPES) -> str:
    """A run that started so long ago."""
    end, reason = (f"now() - interval '{ago}'", "'empty'") if ended else ("null", "null")
    return A_RUN.format(ago=ago, end=end, reason=reason, types=types)


def a_job(due: str = "0 seconds", columns: str = "", values: str = "", job_type: str = "process_image") -> str:
    """A pending job that has been due for so long, with more columns."""
    return (
        f"insert into background_jobs (job_type, scheduled_for {columns})"
        f" values ('{job_type}', now() - interval '{due}' {values});"
    )


@dataclass(frozen=True)
class Fault:
    """What was done, and what the doctor says to it."""

    code: str
    done: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.code


PUSHED = """
    insert into notifications (id, user_id, title, body)
    select gen_random_uuid(), '00000000-0000-0000-0000-0000000000bb', 'Hello', '' from generate_series(1, 3);
    insert into push_subscriptions (user_id, endpoint, p256dh, auth)
    values ('00000000-0000-0000-0000-0000000000bb', 'https://push.example/1', 'p', 'a');
    select record_push(n.id, s.id, 403, s.endpoint) from notifications as n, push_subscriptions as s
"""
COUNTER = """
    create function count_like() returns trigger language plpgsql as
    $$ begin update posts_new set likes = likes + 1 where id = new.post_id; return null; end $$;
    create trigger count_like after insert on post_ratings for each row execute function count_like()
"""
ENQUEUER = """
    create function ask_for_work() returns trigger language plpgsql as
    $$ begin insert into background_jobs (job_type) values ('process_image'); return null; end $$;
    create trigger ask_for_work after insert on posts_new for each row execute function ask_for_work()
"""
OPEN_CLAIM = """
    create function my_claim() returns void language sql as
    $$ update background_jobs set status = 'processing' where status = 'pending' $$
"""
A_WIDE_INDEX = """
    insert into posts_new (caption) select string_agg(md5(n::text || m::text), '') from generate_series(1, 1500) as n,
      generate_series(1, 30) as m group by n;
    create index captions on posts_new (caption)
"""
OLD_TRANSACTION = """
    create or replace function queue_private.oldest_transaction(moment timestamptz) returns jsonb language sql as
    $$ select '{"pid": 1, "role": "app", "state": "idle in transaction", "open_seconds": 400}'::jsonb $$
"""
CHANGED_CHECK = """
    alter table background_jobs drop constraint background_jobs_priority_0_to_10,
      add constraint background_jobs_priority_0_to_10 check (priority between 0 and 99)
"""
UNCHECKED = """
    alter table background_jobs drop constraint background_jobs_priority_0_to_10,
      add constraint background_jobs_priority_0_to_10 check (priority between 0 and 10) not valid
"""
RATED_TWICE = f"""
    alter table post_ratings drop constraint post_ratings_post_id_session_id_key; {A_POST}
    insert into post_ratings (post_id, session_id) select '{POST}', 'a-session-0123456789' from generate_series(1, 2)
"""
LEASED = ", claim_token, worker_id, lease_expires_at, started_at, attempts, status"
LEASE_VALUES = ", gen_random_uuid(), 'w', now() - interval '1 minute', now(), 1, 'processing'"
A_DEAD_JOB = """
    insert into job_history (job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
      created_at, completed_at)
    values (gen_random_uuid(), 'process_image', '{}', 'dead', 3, 3, 3, 'the host is gone', now(), now())
"""
A_PAUSE = "insert into queue_private.paused_job_types values ('process_image', now() - interval '2 hours');"
WAKING = "{wake_worker}; select vault.create_secret('https://app.example', 'worker_url');"

APPLIED = "insert into supabase_migrations.schema_migrations (version, name) values ('20990101000000', '{}');"

FAULTS = [
    # The app's rows and tables.
    Fault("duplicate_ratings", RATED_TWICE, ("ratings_not_unique", "foreign_key_without_index")),
    Fault("like_drift", f"{A_POST} update posts_new set likes = 5"),
    Fault(
        "orphaned_ratings",
        "alter table post_ratings drop constraint post_ratings_post_id_fkey;"
        "insert into post_ratings (post_id, session_id) values (gen_random_uuid(), 'a-session-0123456789')",
        ("foreign_key_missing",),
    ),
    Fault(
        "orphaned_comments",
        "alter table comments drop constraint comments_post_id_fkey;"
        "insert into comments (post_id) values (gen_random_uuid())",
        ("foreign_key_missing",),
    ),
    Fault("foreign_key_without_index", "drop index comments_post_id_idx"),
    Fault("likes_writable", "grant update on posts_new to authenticated"),
    Fault("client_may_truncate", "grant truncate on posts_new to anon"),
    Fault(
        "session_ids_public",
        "grant select on post_ratings to anon; create policy p on post_ratings for select using (true)",
    ),
    Fault("view_writable", "create view feed as select id, likes from posts_new; grant update on feed to anon"),
    Fault("policy_open", "create policy p on posts_new for delete to anon using (true)"),
    Fault(
        "policy_open", "grant delete on posts_new to anon; create policy p on posts_new using (true) with check (true)"
    ),
    Fault("policy_open", "grant delete on comments to anon; create policy p on comments for delete using (true)"),
    Fault("column_nullable", "alter table posts_new alter likes drop not null", ("column_changed",)),
    Fault("column_required", "alter table post_ratings add column rating integer not null"),
    Fault("column_required", "alter table posts_new add column title text not null"),
    Fault("counting_trigger", COUNTER),
    Fault("trigger_without_rights", ENQUEUER),
    Fault("trigger_without_rights", ENQUEUER.replace("insert on posts_new", "update of caption on posts_new")),
    # Supabase's old defaults grant it, and row level security refuses it.
    Fault(
        "trigger_without_rights",
        ENQUEUER + "; grant insert on background_jobs to anon",
        ("privilege_excess",),
    ),
    Fault("function_open", OPEN_CLAIM),
    # The work.
    Fault("expired_leases", a_run() + a_job(columns=LEASED, values=LEASE_VALUES)),
    Fault("no_run", a_job("10 minutes"), ("job_due_too_long",)),
    Fault("job_due_too_long", a_run() + a_job("10 minutes")),
    Fault("dead_jobs", A_DEAD_JOB),
    Fault("too_many_dead", f"{A_DEAD_JOB};" * 11, ("dead_jobs",)),
    Fault("paused_type_waits", a_run() + a_job("2 hours") + A_PAUSE),
    Fault("schedule_cannot_be_planned", "update job_schedules set last_error = 'no' where name = 'cleanup-expired'"),
    Fault("unknown_type", a_run(types="'{audit_like_counts}'") + a_job("10 minutes")),
    Fault("missing_type", a_run(types="'{paint_a_picture}'")),
    Fault("given_back_too_often", a_run() + a_job("-1 hour", ", deferrals", ", 50")),
    Fault("cron_stopped", a_run("20 minutes")),
    Fault("runs_killed", a_run("10 minutes", ended=False) * 3 + a_run()),
    Fault("push_key_refused", PUSHED),
    Fault("storage_refuses", a_run() + "; update worker_runs set counts = '{\"storage_refused\": 5}'"),
    # What the migrations make.
    Fault("migration_not_applied", "delete from supabase_migrations.schema_migrations where name = 'claim'"),
    Fault("optional_step_undone", APPLIED.format("live_counts")),
    Fault("optional_step_undone", APPLIED.format("wake_worker")),
    Fault("optional_step_undone", APPLIED.format("notify_of_likes")),
    Fault(
        "optional_step_undone",
        APPLIED.format("strict_likes") + "update queue_private.like_writes set mode = 'transitional'",
    ),
    Fault(
        "optional_step_undone",
        APPLIED.format("close_direct_ratings") + "grant insert (post_id) on post_ratings to anon",
    ),
    Fault("table_missing", "drop table post_rankings"),
    Fault("table_changed", "alter table background_jobs reset (autovacuum_vacuum_threshold)"),
    Fault("table_not_vacuumed", "alter table posts_new set (autovacuum_enabled = off)"),
    Fault("column_missing", "alter table worker_runs drop column hops"),
    Fault("column_changed", "alter table job_history alter worker_id set not null"),
    Fault("index_missing", "drop index job_history_key_idx"),
    Fault(
        "index_changed", "drop index job_history_key_idx; create index job_history_key_idx on job_history (worker_id)"
    ),
    Fault("index_invalid", "update pg_index set indisvalid = false where indexrelid = 'job_history_key_idx'::regclass"),
    Fault("index_redundant", "create index mine on post_ratings (post_id)"),
    Fault("index_unused", A_WIDE_INDEX),
    Fault("constraint_missing", "alter table background_jobs drop constraint background_jobs_priority_0_to_10"),
    Fault("constraint_changed", CHANGED_CHECK),
    Fault("constraint_not_validated", UNCHECKED),
    Fault(
        "ratings_not_unique",
        "alter table post_ratings drop constraint post_ratings_post_id_session_id_key",
        ("foreign_key_without_index",),
    ),
    Fault("foreign_key_missing", "alter table comments drop constraint comments_post_id_fkey"),
    Fault("trigger_missing", "drop trigger ask_for_like_sync_on_insert on post_ratings"),
    Fault("trigger_disabled", "alter table post_ratings disable trigger ask_for_like_sync_on_insert"),
    Fault("trigger_disabled", "alter table post_thumbnails disable trigger all"),
    Fault(
        "trigger_changed",
        "create or replace trigger ask_for_post_images after insert on posts_new for each row"
        " execute function queue_private.ask_for_post_images()",
    ),
    Fault("policy_missing", 'drop policy "anyone sees images" on post_images'),
    Fault("policy_changed", 'alter policy "anyone sees images" on post_images using (false)'),
    Fault("policy_unknown", "create policy mine on background_jobs for select to anon using (true)"),
    Fault("function_missing", "drop function cancel_job(uuid)"),
    Fault("function_changed", "alter function cancel_job(uuid) security definer"),
    Fault("function_overloaded", "create function cancel_job(text) returns void language sql as 'select'"),
    Fault("enum_value_missing", "delete from pg_enum where enumlabel = 'failed' and enumtypid = 'job_status'::regtype"),
    Fault("row_security_off", "alter table background_jobs disable row level security"),
    Fault("row_security_off", "alter table posts_new disable row level security"),
    Fault("publication_missing", "alter publication supabase_realtime drop table notifications"),
    # Who may do what.
    Fault("privilege_missing", "revoke delete on push_subscriptions from service_role"),
    Fault("privilege_missing", "revoke execute on function cancel_job from service_role"),
    Fault("privilege_excess", "grant execute on function claim_jobs to anon"),
    Fault("privilege_excess", "grant select on background_jobs to authenticated"),
    Fault("privilege_excess", "grant update (title) on notifications to authenticated"),
    Fault("privilege_excess", "grant usage on schema queue_private to anon"),
    Fault("check_failed", "revoke select on worker_runs from service_role", ("privilege_missing",)),
    # Postgres, and what wakes the worker.
    Fault("old_transaction", OLD_TRANSACTION, ("function_changed",)),
    Fault("setting_hurts", "set local track_counts = off"),
    Fault("setting_hurts", "set local synchronous_commit = off"),
    Fault("setting_hurts", "set local session_replication_role = replica"),
    Fault("setting_hurts", "set local default_transaction_read_only = on"),
    Fault("setting_hurts", "set local default_transaction_isolation = 'repeatable read'"),
    Fault("timeout_too_low", "alter role service_role set statement_timeout = '1500ms'"),
    Fault("timeout_too_low", "alter role authenticator set statement_timeout = '2s'"),
    Fault("secret_missing", WAKING),
    Fault("cron_job_missing", WAKING + "select cron.unschedule('suplatzigram-minute')", ("secret_missing",)),
    Fault("extension_missing", WAKING + "drop extension pg_net cascade", ("secret_missing",)),
]
