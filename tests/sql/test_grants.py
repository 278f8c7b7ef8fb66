"""Every grant on what the migrations make, against a short list: under hosted Supabase's old defaults, which give
everything to every client, and under the new ones, which give nothing to anybody."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import Clones
from tests.sql.adopting import migrate, new_project, rows
from tests.sql.calls import Db, enqueue, value

# Nothing is granted to anybody by default, on tables, functions (public included) and sequences.
NEW_DEFAULTS = """
    alter default privileges for role postgres in schema public
    revoke all on tables from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public
    revoke all on functions from anon, authenticated, service_role;
    alter default privileges for role postgres in schema public
    revoke all on sequences from anon, authenticated, service_role;
    alter default privileges for role postgres revoke execute on functions from public
"""

READ, WRITE = {"SELECT"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}
# What clients have, the same under both. (clients, object) -> privileges; {column} for a column's.
CLIENTS = {
    ("anon, authenticated", "public.posts_new"): {"SELECT", "DELETE"},
    **{
        ("anon, authenticated", f"public.posts_new {{{column}}}"): {"INSERT", "UPDATE"}
        for column in ("id", "user_id", "caption", "image_url")
    },
    ("anon, authenticated", "public.comments"): READ,
    ("anon, authenticated", "public.post_images"): READ,
    ("anon, authenticated", "public.post_thumbnails"): READ,
    ("anon, authenticated", "public.post_rankings"): READ,
    ("authenticated", "public.notifications"): READ,
    ("authenticated", "public.notifications {read_at}"): {"UPDATE"},
    ("authenticated", "public.push_subscriptions"): WRITE,
}
# What the service reads and writes, at least: all tables of public that it works with.
SERVED = (
    *("background_jobs", "job_history", "job_schedules", "worker_runs", "notifications", "push_subscriptions"),
    *("posts_new", "post_ratings", "comments", "post_images", "post_thumbnails", "post_rankings"),
)

GRANTS = """
    with ours (id) as (
      select oid from pg_namespace where nspname in ('public', 'queue_private')
    ), granted (object, acl) as (
      select 'schema ' || n.nspname, coalesce(n.nspacl, acldefault('n', n.nspowner)) from pg_namespace as n
      where n.nspname = 'queue_private'
      union all
      select n.nspname || '.' || c.relname,
        coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::"char" else 'r'::"char" end, c.relowner))
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.oid in (select id from ours) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      union all
      select n.nspname || '.' || c.relname || ' {' || a.attname || '}', a.attacl
      from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
      where n.oid in (select id from ours) and a.attacl is not null and not a.attisdropped
      union all
      select p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_proc as p where p.pronamespace in (select id from ours)
    )
    select coalesce(role.rolname, 'public') as grantee, granted.object, acl.privilege_type, acl.is_grantable
    from granted
    cross join lateral aclexplode(granted.acl) as acl
    left join pg_roles as role on role.oid = acl.grantee
    where coalesce(role.rolname, 'public') <> 'postgres'
"""


@pytest.fixture(scope="module", params=["old", "new"])
def migrated(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """A database of each kind with all migrations, applied twice, role postgres."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        if request.param == "new":
            db.execute(NEW_DEFAULTS)
        migrate(db)
        migrate(db)
        yield db


def granted(db: Db, *grantees: str) -> dict[str, set[str]]:
    """What these roles have, by object."""
    found: dict[str, set[str]] = {}
    for row in rows(db, GRANTS):
        if row["grantee"] in grantees:
            assert not row["is_grantable"], row
            found.setdefault(row["object"], set()).add(row["privilege_type"])
    return found


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_clients_have_exactly_what_is_listed(migrated: Db, role: str) -> None:
    """On tables, views, columns, sequences, functions and the private schema."""
    listed = {object_: privileges for (roles, object_), privileges in CLIENTS.items() if role in roles.split(", ")}
    assert granted(migrated, role) == listed


def test_public_has_nothing_and_no_other_role_anything(migrated: Db) -> None:
    """What everybody may do, every client may. authenticator and the services of Supabase need nothing."""
    assert granted(migrated, "public") == {}
    grantees = {row["grantee"] for row in rows(migrated, GRANTS)}
    assert grantees <= {"anon", "authenticated", "service_role"}


def test_the_service_role_has_what_the_product_needs(migrated: Db) -> None:
    """Each function of public, its tables, and the private schema; and it enqueues, claims and settles."""
    grants = granted(migrated, "service_role")
    assert grants["schema queue_private"] == {"USAGE"}
    for table in SERVED:
        assert grants[f"public.{table}"] >= WRITE, table
    functions = "select p.oid::regprocedure::text as name from pg_proc as p where pronamespace = 'public'::regnamespace"
    for row in rows(migrated, functions):
        assert grants[row["name"]] == {"EXECUTE"}
    with migrated.transaction(force_rollback=True):
        migrated.execute("set local role service_role")
        migrated.execute("insert into public.posts_new (image_url) values ('https://images.example.com/a.jpg')")
        enqueue(migrated, payload={"user_id": str(uuid4()), "title": "t", "body": "b"})
        claimed = rows(migrated, "select * from public.claim_jobs('w-1', 10)")
        assert {job["job_type"] for job in claimed} == {"process_image", "send_notification"}
        for job in claimed:
            answer = value(migrated, "complete_job", job_id=job["id"], claim_token=job["claim_token"])
            assert answer == "settled"
        assert value(migrated, "queue_health")["pending_jobs"] == 0
