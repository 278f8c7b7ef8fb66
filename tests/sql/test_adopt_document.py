"""docs/adopt.md: what it prints to be run, runs."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import httpx
import pytest

from dev.install.__main__ import _parser as installer
from dev.rehearse.__main__ import _parser as rehearsal
from dev.vercel import Functions
from lib.jobs.generate_thumbnail import GenerateThumbnail
from tests.conftest import PROJECT, Clones
from tests.sql.adopting import RIGHT, attempt, existing_app, migrate
from tests.sql.calls import Db

DOCUMENT = (PROJECT / "docs/adopt.md").read_text()
USER = UUID(int=1)
TARGETS = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        clones.databases.address.control("warm", db.info.dbname)
        yield db


def blocks(language: str) -> list[str]:
    """Return the document's examples in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_its_queries_run_on_an_adopted_database(app: Db) -> None:
    """As postgres, as in the SQL editor."""
    app.execute("update public.posts_new set image_url = 'https://old.example.com/x.jpg' where caption = 'no ratings'")
    migrate(app)
    statements = [each for block in blocks("sql") for each in block.split(";") if each.strip()]
    queries = [each for each in statements if not each.startswith("alter policy")]
    assert len(queries) == 5
    for query in queries:
        assert app.execute(query.encode()).fetchall(), query


def test_its_policy_lets_users_add_their_own_posts_only(app: Db) -> None:
    """A tutorial's policy lets anybody add a post in another's name."""
    app.execute("""
        alter table public.posts_new enable row level security;
        create policy "Enable insert for all users" on public.posts_new for insert with check (true)
    """)
    migrate(app)
    (statement,) = (block for block in blocks("sql") if block.startswith("alter policy"))
    others: LiteralString = "insert into public.posts_new (user_id) values ('00000000-0000-0000-0000-000000000002')"
    own: LiteralString = "insert into public.posts_new (user_id) values ('00000000-0000-0000-0000-000000000001')"
    assert (attempt(app, "anon", others), attempt(app, "authenticated", others, USER)) == (1, 1)
    app.execute(statement.encode())
    refused = "InsufficientPrivilege"
    assert (attempt(app, "anon", others), attempt(app, "authenticated", others, USER)) == (refused, refused)
    assert attempt(app, "authenticated", own, USER) == 1


def test_its_commands_exist() -> None:
    """Targets, options of the installer, optional steps and rollbacks."""
    assert set(re.findall(r"`?make ([a-z-]+)", DOCUMENT)) <= {*TARGETS}
    for arguments in re.findall(r'ARGS="?(--[^"`\n]*)', DOCUMENT):
        words = shlex.split(arguments)
        installs = {"--dry-run", "--mode", "--prefix", "--remove", "--add"} & {*words} and "--serve" not in words
        parser, needed = (installer(), "--into") if installs else (rehearsal(), "--app")
        parser.parse_args([needed, "x", *words])
    for step in re.findall(r"--add ([a-z_]+)", DOCUMENT):
        assert (PROJECT / f"supabase/optional/{step}.sql").exists()
        assert (PROJECT / f"supabase/rollback/{step}.sql").exists()
    for file in re.findall(r"supabase/\w+/\w+\.sql", DOCUMENT):
        assert (PROJECT / file).exists()


def test_every_push_is_one_to_the_linked_project() -> None:
    """From CLI 3 on, without --remote it goes to the local database. In the pages, and in what the doctor says."""
    pages = [DOCUMENT[DOCUMENT.index("## 4.") :], (PROJECT / "docs/deploy.md").read_text()]
    told = [
        command for page in pages for command in re.findall(r"`(supabase (?:db push|migration repair)[^`]*)`", page)
    ]
    sources = [
        *(PROJECT / "supabase/migrations").glob("*_diagnose*.sql"),
        PROJECT / "lib/services/admin/queue/findings.py",
    ]
    for source in sources:
        told += re.findall(r"(?:['\"]|: )(supabase db push[^'\"]*)['\"]", source.read_text())
    assert len(told) >= 10
    assert [command for command in told if "--remote" not in command and " applied " not in command] == []


def test_every_optional_step_has_a_way_back() -> None:
    """Not one door that closes for ever."""
    steps = {file.name for file in (PROJECT / "supabase/optional").glob("*.sql")}
    assert steps <= {file.name for file in (PROJECT / "supabase/rollback").glob("*.sql")}


def test_a_feed_comes_in_one_query_of_supabase_s_client(app: Db, clones: Clones) -> None:
    """As anon, in an adopted app: images of any shape, and the squares."""
    migrate(app)
    app.execute(
        """
        insert into public.post_images (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)
        values (%(post)s, 'https://a/b', 1080, 1440, 'LVIg', 'https://w', 'https://j');
        """.replace("%(post)s", f"'{RIGHT}'").encode()
    )
    app.execute(
        "insert into public.post_thumbnails (post_id, size, width, height, url) values (%s, '320x', 320, 427, 'https://t')",
        [RIGHT],
    )
    (example,) = [block for block in blocks("ts") if "post_images" in block]
    selected = re.search(r'\.select\("([^"]+)"\)', example)
    assert selected
    env = clones.databases.address.env(app.info.dbname)
    query = {"select": selected[1].replace(" ", ""), "order": "created_at.desc", "limit": "20"}
    reply = httpx.get(
        env["SUPABASE_URL"] + "/rest/v1/posts_new", params=query, headers={"apikey": env["SUPABASE_ANON_KEY"]}
    )
    assert reply.status_code == 200, reply.text
    posts = {post["id"]: post for post in reply.json()}
    shown = posts[str(RIGHT)]
    assert shown["post_images"] == {"width": 1080, "height": 1440, "blurhash": "LVIg", "webp_url": "https://w"}
    assert shown["post_thumbnails"] == [{"size": "320x", "width": 320, "url": "https://t"}]


def test_its_payload_for_other_widths_is_one() -> None:
    """The sizes become thumbnails of the post, named as it says."""
    (text,) = re.findall(r'`(\{"imageUrl".*?\})`', DOCUMENT, re.DOTALL)
    payload = json.loads(text.replace("…", str(uuid4())))
    assert [size.width for size in GenerateThumbnail.model_validate(payload).sizes] == [320, 640]  # type: ignore[union-attr]


def test_before_the_migrations_health_says_503(app: Db, clones: Clones, tmp_path: Path) -> None:
    """Functions come first: that is right, and no crash."""
    env = clones.databases.address.functions_env(app.info.dbname)
    with Functions(PROJECT, env, log=tmp_path / "log") as functions:
        reply = httpx.get(functions.url + "/api/health/queue", timeout=30)
    assert reply.status_code == 503, reply.text
    assert reply.json()["error"]["message"] in DOCUMENT
