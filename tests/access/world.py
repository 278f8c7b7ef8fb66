"""Who tries what: strangers' clients of the API, what the database has, and what a reply says about an attempt."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import httpx
from psycopg import sql

from tests.sql.calls import Db

# Rows of another user, Anne, or of nobody: one at least in every table of public.
SEED = b"""
    insert into public.posts_new (id, user_id, caption, image_url)
    values ('00000000-0000-4000-8000-000000000001', 'ANNE', 'of Anne', 'https://images.example.com/a.jpg');
    insert into public.comments (post_id) values ('00000000-0000-4000-8000-000000000001');
    insert into public.post_ratings (post_id, session_id)
    values ('00000000-0000-4000-8000-000000000001', 'the-session-of-anne');
    insert into public.post_images (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)
    values ('00000000-0000-4000-8000-000000000001', 'https://a', 1, 1, 'x', 'https://w', 'https://j');
    insert into public.post_thumbnails
    values ('00000000-0000-4000-8000-000000000001', '150', 1, 1, 'https://t');
    select * from public.recompute_rankings();
    insert into public.operator_actions (operator, action, changed) values ('admin token', 'cancel', 1);
    insert into public.notifications (user_id, title, body) values ('ANNE', 'Hello', 'x');
    insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)
    values ('ANNE', 'https://push.example.com/1', 'x', 'x');
    select public.start_worker_run(worker_id => 'w-1', trigger => 'cron', budget_ms => 8000);
    select public.complete_job(claimed.id, claimed.claim_token)
    from public.claim_jobs('w-1', 1) as claimed;
    select public.enqueue_job('recompute_rankings');
    select public.change_job_type(operator => 'admin token', action => 'pause', job_type => 'process_image');
"""


@dataclass(frozen=True)
class Argument:
    """An argument of a function: `type` as SQL writes it."""

    name: str
    type: str
    needed: bool


@dataclass(frozen=True)
class World:
    """`clients`: anon, with the publishable key alone; user, who is signed in and owns no row; service."""

    db: Db
    clients: Mapping[str, httpx.Client]

    def names(self, query: LiteralString) -> list[str]:
        """Return the one text column of a query."""
        return [str(next(iter(row.values()))) for row in self.db.execute(query).fetchall()]

    @property
    def relations(self) -> list[str]:
        """Every table and view that the API could serve."""
        return self.names(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm', 'f') order by 1"
        )

    def columns(self, relation: str) -> list[str]:
        """The columns of a table or view, without those that nobody can set."""
        found = self.db.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
            " and attgenerated = '' and attidentity <> 'a' order by attnum",
            [f"public.{relation}"],
        )
        return [row["attname"] for row in found]

    @property
    def functions(self) -> dict[str, list[Argument]]:
        """Every function that the API could serve, with its arguments."""
        return functions_of(self.db)

    @property
    def related(self) -> list[tuple[str, str]]:
        """Tables that one can embed in the other, in both directions."""
        found = self.db.execute(
            "select conrelid::regclass::text as from_table, confrelid::regclass::text as to_table from pg_constraint"
            " where contype = 'f' and connamespace = 'public'::regnamespace"
        ).fetchall()
        pairs = {(row["from_table"], row["to_table"]) for row in found}
        return sorted(pair for pair in pairs | {(to, of) for of, to in pairs} if not any("." in name for name in pair))

    def rows(self) -> dict[str, list[str]]:
        """Every row of every table of ours, the private ones too."""
        tables = self.db.execute(
            "select relnamespace::regnamespace::text as schema, relname from pg_class"
            " where relnamespace::regnamespace::text in ('public', 'queue_private') and relkind = 'r'"
        ).fetchall()
        return {
            ".".join(table.values()): sorted(
                str(row["each"])
                for row in self.db.execute(
                    sql.SQL("select each::text from {}.{} as each").format(*map(sql.Identifier, table.values()))
                )
            )
            for table in tables
        }


def functions_of(db: Db) -> dict[str, list[Argument]]:
    """Every function of public that is no trigger, with its arguments in their order."""
    found = db.execute(
        "select p.proname, a.name, format_type(a.type, null) as type, a.at <= p.pronargs - p.pronargdefaults as needed"
        " from pg_proc as p left join lateral unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[])"
        " with ordinality as a (name, type, at) on true"
        " where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype order by 1, a.at"
    ).fetchall()
    functions: dict[str, list[Argument]] = {row["proname"]: [] for row in found}
    for row in found:
        if row["name"]:
            functions[row["proname"]].append(Argument(row["name"], row["type"], row["needed"]))
    return functions


def verdict(reply: httpx.Response) -> str:
    """What became of an attempt: denied, hidden (no row was there for it), or how it got through."""
    body: Any = reply.json() if reply.content else None
    if reply.is_error:
        code = body.get("code") if isinstance(body, dict) else None
        return "denied" if code == "42501" and reply.status_code in (401, 403) else f"{reply.status_code} {code}"
    return f"{len(body)} rows" if isinstance(body, list) and body else "hidden"


@contextmanager
def client_of(env: Mapping[str, str], token: str) -> Iterator[httpx.Client]:
    """A browser's client: the publishable key, and who it speaks for."""
    headers = {"apikey": env["SUPABASE_ANON_KEY"], "Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=env["SUPABASE_URL"], headers=headers) as client:
        yield client


def sign_up(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return a new user's id and access token."""
    reply = httpx.post(
        f"{env['SUPABASE_URL']}/auth/v1/signup",
        headers={"apikey": env["SUPABASE_ANON_KEY"]},
        json={"email": f"{name}@example.com", "password": "a-long-password"},
    ).raise_for_status()
    return str(reply.json()["user"]["id"]), str(reply.json()["access_token"])
