"""Every command and every SQL in the documents is executed: here, or by the test that is named for it."""

import re

import psycopg
import pytest

from tests.conftest import PROJECT, Connect

PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CLAUDE.md", "SECURITY.md", "dev/README.md")),
    *sorted((PROJECT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^ *```(?:sh|sql|bash|shell|console)\n *(.*)", re.MULTILINE)
INLINE = re.compile(r"`((?:select|insert|update|delete|alter|drop|grant|revoke) [^`]+)`")
# Who executes a block, by its page and how it begins; or why nobody does.
BLOCKS = {
    "README.md: make demo": "tests/repo/test_makefile.py",
    "docs/deploy.md: select vault.create_secret": "tests/stack/test_waking.py",
    "docs/deploy.md: select queue_private.wake_worker": "tests/stack/test_waking.py",
    "docs/deploy.md: select cron.schedule": "tests/stack/test_waking.py",
    "docs/deploy.md: select cron.unschedule": "tests/stack/test_waking.py",
    "CONTRIBUTING.md: make test": "tests/repo/test_makefile.py",
    "docs/adopt.md: make rehearse": "tests/repo/test_makefile.py",
    "docs/adopt.md: supabase db dump": "not executed: needs Docker; test_rehearse.py loads what it prints",
    "docs/adopt.md: make install-into": "tests/repo/test_makefile.py",
    "docs/adopt.md: select split_part(image_url": "tests/sql/test_adopt_document.py",
    "docs/adopt.md: alter policy": "tests/sql/test_adopt_document.py",
    "docs/adopt.md: select jsonb_pretty(queue_diagnostics": "tests/sql/test_adopt_document.py",
    "docs/adopt.md: select old.post_id, old.likes": "tests/sql/test_adopt_document.py",
    "docs/cli.md: make setup": "tests/repo/test_makefile.py",
    "docs/cli.md: queue status": "tests/cli/test_document.py",
    "docs/cli.md: $ queue": "tests/cli/test_document.py",
    "docs/extend.md: -- announce_comment": "dev/check/extend.py",
    "docs/extend.md: -- congratulate_authors": "dev/check/extend.py",
    "docs/extend.md: -- most_liked_posts": "dev/check/extend.py",
    "docs/extend.md: make schema types openapi": "dev/check/extend.py",
    "docs/extend.md: make check": "tests/repo/test_makefile.py",
    "docs/extend.md: make test": "tests/repo/test_makefile.py",
    "docs/extend.md: select * from public.enqueue_job": "dev/check/extend.py",
    "docs/extend.md: . ./.env.local": "dev/check/extend.py",
    "docs/frontend.md: npm install": "not executed: it is typed in the app's own folder",
    "docs/frontend.md: drop trigger tell_likes": "tests/sql/test_documented_sql.py",
    "docs/jobs.md: select count(*) from public.enqueue_jobs": "tests/jobs/test_docs.py",
    "docs/performance.md: make bench": "tests/repo/test_makefile.py",
    "docs/tracing.md: OTEL_": "not executed: these are settings of an environment",
}


def test_each_block_is_executed_by_a_test() -> None:
    """One that is new needs a test, or a reason, in BLOCKS; one that is gone must not stay there."""
    found = [f"{page.relative_to(PROJECT)}: {start}" for page in PAGES for start in BLOCK.findall(page.read_text())]
    assert [start for start in found if not any(start.startswith(known) for known in BLOCKS)] == []
    assert [known for known in BLOCKS if not any(start.startswith(known) for start in found)] == []
    named = [test for test in BLOCKS.values() if not test.startswith("not executed: ")]
    assert [test for test in named if not (PROJECT / test).is_file()] == []


def test_each_make_command_of_the_documents_is_a_target() -> None:
    """tests/repo/test_makefile.py shows that each target runs its program."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    written = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert written - targets == set()


def documented() -> list[tuple[str, str]]:
    """Every statement that a page shows within a line."""
    return [
        (page.relative_to(PROJECT).as_posix(), statement)
        for page in PAGES
        for statement in INLINE.findall(page.read_text())
    ]


@pytest.mark.parametrize(("page", "statement"), documented())
def test_what_a_page_says_in_a_line_works(connect: Connect, page: str, statement: str) -> None:
    """As the owner of the database in Supabase's SQL editor, with ids in the place of the dots."""
    filled = statement.replace("'…'", "'00000000-0000-4000-8000-000000000001'")
    if re.fullmatch(r"update [\w.]+", filled):
        filled += " set name = name"
    db = connect(autocommit=False)
    db.execute("set local search_path = public, extensions")
    db.execute(filled.encode())
    db.rollback()


def test_live_counts_are_removed_as_the_page_says(connect: Connect) -> None:
    """And can be applied again afterwards."""
    connect("admin").execute((PROJECT / "tests/likes/realtime.sql").read_bytes())
    option = (PROJECT / "supabase/optional/live_counts.sql").read_bytes()
    [removal] = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs/frontend.md").read_text(), re.DOTALL)
    db = connect()
    db.execute(option)
    db.execute(removal.encode())
    left = db.execute("select count(*) from pg_proc where proname in ('tell_likes', 'send_likes')").fetchone()
    assert left == (0,)
    db.execute(option)


def test_a_broken_statement_would_be_seen(connect: Connect) -> None:
    """A check that cannot fail proves nothing."""
    with pytest.raises(psycopg.errors.UndefinedFunction):
        connect().execute("select cancel_every_job('00000000-0000-4000-8000-000000000001')")
    assert INLINE.findall("run `select cancel_job('…')`, then") == ["select cancel_job('…')"]
