"""Each step of an adoption can be undone: the app's tables are as they were, and nothing is lost."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from dev.check.schema import describe
from dev.supabase.migrations import apply_pending
from tests.conftest import PROJECT, Clones
from tests.likes.posts import drain, drift, rate, set_like, toggle_like
from tests.sql.adopting import (
    NEVER,
    RIGHT,
    TWICE,
    UNRATED,
    add_columns_of_our_names,
    attempt,
    existing_app,
    migrate,
    rows,
)
from tests.sql.calls import Db, rpc, value

# What apps have: a tutorial's policies, keys that do not fit, counters, views, functions without a search_path.
TUTORIAL: LiteralString = """
    alter table public.posts_new enable row level security;
    create policy "Public read" on public.posts_new for select using (true);
    create policy "Anyone can like" on public.posts_new for update to anon, authenticated
      using (true) with check (true);
    create policy "Own posts" on public.posts_new as restrictive for delete to authenticated
      using (user_id = auth.uid());
    alter table public.post_ratings add constraint rated_once unique (post_id, session_id, id) deferrable;
    grant select (body), update (body) on public.comments to anon with grant option;
    revoke delete on public.comments from anon;
    create index on public.posts_new (created_at desc);
"""
COUNTER: LiteralString = """
    create function public.count_like() returns trigger language plpgsql as $$
    begin
      update posts_new set likes = likes + 1 where id = new.post_id;
      return new;
    end $$;
    create trigger count_likes after insert on public.post_ratings for each row execute function public.count_like();
    create function public.touch() returns trigger language plpgsql set search_path = public as
      $$ begin new.updated_at := '2030-01-01'; return new; end $$;
    create trigger touch before update on public.posts_new for each row execute function public.touch();
    create view public.feed as select id, caption, likes as hearts from public.posts_new;
    create view public.front as select * from public.feed;
"""
SPARSE: LiteralString = """
    alter table public.posts_new drop column user_id, drop column updated_at, alter column created_at drop not null,
      alter column created_at drop default, alter column likes set default 7;
    alter table public.post_ratings drop column created_at;
    alter table public.comments drop constraint comments_post_id_fkey;
    update public.posts_new set created_at = null where caption = 'counted right';
    update public.posts_new set created_at = 'infinity', image_url = 'javascript:x' where caption = 'no ratings';
"""
# posts_new as short as it can be.
SHORT: LiteralString = "alter table public.posts_new drop column created_at, drop column likes, drop column caption"

# What did not hold for old rows, triggers that count and date what the repair does, values that come back otherwise
# than they were, and a name of ours as a column of a table that gets columns.
UNCHECKED: LiteralString = """
    alter table public.posts_new drop column user_id, add column each integer, alter column created_at drop not null,
      alter column created_at drop default, alter column created_at type date;
    update public.posts_new set created_at = null where caption = 'counted twice';
    alter table public.post_ratings alter column session_id type char(36),
      add column details jsonb not null default 'null',
      add constraint is_long check (char_length(session_id) > 9) not valid;
    alter table public.comments drop constraint comments_post_id_fkey, add constraint of_a_post
      foreign key (post_id) references public.posts_new (id) on delete cascade not valid;
    alter table public.post_ratings add constraint of_a_post
      foreign key (post_id) references public.posts_new (id) on delete set null not valid;
    comment on constraint is_long on public.post_ratings is 'since spring';
    comment on constraint of_a_post on public.post_ratings is 'since summer';
    create function public.count_down() returns trigger language plpgsql as
      $$ begin update public.posts_new set likes = likes - 1 where id = old.post_id; return null; end $$;
    create trigger count_down after delete on public.post_ratings for each row execute function public.count_down();
    create function public.date_anew() returns trigger language plpgsql as
      $$ begin new.updated_at := '2030-01-01'; return new; end $$;
    create trigger date_anew before update on public.posts_new for each row execute function public.date_anew();
"""
# Each partition numbers its rows for itself; a session id of keep_old_likes is longer than these.
PARTITIONED: LiteralString = """
    alter table public.post_ratings rename to ratings_of_before;
    create table public.post_ratings (post_id uuid, session_id varchar(20), created_at timestamptz default now())
      partition by hash (post_id);
    create table public.ratings_0 partition of public.post_ratings for values with (modulus 2, remainder 0);
    create table public.ratings_1 partition of public.post_ratings for values with (modulus 2, remainder 1);
    insert into public.post_ratings select post_id, session_id, created_at from public.ratings_of_before;
    drop table public.ratings_of_before;
"""

# supabase/optional, but for what needs pg_cron: see test_wake_worker.py.
STEPS = ["keep_old_likes", "notify_of_likes", "live_counts", "strict_likes", "close_direct_ratings"]


# As `make schema` writes it where somebody added a job type.
A_TYPE_IS_EXPECTED: LiteralString = """
    alter function queue_private.expected_schema() rename to expected_before;
    create function queue_private.expected_schema() returns jsonb language sql as
    $$ select jsonb_set(queue_private.expected_before(), '{migration,my_type}', '"of its own"') $$
"""


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


def url(app: Db) -> str:
    """The address of its database."""
    return psycopg.conninfo.make_conninfo(app.info.dsn, password=app.info.password)


def run(app: Db, name: str) -> None:
    """Run one file of supabase/, as psql -1 does."""
    with app.transaction():
        app.execute((PROJECT / "supabase" / name).read_bytes())


def state(app: Db) -> set[str]:
    """Return every fact about the schema and every row of the app. Privileges in one order, a missing list as empty."""
    facts = {re.sub(r"\{([^{}]*=[^{}]*)\}", _in_order, fact) for fact in describe(url(app))}
    facts = {re.sub(r"access (\{\})?$", "access", fact) for fact in facts if "queue_removed" not in fact}
    # Numbers that a sequence has handed out stay so.
    found = {re.sub(r",\d*\)$", ")", fact) if fact.startswith("sequence") else fact for fact in facts}
    said = app.execute(
        "select objoid::text, description from pg_description where classoid = 'pg_constraint'::regclass"
    )
    found |= {f"comment {row['description']}" for row in said}
    for table in ("posts_new", "post_ratings", "comments"):
        whole = sql.SQL("select to_jsonb(each.*)::text as content from public.{} as each").format(sql.Identifier(table))
        found |= {f"{table} {row['content']}" for row in app.execute(whole)}
    return found


def like_and_look(app: Db) -> None:
    """Use what reads and writes the app's tables, and leave them as they were."""
    app.execute("update public.posts_new set likes = likes + 1 where id = %s", [UNRATED])  # which is ignored
    assert toggle_like(app, UNRATED, "session-of-someone") == (True, 1)
    assert rpc(app, "like_states", post_ids=[UNRATED], session_id="session-of-someone")[0]["liked"]
    drain(app)
    assert drift(app) == {}
    assert set_like(app, UNRATED, "session-of-someone", liked=False) == (False, 0)
    drain(app)
    assert rpc(app, "audit_like_counts")[0]["drifting"] == 0
    post = value(app, "create_post", user_id=None, caption="x", image_url="https://example.com/x.jpg")["post"]
    assert rpc(app, "recompute_rankings")[0]["ranked"] == 5
    for sort in ("new", "hot"):
        assert UUID(post["id"]) in {listed["id"] for listed in rpc(app, "list_posts", sort=sort, max_posts=10)}
    app.execute("delete from public.posts_new where id = %s", [post["id"]])


def _in_order(privileges: re.Match[str]) -> str:
    return "{" + ",".join(sorted(privileges[1].split(","))) + "}"


@pytest.mark.parametrize(
    "made_by_the_app", ["", TUTORIAL, COUNTER, TUTORIAL + COUNTER, SPARSE, SHORT, UNCHECKED, PARTITIONED]
)
def test_after_the_rollback_the_app_is_as_it_was(app: Db, made_by_the_app: LiteralString) -> None:
    """Schema, policies, grants and rows, whatever steps were taken; and it can be adopted again."""
    app.execute(made_by_the_app or "select")
    before = state(app)
    migrate(app)
    assert state(app) != before
    for step in STEPS:
        run(app, f"optional/{step}.sql")
    migrate(app)
    run(app, "rollback/migrations.sql")
    assert state(app) ^ before == set()
    migrate(app)
    assert drift(app) == {}


def test_columns_of_our_names_lose_nothing(app: Db) -> None:
    """Apps have a column `rating`, and one `comment`: the rows that the repair keeps are whole, and all works."""
    assert add_columns_of_our_names(app) > 200
    before = state(app)
    migrate(app)
    kept = rows(app, "select removed ? 'id' as whole, jsonb_typeof(removed) as kind from queue_private.repaired_rows")
    assert len(kept) > 5
    assert {(row["whole"], row["kind"]) for row in kept} == {(True, "object")}
    like_and_look(app)
    for step in STEPS:
        run(app, f"optional/{step}.sql")
    run(app, "rollback/migrations.sql")
    # A sync dates a post whose count it changes.
    dated = re.compile(r'"updated_at": "[^"]*"')
    assert {dated.sub("", fact) for fact in state(app)} ^ {dated.sub("", fact) for fact in before} == set()


def test_what_came_since_stays(app: Db) -> None:
    """Counts move by it; a like that was taken back is none, also where the session had rated twice."""
    migrate(app)
    for post in (RIGHT, TWICE, UNRATED):
        set_like(app, post, "session-of-someone")
    set_like(app, TWICE, "session-a", liked=False)
    drain(app)
    set_like(app, NEVER, "session-whose-sync-is-pending")
    run(app, "rollback/migrations.sql")
    found = {row["id"]: row["likes"] for row in rows(app, "select id, likes from public.posts_new")}
    assert found == {RIGHT: 3, TWICE: 9, NEVER: 2, UNRATED: 6}
    assert rows(app, "select from public.post_ratings where session_id = 'session-a' and post_id = %s", TWICE) == []
    kept = rows(app, "select content from queue_removed.rows where table_name = 'queue_private.repaired_rows'")
    assert len([row for row in kept if row["content"]["removed"]["session_id"] == "session-a"]) >= 2


def test_what_the_queue_held_is_kept_until_its_schema_is_dropped(app: Db) -> None:
    """History, notifications, subscriptions: whole rows, which no client sees."""
    migrate(app)
    set_like(app, UNRATED, "session-of-someone")
    drain(app)
    run(app, "rollback/migrations.sql")
    kept = rows(app, "select content from queue_removed.rows where table_name = 'public.job_history'")
    assert kept[0]["content"]["payload"] == {"post_id": str(UNRATED)}
    assert attempt(app, "anon", "select from queue_removed.rows") == "InsufficientPrivilege"


def test_what_the_app_s_owner_changed_meanwhile_stays(app: Db) -> None:
    """Its new policies too, and with them row level security: without it they would close nothing."""
    migrate(app)
    app.execute("""
        alter table public.posts_new add column mood text default 'fine';
        create policy "by mood" on public.posts_new for delete to anon using (mood = 'bad');
        grant delete on public.comments to service_role;
        create index moods on public.posts_new (mood);
    """)
    run(app, "rollback/migrations.sql")
    found = rows(app, "select mood from public.posts_new")
    assert {row["mood"] for row in found} == {"fine"}
    assert rows(app, "select policyname from pg_policies where tablename = 'posts_new'") == [{"policyname": "by mood"}]
    secured = rows(app, "select relname from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace")
    assert secured == [{"relname": "posts_new"}]
    assert rows(app, "select from pg_indexes where indexname = 'moods'") != []


def test_what_depends_on_the_queue_stops_its_removal(app: Db) -> None:
    """A view of the app's on our table: its owner decides. Nothing has changed then."""
    migrate(app)
    app.execute("create view public.pictures as select post_id, jpeg_url from public.post_images")
    before = state(app)
    with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="post_images"):
        run(app, "rollback/migrations.sql")
    assert state(app) == before


def test_a_set_that_failed_half_way_is_undone_too(app: Db) -> None:
    """Its last file, which notes the changes, never ran."""
    before = state(app)
    for file in sorted((PROJECT / "supabase/migrations").glob("*.sql")):
        if "app_access" in file.name:
            break
        run(app, f"migrations/{file.name}")
    run(app, "rollback/migrations.sql")
    assert state(app) ^ before == set()


@pytest.mark.parametrize("step", STEPS)
def test_each_optional_step_is_undone_by_itself(app: Db, step: str) -> None:
    """The queue stays, and the other steps."""
    migrate(app)
    run(app, "optional/notify_of_likes.sql" if step != "notify_of_likes" else "optional/close_direct_ratings.sql")
    before = state(app)
    run(app, f"optional/{step}.sql")
    assert state(app) != before
    for _ in range(2):
        run(app, f"rollback/{step}.sql")
        assert state(app) ^ before == set()


# A migration of the app's own.
OWN = "select 'of the app'"


def test_a_step_can_be_taken_again_after_its_rollback(app: Db, tmp_path: Path) -> None:
    """As `supabase db push` takes it, which passes over what its list has. The app's own of that name stay there."""
    folder = tmp_path / "supabase/migrations"
    shutil.copytree(PROJECT / "supabase/migrations", folder)
    pushed = {step: f"209901010000{place:02}_{step}.sql" for place, step in enumerate([*STEPS, "wake_worker"])}
    for step, name in pushed.items():
        (folder / f"202001010000{name[12:14]}_{step}.sql").write_text(OWN)
        shutil.copy(PROJECT / f"supabase/optional/{step}.sql", folder / name)
    apply_pending(url(app), tmp_path)
    for step, name in [*pushed.items()] * 2:
        run(app, f"rollback/{step}.sql")
        assert apply_pending(url(app), tmp_path) == [name]


@pytest.mark.parametrize("last", ["", "_app_access.sql"], ids=["whole", "half_way"])
def test_the_rollback_takes_the_queue_out_of_supabase_s_list(app: Db, tmp_path: Path, last: str) -> None:
    """All of it, whether the set was complete or not, and nothing of the app's under the same names."""
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    for name in ("20200101000000_limits.sql", "20200102000000_post_images.sql"):
        (folder / name).write_text(OWN)
    for file in sorted((PROJECT / "supabase/migrations").glob("*.sql")):
        if last and file.name.endswith(last):
            break
        shutil.copy(file, folder)
    if not last:
        shutil.copy(PROJECT / "supabase/optional/strict_likes.sql", folder / "20990101000000_strict_likes.sql")
        for name in ("20990102000000_jobs.sql", "20990103000000_like_sync.sql"):
            (folder / name).write_text(OWN)
        (folder / "20990104000000_my_type.sql").write_text("alter type public.job_type add value 'my_type';")
    own = [name for name in sorted(file.name for file in folder.iterdir()) if (folder / name).read_text() == OWN]
    apply_pending(url(app), tmp_path)
    if not last:
        app.execute(A_TYPE_IS_EXPECTED)
    run(app, "rollback/migrations.sql")
    left = rows(
        app, "select version || '_' || name || '.sql' as file from supabase_migrations.schema_migrations order by 1"
    )
    assert [row["file"] for row in left] == own


def test_the_rollback_says_only_what_is_to_be_done(app: Db) -> None:
    """Not what it did not find: a hundred notices would hide the one."""
    migrate(app)
    app.execute("insert into storage.objects (bucket_id, name) values ('post-images', 'a/b.webp')")
    said: list[str | None] = []
    app.add_notice_handler(lambda notice: said.append(notice.message_primary))
    run(app, "rollback/migrations.sql")
    assert said == [
        "the bucket post-images stays with its files: delete it in Storage, or a later adoption stops at its name"
    ]


def test_a_table_that_the_migrations_made_stays_with_its_rows(db: Db) -> None:
    """It has users' posts by now. Its triggers, which would fail, are gone."""
    post = rpc(db, "create_post", user_id=None, caption="mine", image_url=None)[0]["create_post"]["post"]["id"]
    rate(db, post)
    run(db, "rollback/migrations.sql")
    rate(db, post, "another-session-here")
    assert [row["caption"] for row in rows(db, "select caption from public.posts_new")] == ["mine"]
    assert rows(db, "select from pg_proc where pronamespace = 'public'::regnamespace") == []
