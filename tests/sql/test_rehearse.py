"""`make rehearse` tells what an adoption changes, on a database like the app's, and proves the way back."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from rich.console import Console

from dev.diagnose.scene import OLD_APP
from dev.doctor import Finding
from dev.doctor.names import BY_HAND
from dev.errors import StackError
from dev.install import manifest
from dev.paths import PROJECT
from dev.rehearse import dump, report, serving, words
from dev.rehearse.__main__ import advice, main
from dev.rehearse.app import App
from dev.rehearse.changes import Changes
from dev.rehearse.rehearsal import Rehearsal, adopt, go_back, make_app, optional_steps, rehearse
from dev.rehearse.scripts import ScriptError, parts
from dev.rehearse.verdict import judge
from dev.rehearse.wayback import Remains
from dev.supabase import migrations
from tests.conftest import Clones
from tests.sql.adopting import EXISTING_APP, new_project

DUMP = r"""
\restrict abc
set check_function_bodies = false;
COPY auth.users (instance_id, id, of_another_version) FROM stdin;
\N	10000000-0000-4000-8000-000000000001	1
\.

COPY public.posts_new (id, caption, likes, author) FROM stdin;
00000000-0000-0000-0000-00000000000a	from ; a	70	10000000-0000-4000-8000-000000000001
00000000-0000-0000-0000-00000000000b	\N	0	\N
\.

COPY public.profiles (id, name) FROM stdin;
10000000-0000-4000-8000-000000000001	as it was
\.

insert into public.post_ratings (post_id, session_id) values ('00000000-0000-0000-0000-00000000000a', 'session-d');
SELECT pg_catalog.setval('public.tickets', 42, true);
\unrestrict abc
"""
# As `supabase db dump --data-only` prints it: in the order of names, with Supabase's own tables of another version.
USER = "10000000-0000-4000-8000-000000000001"
CLI_DUMP = r"""
SET session_replication_role = replica;

--
-- PostgreSQL database dump
--

-- \restrict abc

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Data for Name: users; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

INSERT INTO "auth"."users" ("instance_id", "id", "of_another_version") VALUES
	(NULL, '10000000-0000-4000-8000-000000000001', 1);


INSERT INTO "public"."post_ratings" ("post_id", "session_id") VALUES
	('00000000-0000-0000-0000-00000000000a', 'session-d');


INSERT INTO "public"."posts_new" ("id", "caption", "likes", "author") VALUES
	('00000000-0000-0000-0000-00000000000a', 'from ; a', 70, '10000000-0000-4000-8000-000000000001'),
	('00000000-0000-0000-0000-00000000000b', NULL, 0, NULL);


INSERT INTO "public"."profiles" ("id", "name") VALUES
	('10000000-0000-4000-8000-000000000001', 'as it was');


SELECT pg_catalog.setval('"auth"."refresh_tokens_id_seq"', 7, true);


SELECT pg_catalog.setval('"public"."tickets"', 42, true);

-- \unrestrict abc

RESET ALL;
"""
# A trigger that makes what the dump has, too.
PEOPLE = """
create sequence tickets;
create table profiles (id uuid primary key references auth.users (id), name text);
create function new_profile() returns trigger language plpgsql security definer as $$
begin
  insert into public.profiles (id) values (new.id);
  return new;
end
$$;
create trigger on_user after insert on auth.users for each row execute function new_profile();
alter table posts_new add column author uuid references auth.users (id);
"""
# What a first draft has besides its tables: a trigger that enqueues likes, with its owner's rights; a function of the
# app's that enqueues; a pg_cron job; and things under names of ours.
DRAFT: LiteralString = """
    create type job_status as enum ('pending', 'done');
    create table notifications (id bigint generated always as identity, body text, status job_status);
    create function enqueue_like_sync() returns trigger language plpgsql security definer as $$
    begin
      insert into background_jobs (job_type, payload)
      values ('sync_like_count', json_build_object('postId', new.post_id));
      return new;
    end
    $$;
    create trigger on_rating after insert on post_ratings for each row execute function enqueue_like_sync();
    create function share_post(post uuid) returns void language sql security definer as $$
      update posts_new set updated_at = now() where id = post;
      insert into background_jobs (job_type) values ('shared');
    $$;
    create extension pg_cron;
    select cron.schedule('work', '* * * * *', 'select reset_stuck_jobs()');
    select cron.schedule('greet', '* * * * *', 'select 1');
    insert into posts_new (id, likes) values ('00000000-0000-0000-0000-00000000000a', 0);
    insert into background_jobs (job_type) values ('waits');
"""
LIKE: LiteralString = """
    insert into post_ratings (post_id, session_id) values ('00000000-0000-0000-0000-00000000000a', 'session-of-anon')
"""
NOTHING_CHANGED = Changes([], 0, 0, 0, [], "refused", [], set(), [])


@pytest.fixture
def url(clones: Clones, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database."""
    with new_project(clones, request) as url:
        yield url


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with migrations, a seed and a dump."""
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    (tmp_path / "package.json").write_text("{}")
    (folder / "20240101000000_app.sql").write_bytes(EXISTING_APP.read_bytes())
    (tmp_path / "supabase/seed.sql").write_text("insert into public.posts_new (caption, likes) values ('seeded', 3);")
    return tmp_path


def told(rehearsal: Rehearsal, *, width: int = 400, verbose: bool = False) -> str:
    """Return the report. A file gets no blanks at the ends of its lines."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    report.show(console, rehearsal, judge(rehearsal), verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert [line for line in said.splitlines() if line.endswith(" ")] == []
    return said


def in_silence(_: str) -> None:
    """Take no note of progress."""


def test_it_says_what_changes_and_that_the_way_back_leaves_nothing(app: Path, url: str) -> None:
    """Rows, counts, rules and clients in words; which faults go by themselves; what to do by hand, and what next."""
    done = Rehearsal(App.found_in(app), url)
    rehearse(done, in_silence)
    said = told(done)
    for line in (
        "1 migration and seed.sql made its database in ",
        "- 2 rows of post_ratings move to queue_private.repaired_rows: a second rating of the same session.",
        "- 3 of them were higher by 14 likes that never had a rating.",
        "- What clients write to likes is ignored and counted.",
        "lose MAINTAIN, REFERENCES, TRIGGER and TRUNCATE on comments and posts_new.",
        "post_ratings: one row for each post_id and session_id",
        "Then the schema is what it was, and so are the app's rows.",
        "The app can adopt the queue.\n",
        "1. Decide whether 14 likes without ratings shall stay.",
        "2. Take the ",
        "`supabase db reset` applies it after all migrations, which refuse them.",
        f"    $ make install-into DIR={app} ARGS=--dry-run",
    ):
        assert line in said, line
    mended, left = said.split("2. What")[0].split("1 fault is left as it is")
    assert "a session's second one" in mended.split("faults are mended by the migrations:")[1]
    assert "may read session ids" in left
    assert "--add close_direct_ratings" in said.split("3. The doctor afterwards")[1]
    assert judge(done).exit_code == 0
    assert "+ alter table" not in said
    assert "+ alter table public.post_ratings add constraint" in told(done, verbose=True)
    assert max(len(line) for line in told(done, width=80).splitlines() if "$ " not in line) <= 80


def test_a_draft_moves_out_of_the_way_and_people_can_still_like(url: str, tmp_path: Path) -> None:
    """The SQL that is printed, as a migration of the app's. The draft's trigger would write to our table, by name."""
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    for file in OLD_APP.glob("supabase/migrations/*.sql"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "20250701000000_draft.sql").write_text(DRAFT)
    (tmp_path / "supabase/seed.sql").write_text("update background_jobs set attempts = 1;")
    stopped = Rehearsal(App.found_in(tmp_path), url)
    make_app(stopped, in_silence)
    assert stopped.taken is not None
    said = told(stopped)
    assert "The app cannot adopt the queue yet: 6 names of the queue are taken." in said
    assert stopped.taken.mend in said
    names = "claim_jobs, complete_job, fail_job, reset_stuck_jobs, background_jobs, notifications and job_status"
    assert f"2. Search the app's code for {names}: " in said
    assert "4. Change supabase/seed.sql: it is applied after that, and names background_jobs.\n" in said
    with psycopg.connect(url) as database:
        database.execute(stopped.taken.mend.encode())

    moved = Rehearsal(stopped.app, url)
    before = adopt(moved, in_silence)
    with psycopg.connect(url, autocommit=True) as database:
        with database.transaction():
            database.execute("set local role anon")
            database.execute(LIKE)
        (likes,) = one(database, "select sync_post_like_count('00000000-0000-0000-0000-00000000000a')")
        assert likes == 1
        database.execute("select share_post('00000000-0000-0000-0000-00000000000a')")
        database.execute("select draft.reset_stuck_jobs()")
        assert one(database, "select array_agg(jobname) from cron.job") == (["greet"],)
        in_draft = one(database, "select array_agg(job_type order by job_type) from draft.background_jobs")
        assert in_draft == (["shared", "waits"],)
    go_back(moved, before, in_silence)
    assert moved.remains is not None
    assert (moved.remains.lacking, moved.remains.left) == ([], [])
    # What was done since stays done.
    assert moved.remains.tables == ["public.posts_new", "public.post_ratings"]


def one(database: psycopg.Connection, query: LiteralString) -> tuple[object, ...]:
    """Return the one row of a query."""
    (row,) = database.execute(query).fetchall()
    return tuple(row)


@pytest.mark.parametrize("rows", [CLI_DUMP, DUMP])
def test_a_dump_stands_for_all_rows(app: Path, url: str, rows: str) -> None:
    """As `supabase db dump --data-only` and pg_dump write it: no triggers, no order of tables, and none of Supabase's.

    A post refers to a user, who is there then.
    """
    (app / "supabase/migrations/20240102000000_people.sql").write_text(PEOPLE)
    (app / "rows.sql").write_text(rows)
    done = Rehearsal(App.found_in(app, [app / "rows.sql"]), url)
    rehearse(done, in_silence)
    assert (done.failure, not done.remains) == (None, True)
    with psycopg.connect(url) as database:
        assert one(database, "select array_agg(caption order by caption) from posts_new") == (["from ; a", None],)
        assert one(database, "select array_agg(session_id) from post_ratings") == (["session-d"],)
        assert one(database, "select array_agg(id::text) from auth.users") == ([USER],)
        assert one(database, "select array_agg(name) from profiles") == (["as it was"],)
        assert one(database, "select nextval('tickets')") == (43,)
        owner = one(database, "select pg_get_userbyid(relowner) from pg_class where oid = 'posts_new'::regclass")
        assert owner == ("postgres",)
    assert "2 migrations and rows.sql made its database" in told(done)


def test_a_dump_that_does_not_fit_is_refused_with_its_statement(app: Path, url: str) -> None:
    """Columns may have been made in the dashboard; and a dump of a schema's functions has no rows."""
    (app / "rows.sql").write_text("insert into public.posts_new (colour) values ('red');")
    found = App.found_in(app, [app / "rows.sql"])
    with pytest.raises(ScriptError, match="in the statement: insert into public") as refused:
        make_app(Rehearsal(found, url), in_silence)
    assert f'ARGS="--dump {app.parent}/schema.sql --dump {app}/rows.sql"' in advice(refused.value, found)
    (app / "rows.sql").write_text("host")
    with pytest.raises(ScriptError, match="syntax error") as refused:
        dump.load(make_conninfo(url, user="supabase_admin"), app / "rows.sql")
    assert advice(refused.value, found).startswith("A dump is SQL with rows only")
    (app / "rows.sql").write_text("insert into auth.users (id) values (gen_random_uuid());")
    with pytest.raises(StackError, match="has no rows of schema public"):
        dump.load(make_conninfo(url, user="supabase_admin"), app / "rows.sql")


def test_what_is_applied_is_recorded(app: Path, url: str) -> None:
    """As `supabase db push` does, for the doctor reads it: the live database's says the same."""
    done = Rehearsal(App.found_in(app), url, optional_steps(["strict_likes"]))
    make_app(done, in_silence)
    adopt(done, in_silence)
    with psycopg.connect(url) as database:
        recorded = database.execute("select name from supabase_migrations.schema_migrations").fetchall()
    ours = [each.name for each in migrations.found_in(PROJECT)]
    assert sorted(name for (name,) in recorded) == sorted(["app", *ours, "strict_likes"])


def test_a_monorepo_is_rehearsed_from_its_root_and_from_its_app(app: Path, tmp_path: Path) -> None:
    """supabase/ lies above the app, in the same repository; what the installer put there is not the app's."""
    root = tmp_path / "mono"
    web = root / "apps/web"
    web.mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "package.json").write_text("{}")
    (web / "package.json").write_text('{"dependencies": {"next": "16"}}')
    (app / "supabase").rename(root / "supabase")
    ours = root / "supabase/migrations/20250101000000_reserved_names.sql"
    ours.touch()
    installed = manifest.Migration(installed_as=ours.name, checksum="")
    choices = manifest.Choices(mode="two-projects", supabase="../../supabase")
    kept = manifest.Manifest(choices=choices, migrations={"x": installed})
    (web / manifest.FILE_NAME).write_text(kept.dumps())
    for given in (root, web):
        found = App.found_in(given)
        assert (found.folder, found.project) == (web, root)
        assert [each.name for each in found.migrations] == ["app"]
        assert found.scripts == [root / "supabase/seed.sql"]
        assert found.schema == tmp_path / "schema.sql"
    assert App.found_in(root).notes == [f"The Next.js app is {web}: `make install-into` wants that folder."]


def test_make_calls_a_verdict_no_error(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Make would print "Error 1" below it. For programs the exit code says it, and that nothing was rehearsed."""
    (app / "supabase/migrations/20240101000000_app.sql").write_text("select 1;")
    (app / "supabase/seed.sql").unlink()
    assert [main(["--app", str(app), *more]) for more in ([], ["--exit-zero"])] == [1, 0]
    assert "cannot adopt the queue yet" in capfd.readouterr().out
    assert main(["--app", str(app / "gone"), "--exit-zero"]) == 2


def test_optional_steps_are_rehearsed_too(app: Path, url: str) -> None:
    """What they close is closed, and the way back undoes them as well."""
    done = Rehearsal(App.found_in(app), url, optional_steps(["strict_likes", "close_direct_ratings"]))
    rehearse(done, in_silence)
    assert done.after == []
    assert "What clients write to likes is refused." in told(done)
    assert "anon and authenticated lose DELETE, " in told(done)
    assert not done.remains
    with pytest.raises(StackError, match="no optional step strict; there are close_direct_ratings, keep_old_likes,"):
        optional_steps(["strict"])


def test_an_app_without_these_tables_has_nothing_to_adopt(url: str, tmp_path: Path) -> None:
    """They were made in Supabase's dashboard, say: all would look well."""
    (tmp_path / "supabase/migrations").mkdir(parents=True)
    (tmp_path / "supabase/migrations/20240101000000_app.sql").write_text("create table todo (id integer);")
    done = Rehearsal(App.found_in(tmp_path), url)
    rehearse(done, in_silence)
    assert (done.warnings, not done.remains) == ([], True)
    said = told(done)
    assert "cannot adopt the queue yet: its migrations make none of posts_new, post_ratings, comments" in said
    assert f'$ make rehearse DIR={tmp_path} ARGS="--dump {tmp_path.parent}/schema.sql"' in said
    assert "0 triggers" not in said


def test_a_migration_of_ours_that_stops_is_a_verdict(app: Path, url: str) -> None:
    """With what the migration says is to be done."""
    (app / "supabase/seed.sql").write_text("create table notes (rating integer references post_ratings (id));")
    done = Rehearsal(App.found_in(app), url)
    rehearse(done, in_silence)
    said = told(done)
    assert "The app cannot adopt the queue yet: 20261124060010_app_repair.sql stops, post_ratings has ratings" in said
    assert "1. Remove second ratings of one session, and ratings without a post or a session, yourself first." in said
    assert f"$ make rehearse DIR={app}" in said
    assert judge(done).exit_code == 1


@pytest.mark.parametrize(
    ("name", "whose"), [("20270105090100_announce_comment.sql", "this checkout"), (None, "the app's own")]
)
def test_who_mends_a_migration_that_stops(app: Path, name: str | None, whose: str) -> None:
    """One that somebody added to the checkout is theirs; a released one never changes."""
    folder = PROJECT / "supabase/migrations"
    stopped = folder / name if name else migrations.found_in(PROJECT)[0].file
    done = Rehearsal(App.found_in(app), "", failure=ScriptError(stopped, psycopg.Error("no such column"), None, ""))
    (step,) = judge(done).before
    assert whose in step


def test_old_likes_that_were_kept_in_a_rehearsal_are_kept_in_what_comes_next(app: Path) -> None:
    """That was the decision."""
    lost = Changes([], 1, 1, 7, [], "refused", [], set(), [])
    kept = judge(Rehearsal(App.found_in(app), "", optional_steps(["keep_old_likes"]), changes=lost))
    assert kept.before == []
    assert kept.next == [f'make install-into DIR={app} ARGS="--dry-run --add keep_old_likes"']
    asked = judge(Rehearsal(App.found_in(app), "", changes=lost))
    (asked_for,) = asked.before
    assert asked_for.startswith("Decide whether 7 likes without ratings shall stay.")
    assert asked_for.endswith("in step 2, or in step 4 after looking.")


def test_an_app_that_has_the_queue_is_not_asked_again(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What it decided is rehearsed with it. What this checkout has more is installed next."""
    keys = [each.file.name for each in migrations.found_in(PROJECT)]
    optional = ["optional/keep_old_likes.sql", "optional/strict_likes.sql", "optional/of_another_checkout.sql"]
    for missing, said in (
        (0, "  Next:\n    $ make doctor\n"),
        (1, f"  Next:\n    $ make install-into DIR={app} ARGS=--dry-run\n    $ make doctor\n"),
    ):
        known = {key: manifest.Migration(installed_as=key, checksum="") for key in [*keys[missing:], *optional]}
        kept = manifest.Manifest(choices=manifest.Choices(mode="two-projects"), migrations=known)
        (app / manifest.FILE_NAME).write_text(kept.dumps())
        assert main(["--app", str(app)]) == 0
        printed = capfd.readouterr().out
        assert "\n  The app has the queue already (with keep_old_likes and strict_likes).\n" in printed
        assert "--add strict_likes" not in printed  # which the doctor says of an app whose likes are not refused yet
        assert printed.endswith(said)
        assert "Decide whether" not in printed


def test_a_bucket_alone_is_no_draft(app: Path) -> None:
    """There is no SQL, so it needs no migration."""
    mend = f"{BY_HAND}an earlier adoption left the bucket post-images: delete it in Storage."
    taken = Finding("names_taken", "high", "migrations", "these names are taken: bucket post-images", mend)
    said = told(Rehearsal(App.found_in(app), "", before=[taken], seconds={"app": 0}))
    assert "  1. An earlier adoption left the bucket post-images: delete it in Storage.\n" in said
    assert said.endswith(f"  Next:\n    $ make rehearse DIR={app}\n")
    assert "SQL" not in said


def test_apps_in_folders_of_one_name_have_files_of_their_own(tmp_path: Path) -> None:
    """Both may be served at once."""
    one, other = (serving.env_file_of(tmp_path / name / "app") for name in ("one", "other"))
    assert one != other
    assert one.name.startswith("rehearsed-app-")
    assert serving.env_file_of(tmp_path / "one/../one/app") == one


def test_policies_that_the_old_front_end_needs_are_mended_later(app: Path) -> None:
    """A tutorial's let anybody write: without them the old front end cannot like."""
    found = [
        Finding(code, "high", "public.post_ratings", "", "") for code in ("policy_open", "policy_open", "jobs_stuck")
    ]
    done = Rehearsal(App.found_in(app), "", after=found)
    serious, policies = judge(done).before
    assert serious == "1 serious finding stays: mend it as part 3 says, before or after the adoption."
    assert policies.startswith(
        "2 policies let anybody change rows. Mend them as part 3 says, but when the old front end "
    )


def test_something_left_behind_is_a_failure(app: Path) -> None:
    """It is named, and a long list is cut."""
    done = Rehearsal(App.found_in(app), "", seconds={"app": 0, "back": 0})
    done.remains = Remains(["a grant"], [f"index {number}" for number in range(11)], ["public.comments"])
    assert judge(done).exit_code == 1
    said = told(done)
    assert "- lacking: a grant" in said
    assert "index 9" not in said
    assert "... and 3 more: ARGS=--verbose shows them." in said
    assert "- other rows: public.comments" in told(done, verbose=True)


def test_a_broken_file_is_named_with_the_statement(app: Path, url: str) -> None:
    """And what Postgres says, and what can be done."""
    (app / "supabase/seed.sql").write_text("select ';';\n\n-- a; b\ninsert into nowhere\nvalues (1); select 2")
    with pytest.raises(ScriptError) as refused:
        rehearse(Rehearsal(App.found_in(app), url), in_silence)
    assert str(refused.value).splitlines() == [
        f'{app}/supabase/seed.sql:4: relation "nowhere" does not exist',
        "  in the statement: insert into nowhere values (1)",
    ]
    (app / "supabase/migrations/20230101000000_maps.sql").write_text("create extension postgis")
    with pytest.raises(ScriptError) as lacking:
        rehearse(Rehearsal(App.found_in(app), url), in_silence)
    found = App.found_in(app, without=["supabase/migrations/20230101000000_maps.sql"])
    assert "lacks the extension postgis" in advice(lacking.value, found)
    assert 'ARGS="--without 20230101000000_maps.sql"' in advice(lacking.value, found)
    assert [each.file.name for each in found.migrations] == ["20240101000000_app.sql"]


def test_what_is_no_app_is_refused(tmp_path: Path, app: Path) -> None:
    """Each with what would be right."""
    empty, monorepo, bare = (tmp_path / name for name in ("empty", "monorepo", "bare"))
    for folder in (empty, monorepo / "apps/one", monorepo / "apps/two", bare):
        folder.mkdir(parents=True)
        if folder.parent.name == "apps":
            (folder / "package.json").write_text('{"dependencies": {"next": "16"}}')
    (bare / "package.json").write_text("{}")
    for folder, said in (
        (tmp_path / "gone", "there is no folder"),
        (Path(), "is a checkout of the queue"),
        (empty, "has neither a package.json nor supabase/migrations"),
        (monorepo, f"Is it DIR={monorepo}/apps/one\\?"),
        (bare, f"supabase db dump --remote -f {tmp_path}/schema.sql"),
    ):
        with pytest.raises(StackError, match=said):
            App.found_in(folder)
    dump = tmp_path / "rows.sql"
    for content, said in (
        (None, "--dump: there is no file"),
        (" \n", "is empty, as a dump is that failed. `supabase db dump` needs Docker"),
        ("PGDMP\1", f"pg_restore -f rows.sql {dump}` makes it SQL"),
    ):
        if content is not None:
            dump.write_text(content)
        with pytest.raises(StackError, match=said):
            App.found_in(app, [dump])
    with pytest.raises(StackError, match=r"--without: supabase/migrations has no b\.sql"):
        App.found_in(app, without=["b.sql"])


def test_a_dump_of_the_schema_stands_for_the_migrations(app: Path) -> None:
    """Both would make the tables twice."""
    (app / "schema.sql").write_text('CREATE TABLE IF NOT EXISTS "public"."posts_new" (id uuid);')
    (app / "rows.sql").write_text(DUMP)
    found = App.found_in(app, [app / "rows.sql", app / "schema.sql"])
    assert (found.migrations, found.scripts, found.rows) == ([], [app / "schema.sql"], [app / "rows.sql"])
    assert "left out" in found.notes[0]
    assert "rows.sql lies in the app's repository" in found.notes[1]


def test_one_is_no_plural() -> None:
    """0, 1 and 2 of each."""
    assert [words.count(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.rows(NOTHING_CHANGED) == ["No row is moved."]
    assert words.counts(NOTHING_CHANGED) == ["Each like count is the number of its ratings already."]
    once = Changes([("comments", "no such post", 1)], 1, 1, 1, [], "refused", [], set(), [])
    assert words.rows(once) == ["1 row of comments moves to queue_private.repaired_rows: no such post."]
    assert words.counts(once)[0] == "1 like count was not the number of its ratings, and is now."
    doubles = Changes([("post_ratings", "twice", 1)], 2, 0, 0, [], "refused", [], set(), [])
    assert words.counts(doubles) == ["2 like counts were not the number of their ratings that stay, and are now."]
    lost = {("anon", "comments", "TRUNCATE", ""), ("authenticated", "posts_new", "TRUNCATE", "")}
    apart = Changes([], 0, 0, 0, [], "refused", [], lost, [])
    assert words.clients(apart)[1:] == [
        "anon loses TRUNCATE on comments.",
        "authenticated loses TRUNCATE on posts_new.",
    ]
    assert words.counts(once)[1].startswith("It had 1 like that never had a rating. ")


def test_a_dump_is_split_at_its_rows() -> None:
    """A text without COPY stays whole, without psql's own commands."""
    assert [rows.count("\n") for _, rows in parts(DUMP) if rows is not None] == [1, 2, 1]
    assert len([rows for _, rows in parts(DUMP) if rows is None]) == 2
    assert list(parts("select 1;\n\\unrestrict abc\n")) == [("select 1;\n\n", None)]
