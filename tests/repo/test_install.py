"""The installer puts the queue into an app's repository, brings it up to date, and takes it out without a trace."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev import paths
from dev.install import folders, manifest, names, routes, steps, writers
from dev.install.__main__ import main
from dev.install.manifest import Choices
from dev.supabase.migrations import found_in
from dev.vercel.project import source_regex

ROOT = Path(__file__).resolve().parents[2]
NEXT_APP = ROOT / "dev/check/next_app"
OURS = [f"/api/{name}" for name in ("admin/queue/*", "health/queue", "posts", "queue/*", "ratings")]
SUPABASE_PROXY = r"""
    export const config = {
      matcher: [
        /* all but files */
        '/((?!_next/static|_next/image|favicon.ico|.*\\.(?:svg|png|jpg|jpeg|gif|webp)$).*)',
      ],
    }
"""


MIGRATIONS = Path("supabase/migrations")
OLD_APP = ROOT / "dev/diagnose/old_app/supabase/migrations"


LOOK = names.taken


@pytest.fixture(autouse=True)
def _no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """One test asks a database for names that are taken; it is not needed for the others. No line is wrapped."""
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setattr(names, "taken", lambda project: ([], []))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A Next.js app with migrations of its own, the newest of them from the year 2030."""
    app = tmp_path / "app"
    shutil.copytree(NEXT_APP, app, ignore=shutil.ignore_patterns("node_modules", ".next"))
    (app / "supabase/migrations").mkdir(parents=True, exist_ok=True)
    (app / "supabase/migrations/20240101000000_first.sql").write_text("select 1;")
    (app / "supabase/migrations/20300101000000_newest.sql").write_text("select 1;")
    return app


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this checkout's parts, which a test may change."""
    copy = tmp_path / "checkout"
    for name in ("api", "lib", "supabase", "public"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", ".python-version", "vercel.json", ".env.example"):
        shutil.copy(ROOT / name, copy / name)
    monkeypatch.setattr(paths, "PROJECT", copy)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


def install(app: Path, *arguments: str) -> int:
    """Run the command line."""
    return main(["--into", str(app), *arguments])


def function(name: str, body: str) -> str:
    """Return a migration that makes a function."""
    return f"create or replace function public.{name}() returns void language plpgsql as $$ begin\n{body}\nend $$;"


def contents(app: Path) -> dict[str, bytes]:
    """Return every file of the app."""
    return {file.relative_to(app).as_posix(): file.read_bytes() for file in app.rglob("*") if file.is_file()}


@pytest.mark.parametrize("mode", ["one-project", "two-projects"])
def test_what_it_puts_in_it_takes_out(app: Path, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The app is as it was, to the byte, and so are its folders; and the way to roll the database back is printed."""
    before, folders = contents(app), sorted(app.rglob("*/"))
    assert install(app, "--mode", mode) == 0
    assert contents(app).items() > before.items()
    assert install(app, "--remove") == 0
    assert contents(app) == before
    assert sorted(app.rglob("*/")) == folders
    printed = capsys.readouterr().out
    assert f"-f {ROOT}/supabase/rollback/migrations.sql\n" in printed
    assert ("first delete the queue's project in Vercel" in printed) == (mode == "two-projects")


def test_a_dry_run_changes_nothing_and_names_every_file(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what the real one then does."""
    before = contents(app)
    assert install(app, "--dry-run", "--verbose") == 0
    assert contents(app) == before
    named = set(re.findall(r"^  create   (\S+)$", capsys.readouterr().out, re.MULTILINE))
    install(app)
    assert contents(app).keys() - before.keys() == named
    assert {"lib/suplatzigram/react.ts", "lib/suplatzigram/database.ts", "queue/api/ratings.py"} <= named


def test_what_it_does_is_told_by_folder(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for a hundred migrations; what comes next has the numbers of the document's sections."""
    install(app)
    told = capsys.readouterr().out
    assert re.search(r"^  created  queue/lib/ +\d+ files$", told, re.MULTILINE)
    assert re.search(
        r"^  created  supabase/migrations/ +\d+ migrations, 20300101000001 to 2030\d+$", told, re.MULTILINE
    )
    assert re.search(r"^  created  \.suplatzigram-queue\.json$", told, re.MULTILINE)
    assert told.count("  created  ") < 10
    document = (ROOT / "docs/adopt.md").read_text()
    steps_told = re.findall(r"^  (\d)\. ([A-Z][a-z ]+)[:,] ", told, re.MULTILINE)
    assert len(steps_told) == 5
    assert [f"## {number}. {name}\n" for number, name in steps_told if f"## {number}. {name}\n" not in document] == []


def test_migrations_come_after_the_app_s_in_our_order(app: Path) -> None:
    """Under versions that are times, one second apart."""
    install(app)
    ours = [file.name for file in sorted((app / MIGRATIONS).glob("*.sql"))][2:]
    assert [name.split("_", 1)[1] for name in ours] == [f"{each.name}.sql" for each in found_in(ROOT)]
    assert ours[0].startswith("20300101000001_")
    assert ours[60].startswith("20300101000101_")


def test_repeating_it_changes_nothing(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whenever it is repeated: files that are there keep their versions."""
    own = contents(app)
    install(app, "--mode", "one-project")
    after = contents(app)
    capsys.readouterr()
    assert install(app) == 0
    assert contents(app) == after
    told = capsys.readouterr().out.split("\n\n")
    migrations = len(found_in(ROOT))
    files = len(after) - len(own) - migrations - len([manifest.FILE_NAME])
    assert told == [
        f"The queue in {app} is up to date: {files} files and {migrations} migrations.",
        "What comes after an installation is in docs/adopt.md, from section 3 on.\n",
    ]


def test_an_upgrade_adds_replaces_and_deletes(app: Path, checkout: Path) -> None:
    """A new migration gets a version after all that is there; an installed one keeps its own."""
    install(app)
    (checkout / "supabase/migrations/20270101000000_later.sql").write_text("select 2;")
    (checkout / "lib/errors.py").write_text("# newer\n")
    (checkout / "lib/logs.py").unlink()
    before = contents(app)
    assert install(app) == 0
    after = contents(app)
    (added,) = after.keys() - before.keys()
    assert added.endswith("_later.sql")
    assert added > max(name for name in before if name.startswith("supabase/migrations/"))
    assert after["queue/lib/errors.py"] == b"# newer\n"
    assert before.keys() - after.keys() == {"queue/lib/logs.py"}


def test_an_optional_step_comes_last_and_stays(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under a version of its own, once; and it goes with the rest. There is nothing to deploy."""
    before = contents(app)
    install(app, "--mode", "one-project")
    capsys.readouterr()
    install(app, "--add", "keep_old_likes")
    assert "Deploy" not in capsys.readouterr().out
    for _ in range(2):
        assert install(app, "--add", "strict_likes") == 0
        ours = sorted((app / MIGRATIONS).glob("*.sql"))
        assert [file.name for file in ours if "strict" in file.name] == [ours[-1].name]
    assert install(app, "--add", "no_such_step") == 1
    assert "there is no supabase/optional/no_such_step.sql" in capsys.readouterr().err
    install(app, "--remove")
    assert contents(app) == before


@pytest.mark.parametrize("edited", ["the app's copy", "ours", "the app's copy is gone"])
def test_an_installed_migration_is_never_edited(
    app: Path, checkout: Path, capsys: pytest.CaptureFixture[str], edited: str
) -> None:
    """The database has it as it was. Which one is refused, and nothing is written."""
    install(app)
    installed = app / "supabase/migrations/20300101000005_image_urls.sql"
    (installed,) = (app / "supabase/migrations").glob("*_image_urls.sql")
    (source,) = (checkout / "supabase/migrations").glob("*_image_urls.sql")
    if edited == "the app's copy is gone":
        installed.unlink()
    else:
        (installed if "app" in edited else source).write_text("select 'edited';")
    (checkout / "lib/errors.py").write_text("# newer\n")
    before = contents(app)
    assert install(app) == 1
    assert contents(app) == before
    assert "image_urls.sql" in capsys.readouterr().err


def test_what_the_app_changed_since_is_not_overwritten_nor_deleted(app: Path, checkout: Path) -> None:
    """It is named instead."""
    install(app)
    (app / "queue/lib/errors.py").write_text("# the app's\n")
    (checkout / "lib/errors.py").write_text("# newer\n")
    assert install(app) == 1
    assert install(app, "--remove") == 0
    assert (app / "queue/lib/errors.py").read_text() == "# the app's\n"
    assert not (app / "queue/lib/logs.py").exists()


@pytest.mark.parametrize(
    ("file", "mode", "stops"),
    [
        (
            "app/api/posts/route.ts",
            "one-project",
            'replace it: rename it, or give ours a prefix: ARGS="--prefix jobs" (then without the operators\' page)',
        ),
        ("src/app/(public)/api/ratings/route.js", "one-project", "route.js answers /api/ratings, and Vercel would"),
        ("pages/api/queue/process.ts", "one-project", "answers /api/queue/process"),
        ("pages/api/posts/index.ts", "two-projects", "a rewrite to the queue is not reached: rename it, or give"),
        ("api/posts.ts", "one-project", "api/posts.ts answers /api/posts"),
        ("lib/errors.py", "one-project", "lib/errors.py is there already"),
        ("pyproject.toml", "one-project", "install our requirements.txt: use --mode two-projects"),
        ("requirements.txt", "one-project", "requirements.txt is there already"),
    ],
)
def test_what_collides_is_refused(
    app: Path, capsys: pytest.CaptureFixture[str], file: str, mode: str, stops: str
) -> None:
    """Vercel would silently replace a route, or ignore our requirements."""
    (app / file).parent.mkdir(parents=True, exist_ok=True)
    (app / file).write_text("export const GET = 1")
    before = contents(app)
    assert install(app, "--mode", mode) == 1
    assert stops in capsys.readouterr().err
    assert contents(app) == before


def test_what_a_local_build_left_is_to_be_deleted(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`vercel build` makes a Python project of our requirements.txt. The other mode is no way out of that."""
    install(app, "--mode", "one-project")
    pins = re.findall(r"^[\w.-]+==\S+", (app / "requirements.txt").read_text(), re.MULTILINE)
    (app / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "0.1.0"\ndependencies = {json.dumps(pins)}\nrequires-python = "~=3.12.0"\n'
    )
    (app / "uv.lock").write_text("version = 1\n")
    capsys.readouterr()
    assert install(app) == 1
    said = capsys.readouterr().err
    assert "pyproject.toml and uv.lock were left by a local `vercel build`" in said
    assert "rm pyproject.toml uv.lock" in said
    assert "two-projects" not in said
    (app / "pyproject.toml").write_text('[project]\nname = "own"\ndependencies = ["flask==3.1.0"]\n')
    assert install(app) == 1
    said = capsys.readouterr().err
    assert "pyproject.toml is there, so Vercel would not install our requirements.txt: delete it, if a local" in said
    assert "two-projects" not in said


def test_a_prefix_makes_room_for_the_app_s_routes(app: Path) -> None:
    """Functions, cron and headers move; the app's own route stays."""
    (app / "app/api/posts").mkdir(parents=True)
    (app / "app/api/posts/route.ts").write_text("export const GET = 1")
    assert install(app, "--mode", "one-project", "--prefix", "jobs") == 0
    assert (app / "api/jobs/posts.py").exists()
    settings = json.loads((app / "vercel.json").read_text())
    assert settings["crons"][0]["path"] == "/api/jobs/queue/process"
    assert list(settings["functions"]) == ["api/jobs/**/*.py"]
    assert {rule["source"] for rule in settings["headers"]} == {"/api/jobs/(.*)"}
    assert settings["rewrites"] == []
    assert install(app, "--prefix", "other") == 1


def test_the_app_s_own_vercel_json_keeps_what_it_has(app: Path) -> None:
    """And gets it back. With another framework the two cannot be one."""
    own = {"crons": [{"path": "/api/own", "schedule": "0 5 * * *"}], "build": {"env": {"A": "1"}}, "regions": ["fra1"]}
    (app / "vercel.json").write_text(json.dumps(own))
    before = contents(app)
    assert install(app, "--mode", "one-project") == 0
    merged = json.loads((app / "vercel.json").read_text())
    assert merged["framework"] == "nextjs"
    assert [cron["path"] for cron in merged["crons"]] == ["/api/own", "/api/queue/process"]
    assert merged["build"]["env"].keys() == {"A", "VERCEL_PYTHON_COMPILEALL"}
    assert merged["regions"] == ["fra1"]
    assert not merged.keys() & {"buildCommand", "installCommand"}
    after = contents(app)
    install(app)
    assert contents(app) == after
    install(app, "--remove")
    assert contents(app) == before
    (app / "vercel.json").write_text('{"framework": "remix"}')
    assert install(app, "--mode", "one-project") == 1


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        (SUPABASE_PROXY, OURS),
        ("export const config = { matcher: ['/dashboard/:path*', '/api/posts'] }", ["/api/posts"]),
        ("export const config = { matcher: '/api/queue/:path*' }", ["/api/queue/*"]),
        ("export const config = { matcher: '/api/queue/jobs' }", ["/api/queue/jobs"]),
        ("export function proxy() {}", OURS),
        ((NEXT_APP / "proxy.ts").read_text(), []),
        ("export const config = { matcher: ['/about'] } // matcher: '/api/posts'", []),
    ],
)
def test_a_proxy_that_comes_before_our_routes_is_named(tmp_path: Path, source: str, caught: list[str]) -> None:
    """It redirects to a login page, and the cron never reaches the worker."""
    (tmp_path / "proxy.ts").write_text(source)
    notes = routes.caught_by_proxy(ROOT, tmp_path, Choices(mode="one-project"))
    named = [path for note in notes for path in re.findall(r"(/api\S*)[,:] ", note)]
    assert named == caught


@pytest.mark.parametrize("source", [SUPABASE_PROXY, "export function proxy() {}"])
@pytest.mark.parametrize(
    "choices",
    [Choices(mode="two-projects"), Choices(mode="one-project"), Choices(mode="one-project", prefix="jobs")],
)
def test_what_is_said_to_be_added_to_a_matcher_leaves_out_ours_only(
    tmp_path: Path, source: str, choices: Choices
) -> None:
    """The app's own routes go through its proxy as before, with names that begin like ours."""
    file = tmp_path / "proxy.ts"
    file.write_text(source)
    (note,) = routes.caught_by_proxy(ROOT, tmp_path, choices)
    added = note.splitlines()[-1]
    file.write_text(source.replace("(?!", f"(?!{added}") if "matcher" in source else f"{source}\n{added}")
    assert routes.caught_by_proxy(ROOT, tmp_path, choices) == []
    (matcher,) = routes.matchers_of(file.read_text())
    for path in ("/api/posts-of-mine", "/api/ratings/mine", "/api/admin", "/api/own", "/", "/upload"):
        assert source_regex(matcher).fullmatch(path), path
    assert (source_regex(matcher).fullmatch("/favicon.ico") is None) == ("favicon" in source)
    if choices.mode == "two-projects" and "matcher" in source:
        assert f"`{added}` after `(?!`" in (ROOT / "docs/adopt.md").read_text()


def test_the_rewrites_are_those_of_the_document(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without QUEUE_URL an app still builds: dev/check builds one with them."""
    install(app)
    told = re.sub(r"^ +", "", capsys.readouterr().out, flags=re.MULTILINE)
    (documented,) = re.findall(
        r"^ *async rewrites.*?^ *},$", (ROOT / "docs/adopt.md").read_text(), re.MULTILINE | re.DOTALL
    )
    documented = re.sub(r"^ +", "", documented, flags=re.MULTILINE)
    assert documented in told
    assert documented in re.sub(r"^ +", "", (NEXT_APP / "next.config.ts").read_text(), flags=re.MULTILINE)


def test_files_that_use_what_is_removed_are_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the step that put it there: the app would not build, or its rewrites and its matcher lead nowhere."""
    install(app)
    files = {
        "components/like.tsx": '"use client";\nimport { useLike } from "@/lib/suplatzigram/react";\n',
        "proxy.ts": SUPABASE_PROXY.replace("(?!", "(?!api/(?:posts$|ratings$)|"),
        "lib/rate.ts": 'const { like } = await import("./suplatzigram");\n',
        "lib/other.ts": 'import { x } from "./suplatzigram-of-mine";\nconst word = "lib/suplatzigram/react";\n',
    }
    for name, content in files.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(content)
    for more in (["--dry-run"], []):
        capsys.readouterr()
        assert install(app, "--remove", *more) == 0
        named = re.findall(r"^  ([\w./]+:\d+: .*)$", capsys.readouterr().out, re.MULTILINE)
        assert named == [
            "next.config.ts:5: the rewrites of step 3",
            "proxy.ts:5: the matcher of step 3",
            "components/like.tsx:2: an import of step 5",
            "lib/rate.ts:1: an import of step 5",
        ]


def test_what_running_it_made_goes_or_is_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Python's caches of our sources, wherever they are; what a local `vercel build` makes git ignores, and we name."""
    subprocess.run(["git", "init", "--quiet"], cwd=app, check=True)
    before = contents(app)
    install(app)
    made = ["lib/__pycache__/errors.cpython-312.pyc", "pyproject.toml", "uv.lock", ".vercel/project.json"]
    for name in made:
        (app / "queue" / name).parent.mkdir(exist_ok=True)
        (app / "queue" / name).touch()
    assert folders.ignored_by_git(app, [f"queue/{name}" for name in made]) == [f"queue/{name}" for name in made]
    install(app, "--remove")
    assert contents(app).keys() - before.keys() == {f"queue/{name}" for name in made[1:]}
    said = "note: queue/ stays, because it has what the installer did not put there: .vercel, pyproject.toml, uv.lock. "
    assert f"{said}Delete them unless you need them" in capsys.readouterr().out
    shutil.rmtree(app / "queue")
    install(app, "--mode", "one-project")
    caches = app / "lib/__pycache__"
    caches.mkdir()
    for name in ("errors.cpython-312.pyc", "of_the_app.cpython-312.pyc"):
        (caches / name).touch()
    install(app, "--remove")
    assert contents(app).keys() - before.keys() == {"lib/__pycache__/of_the_app.cpython-312.pyc"}
    assert "stays" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("await db.from('posts_new').update({ likes: n + 1 })", [1]),
        (
            'await supabase\n  .from("posts_new")\n  .update({\n    caption,\n    likes: likes + 1\n  })',
            [5],
        ),
        ("db.from(`posts_new`) // one more\n  .upsert(posts.map((p) => ({ id: p.id, 'likes': p.likes + 1 })))", [2]),
        ("db.from<Post>('posts_new').insert({ caption, likes })", [1]),
        (
            "db.from('posts_new').insert([{ caption: f(1), likes: 0 }]); db.from('posts_new').update({ likes: 2 })",
            [1, 1],
        ),
        ('like({ id: "x", likes: 0 })', []),
        ("const card = (post: Post) => ({ id: post.id, likes: post.likes })", []),
        ("render(<LikeButton post={{ id: '1', likes: 3 }} />)", []),
        ("db.from('posts_new').update({ caption })\nsetPost({ ...post, likes: 3 })", []),
        ("db.from('posts_new').select('id, likes').eq('likes', 3)", []),
        ("db.from('comments').update({ likes: 3 })", []),
        ("db.from('posts_new').update(changes as { likes: number })", []),
        ("// db.from('posts_new').update({ likes: 3 })", []),
        ("export type Post = { likes: number }", []),
    ],
)
def test_code_that_writes_likes_is_found(source: str, lines: list[int]) -> None:
    """Before strict, it has to go. A type, a prop and a view model are no writes."""
    assert [int(found.split(":")[0]) for found in writers.in_code(source)] == lines


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["update public.posts_new set likes = 0; insert into posts_new (caption, likes) values ('x', 3);"], []),
        (
            [function("like_post", "update posts_new as p\n set caption = 'x', likes = p.likes + 1 where p.id = 1;")],
            ["0.sql:2: update posts_new as p"],
        ),
        (
            [function("add_post", 'insert into "public"."posts_new" (id, likes) values (1, 0);')],
            ["0.sql:2: insert into"],
        ),
        ([function("f", "update posts_new set caption = 'x' where likes = 3; update other set likes = 1;")], []),
        ([function("f", "-- update posts_new set likes = 1")], []),
        ([function("f", "update posts_new set likes = 1"), function("f", "select 1")], []),
        ([function("f", "update posts_new set likes = 1"), "drop function if exists public.f(uuid);"], []),
    ],
)
def test_functions_of_the_app_that_write_likes_are_found(tmp_path: Path, files: list[str], found: list[str]) -> None:
    """In the last form that a migration gave them. What a migration wrote once is over."""
    for number, text in enumerate(files):
        (tmp_path / f"{number}.sql").write_text(text)
    named = writers.in_migrations(sorted(tmp_path.glob("*.sql")))
    assert [place[: len(each)] for place, each in zip(named, found, strict=True)] == found


def test_places_that_write_likes_are_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The app's, and not those of what was installed or comes from npm; again before strict."""
    for name in ("lib/post.ts", "node_modules/x/index.ts"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text("\nawait db.from('posts_new').update({ likes: n + 1 })\n")
    (app / MIGRATIONS / "20240102000000_like.sql").write_text(function("f", "update posts_new set likes = 1"))
    places = ["lib/post.ts:2", "20240102000000_like.sql:2"]
    told = ""
    for arguments in ((), ("--add", "strict_likes")):
        install(app, *arguments)
        told = capsys.readouterr().out
        assert re.findall(r"^  (\S+:\d+): ", told, re.MULTILINE) == places
    assert f"-f {ROOT}/supabase/rollback/strict_likes.sql\n" in told


def test_names_that_the_app_has_taken_stop_it(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`supabase db push` would refuse, after the files are there. What could not be looked at is said."""
    monkeypatch.setattr(names, "taken", LOOK)
    for file in OLD_APP.glob("*.sql"):
        shutil.copy(file, app / MIGRATIONS)
    before = contents(app)
    assert install(app) == 1
    told = capsys.readouterr().err
    assert "table public.background_jobs" in told
    assert "function public.claim_jobs(integer)" in told
    assert told.endswith("Nothing was changed: 1 problem to solve first.\n")
    assert contents(app) == before
    (app / MIGRATIONS / "20250701000000_more.sql").write_text("create extension no_such_extension;")
    problems, (note,) = names.taken(app)
    assert "background_jobs" in problems[0]
    assert "make doctor" in note
    assert "20250701000000_more.sql" in note
    shutil.rmtree(app / MIGRATIONS)
    (app / MIGRATIONS).mkdir()
    (app / MIGRATIONS / "20250101000000_bucket.sql").write_text(
        "insert into storage.buckets (id, name) values ('post-images', 'post-images'); create schema queue_removed;"
    )
    (problem,), _ = names.taken(app)
    *_, asked, step = problem.splitlines()
    assert asked.endswith("the migrations refuse to begin. Do this by hand, and run this command again:")
    assert step == "An earlier adoption left the bucket post-images: delete it in Storage."
    shutil.rmtree(app / MIGRATIONS)
    problems, (note,) = names.taken(app)
    assert problems == []
    assert "make doctor" in note


def test_what_is_no_app_is_refused(tmp_path: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the folder that is meant, where it can be seen."""
    mono = tmp_path / "mono"
    shutil.copytree(app, mono / "apps/web")
    (mono / "package.json").write_text('{"workspaces": ["apps/*"]}')
    cases = {
        tmp_path / "nowhere": "is not there",
        app / "components": f"DIR={app}",
        mono: f"DIR={mono}/apps/web",
        mono / "apps": f"DIR={mono}/apps/web",
        ROOT: "the queue's own checkout",
        NEXT_APP: "the queue's own checkout",
    }
    for folder, said in cases.items():
        assert install(folder) == 1
        assert said in capsys.readouterr().err
    (app / "package.json").write_text('{"dependencies": {"vite": "7"}}')
    assert install(app) == 1
    assert "does not depend on next" in capsys.readouterr().err
    (app / "package.json").unlink()
    assert install(app) == 1
    assert "no package.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--prefix", "No Good"), "--prefix No Good: it must be lower-case letters"),
        (("--folder", "../x"), "--folder ../x: it must be a folder of the app"),
        (("--supabase", "../x"), "--supabase ../x: it must be the app's folder of that name"),
        (("--supabase", "../supabase"), "is not there"),
        (("--add", "../migrations/x"), "--add takes close_direct_ratings, keep_old_likes"),
    ],
)
def test_a_wrong_choice_is_named_with_its_rule(
    app: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """Before anything is written."""
    before = contents(app)
    assert install(app, *arguments) == 1
    assert said in capsys.readouterr().err
    assert contents(app) == before


def test_a_monorepo_keeps_its_supabase_folder(tmp_path: Path, app: Path) -> None:
    """It lies above the app, in the same repository: `supabase db push` looks there."""
    web = tmp_path / "mono/apps/web"
    shutil.copytree(app, web)
    shutil.move(web / "supabase", tmp_path / "mono/supabase")
    assert folders.supabase_of(web) == "supabase"
    (tmp_path / "mono/.git").mkdir()
    before = contents(tmp_path / "mono")
    assert install(web) == 0
    assert not (web / "supabase").exists()
    newest = max((tmp_path / "mono/supabase/migrations").glob("*.sql"))
    assert newest.name.startswith("2030")
    assert steps.root_directory(web, Choices(mode="two-projects")) == "apps/web/queue"
    after = contents(tmp_path / "mono")
    assert install(web) == 0
    assert contents(tmp_path / "mono") == after
    assert install(web, "--remove") == 0
    assert contents(tmp_path / "mono") == before


@pytest.mark.parametrize("mode", ["one-project", "two-projects"])
def test_what_the_pages_link_to_is_installed(app: Path, mode: str) -> None:
    """The app may have a /docs of its own, so in one project the description of the API lies elsewhere."""
    assert install(app, "--mode", mode) == 0
    base = app if mode == "one-project" else app / "queue"
    docs = "admin/queue/docs" if mode == "one-project" else "docs"
    assert not (app / "public/docs").exists()
    pages = [
        base / "public" / docs / "index.html",
        base / "public" / docs / "start.js",
        *base.glob("public/**/index.html"),
    ]
    for page in pages:
        for link in re.findall(r"""(?:href=|src=|url: )"/([^"#?]*)""", page.read_text()):
            found = [base / "public" / link, base / "public" / link / "index.html", base / f"{link}.py"]
            assert any(file.is_file() for file in found), f"{page}: /{link}"


def test_files_that_git_would_leave_out_are_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub's .gitignore for Python has `lib/`: the functions would be deployed without their code."""
    subprocess.run(["git", "init", "--quiet"], cwd=app, check=True)
    assert install(app) == 0
    assert "git ignores" not in capsys.readouterr().out
    install(app, "--remove")
    (app / ".gitignore").write_text("queue/lib/\n")
    assert install(app) == 0
    assert re.search(r"note: git ignores queue/lib/\S+ and \d+ more", capsys.readouterr().out)


def test_of_two_projects_the_queue_s_keeps_its_pages_under_a_prefix(app: Path) -> None:
    """The prefix is of the app's rewrites; the queue's project has /api/ for itself."""
    assert install(app, "--prefix", "jobs") == 0
    assert (app / "queue/public/admin/queue/index.html").exists()
    assert (app / "queue/api/ratings.py").exists()


def test_an_upgrade_says_what_is_new_and_what_to_do(
    app: Path, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which files, what to push, what to deploy."""
    install(app)
    (checkout / "supabase/migrations/20270101000000_later.sql").write_text("select 2;")
    (checkout / "lib/errors.py").write_text("# newer\n")
    capsys.readouterr()
    install(app)
    told = capsys.readouterr().out
    assert "  updated  queue/lib/errors.py\n" in told
    assert "1 file created, 2 files updated." in told
    assert "  1. `supabase db push --remote` in the app: 1 new migration" in told
    assert "\n  2. Deploy the queue's project, queue.\n" in told
    assert "rewrites" not in told


def test_a_reader_that_goes_away_ends_nothing(tmp_path: Path) -> None:
    """`| head`: no traceback, the work is done, and the status is the command's."""
    program = f"""
import pathlib
from dev.process import pipes

def main():
    print("a line\\n" * 100_000)
    pathlib.Path({str(tmp_path / "done")!r}).touch()
    return 3

pipes.run(main)
"""
    command = f"{sys.executable} -c '{program.replace("'", '"')}' | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a line\n3\n", "")
    assert (tmp_path / "done").exists()
