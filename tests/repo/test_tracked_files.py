"""What a commit may hold, and what .gitignore must not swallow."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# In pieces, so that this file does not hold them.
REGISTRIES = re.compile("registry" + r"\.npmjs|" + "pypi" + r"\.org|files\." + "pythonhosted")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(work|farm|root|home/\w+|Users/\w+)/")


def git(*arguments: str) -> list[str]:
    """Run git and return its output as lines; a checkout of another owner is read all the same."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()


def text_files() -> dict[str, str]:
    """Return what a commit would hold, by path, except what is no text."""
    found = {}
    for name in git("ls-files", "--cached", "--others", "--exclude-standard"):
        if (ROOT / name).is_file():
            content = (ROOT / name).read_bytes()
            if b"\0" not in content:
                found[name] = content.decode()
    return found


def test_no_file_names_a_package_registry() -> None:
    """Clients know theirs; a lock file that names one ties everybody to it."""
    assert [name for name, text in text_files().items() if REGISTRIES.search(text)] == []


def test_lock_files_have_no_download_addresses() -> None:
    """npm writes them unless omit-lockfile-registry-resolved is set."""
    locks = {n: t for n, t in text_files().items() if n.endswith("package-lock.json")}
    assert locks
    assert [name for name, text in locks.items() if '"resolved"' in text] == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    """What works in one home must work in all."""
    assert [name for name, text in text_files().items() if MACHINE_PATH.search(text)] == []


def test_sources_are_not_ignored() -> None:
    """Common ignore lists for Python swallow lib/."""
    sources = ["lib/x.py", "lib/queue/x.py", "api/x.py", "dev/x.py", "tests/x.py", "bench/x.py", "dashboard/src/x.ts"]
    sources += [".env.example", "public/x.html", "supabase/migrations/1_x.sql", "docs/x.md"]
    assert git("check-ignore", "--no-index", *sources) == []


def test_secrets_and_what_is_made_are_ignored() -> None:
    """`make dev` writes keys into .env.local."""
    made = [
        ".env",
        ".env.local",
        ".env.production",
        "lib/.env.local",
        ".venv/x",
        "lib/__pycache__/x.pyc",
        ".vercel/x",
        "dashboard/node_modules/x",
        "public/admin/queue/index.html",
        "public/docs/index.html",
    ]
    assert git("check-ignore", "--no-index", *made) == made
