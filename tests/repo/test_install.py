"""The installer puts the queue into an app's repository, brings it up to date, and takes it out without a trace."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dev import paths
from dev.install import manifest, migrations, routes
from dev.install.__main__ import main
from dev.install.manifest import Choices
from dev.supabase.migrations import found_in

ROOT = Path(__file__).resolve().parents[2]
NEXT_APP = ROOT / "dev/check/next_app"
OURS = [f"/api/{name}" for name in ("admin/queue/jobs", "posts", "queue/process", "ratings")]
SUPABASE_PROXY = r"""
    export const config = {
      matcher: [
        /* all but files */
        '/((?!_next/static|_next/image|favicon.ico|.*\\.(?:svg|png|jpg|jpeg|gif|webp)$).*)',
      ],
    }
"""


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
    assert "supabase/rollback/migrations.sql" in printed
    assert "migration repair --status reverted 20300101000001 20300101000002" in printed


def test_a_dry_run_changes_nothing_and_names_every_file(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what the real one then does."""
    before = contents(app)
    assert install(app, "--dry-run") == 0
    assert contents(app) == before
    named = {line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("create ")}
    install(app)
    assert contents(app).keys() - before.keys() - {manifest.FILE_NAME} == named
    assert {"lib/suplatzigram/react.ts", "lib/suplatzigram/database.ts", "queue/api/ratings.py"} <= named


def test_migrations_come_after_the_app_s_in_our_order(app: Path) -> None:
    """Under versions that are times, one second apart."""
    install(app)
    ours = [file.name for file in sorted((app / migrations.FOLDER).glob("*.sql"))][2:]
    assert [name.split("_", 1)[1] for name in ours] == [f"{each.name}.sql" for each in found_in(ROOT)]
    assert ours[0].startswith("20300101000001_")
    assert ours[60].startswith("20300101000101_")


def test_repeating_it_changes_nothing(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whenever it is repeated: files that are there keep their versions."""
    install(app, "--mode", "one-project")
    after = contents(app)
    assert install(app) == 0
    assert contents(app) == after
    assert "create" not in capsys.readouterr().out.split("files are as they should be")[1]


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
    """Under a version of its own, once; and it goes with the rest."""
    before = contents(app)
    install(app)
    for _ in range(2):
        assert install(app, "--add", "strict_likes") == 0
        ours = sorted((app / migrations.FOLDER).glob("*.sql"))
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
        ("app/api/posts/route.ts", "one-project", "app/api/posts/route.ts answers /api/posts"),
        ("src/app/(public)/api/ratings/route.js", "one-project", "answers /api/ratings"),
        ("pages/api/queue/process.ts", "one-project", "answers /api/queue/process"),
        ("pages/api/posts/index.ts", "two-projects", "a rewrite to the queue is not reached"),
        ("api/posts.ts", "one-project", "api/posts.ts answers /api/posts"),
        ("lib/errors.py", "one-project", "lib/errors.py is there already"),
        ("pyproject.toml", "one-project", "pyproject.toml is there"),
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
        ("export const config = { matcher: '/api/queue/:path*' }", ["/api/queue/process"]),
        ("export function proxy() {}", OURS),
        ((NEXT_APP / "proxy.ts").read_text(), []),
        ("export const config = { matcher: ['/about'] } // matcher: '/api/posts'", []),
    ],
)
def test_a_proxy_that_comes_before_our_routes_is_named(tmp_path: Path, source: str, caught: list[str]) -> None:
    """It redirects to a login page, and the cron never reaches the worker."""
    (tmp_path / "proxy.ts").write_text(source)
    notes = routes.caught_by_proxy(ROOT, tmp_path, Choices(mode="one-project"))
    assert [path for path in OURS if any(f" {path}," in note or f" {path}:" in note for note in notes)] == caught


def test_places_that_write_likes_are_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before strict, they have to go. A type is no write."""
    (app / "lib/post.ts").write_text(
        "export type Post = { likes: number }\nawait db.from('posts_new').update({ likes: n + 1 })\n"
    )
    install(app)
    named = re.findall(r"^  (\S+:\d+): ", capsys.readouterr().out, re.MULTILINE)
    assert named == ["lib/post.ts:2"]


def test_what_is_no_app_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is written."""
    assert install(tmp_path) == 1
    assert "no package.json" in capsys.readouterr().err
    assert main(["--into", str(NEXT_APP), "--prefix", "No Good", "--dry-run"]) == 1
    assert "--prefix" in capsys.readouterr().err
