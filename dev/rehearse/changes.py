"""What an adoption changed, read from what the migrations note, and from what clients may do before and after."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

type Db = psycopg.Connection[tuple[Any, ...]]
# Who may do what with which table, or with its column.
type Right = tuple[str, str, str, str]

RIGHTS: LiteralString = """
    select client, c.relname::text, privilege, ''
    from pg_class as c, unnest(array['anon', 'authenticated']) as client, unnest(%(privileges)s::text[]) as privilege
    where c.oid = any (%(tables)s::regclass[]) and has_table_privilege(client, c.oid, privilege)
    union all
    select client, c.relname::text, privilege, a.attname::text
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
      unnest(array['anon', 'authenticated']) as client, unnest(array['SELECT', 'INSERT', 'UPDATE']) as privilege
    where c.oid = any (%(tables)s::regclass[]) and has_column_privilege(client, c.oid, a.attnum, privilege)
"""
ROW_LEVEL: LiteralString = (
    "select relname::text from pg_class where oid = any (%(tables)s::regclass[]) and relrowsecurity"
)
REPAIRED: LiteralString = """
    select table_name, reason, count(*) from queue_private.repaired_rows group by 1, 2 order by 1, 2
"""
# As keep_old_likes.sql has it: second ratings, which went, had been counted too.
LIKES: LiteralString = """
    select count(*), count(*) filter (where each.lost > 0),
      coalesce(sum(each.lost) filter (where each.lost > 0), 0)::bigint
    from (
      select old.likes - old.ratings - count(again.id) as lost
      from queue_private.old_likes as old
      left join queue_private.repaired_rows as again
        on again.reason = 'a second rating of the same session' and again.removed ->> 'post_id' = old.post_id::text
      group by old.post_id
    ) as each
"""
NOTED: LiteralString = """
    select added, kind, table_name, make from queue_private.app_changes
    where step = 'migrations' and kind <> 'trigger state' order by added, place desc, make
"""
TRIGGERS: LiteralString = "select trigger_name, function_name from queue_private.disabled_triggers order by 1"
MADE: LiteralString = "select table_name from queue_private.adopted_tables where not existed order by 1"
TABLES = ("posts_new", "post_ratings", "comments")
# Of columns are SELECT, INSERT and UPDATE, too.
OF_TABLES = ("DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that makes a part of a table of the app's, which came or went."""

    added: bool
    kind: str
    table: str
    make: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that became of an app's tables. repaired: (table, reason, rows).

    wrong, higher: like counts; lost: likes that never had a rating.
    """

    repaired: list[tuple[str, str, int]]
    wrong: int
    higher: int
    lost: int
    switched_off: list[tuple[str, str]]
    likes_are: str
    made: list[str]
    lost_rights: set[Right]
    noted: list[Change]


def rights(database: Db) -> set[Right]:
    """Return what anon and authenticated may do with the app's tables by privileges."""
    values = {"tables": existing(database), "privileges": list(OF_TABLES)}
    return set(database.execute(RIGHTS, values).fetchall())


def existing(database: Db) -> list[str]:
    """Return which of the app's tables are there."""
    query: LiteralString = "select name from unnest(%s::text[]) as name where to_regclass(name) is not null"
    return [name for (name,) in database.execute(query, [[f"public.{each}" for each in TABLES]])]


def read(database: Db, rights_before: Iterable[Right]) -> Changes:
    """Read them after the migrations."""
    ((wrong, higher, lost),) = database.execute(LIKES).fetchall()
    ((mode,),) = database.execute("select mode from queue_private.like_writes").fetchall()
    return Changes(
        repaired=database.execute(REPAIRED).fetchall(),
        wrong=wrong,
        higher=higher,
        lost=lost,
        switched_off=database.execute(TRIGGERS).fetchall(),
        likes_are="ignored and counted" if mode == "transitional" else "refused",
        made=[name for (name,) in database.execute(MADE)],
        lost_rights=set(rights_before) - rights(database),
        noted=[Change(*row) for row in database.execute(NOTED).fetchall()],
    )
