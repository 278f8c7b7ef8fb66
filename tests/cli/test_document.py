"""docs/cli.md shows true output: every command in it is run, in its order, and the answers are compared.

UPDATE_DOCS=1 writes the answers into the document.
"""

import os
import re
import shlex

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.registry import registered
from tests.cli.conftest import ROOT, Db, Queue
from tests.cli.scene import documented

DOCUMENT = ROOT / "docs" / "cli.md"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ queue (.*)\n", re.MULTILINE)
WHERE = "https://app.example.com"
# What differs from run to run: ids, moments, durations, rates, bars, and the widths that follow from them.
VARIES = {
    r"[0-9a-f]{8}-(?!0000-7)[0-9a-f]{4}-7[0-9a-f-]{21}": "ID",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+": "MOMENT",
    r"\d\d:\d\d:\d\d": "MOMENT",
    r"\d+(\.\d+)? (ms|s|seconds|min|h|d)\b( \d+ (s|min|h)\b)?": "DURATION",
    r"[\d,.]+ (could end|a minute arrive|facts)": "RATE",
    r"[▁▂▃▄▅▆▇█]+": "BARS",
    r"─+": "LINE",
    r"w-[0-9a-f]{16}": "WORKER",
    # What a run did depends on which of the retries were due by then.
    r"(?<=DURATION: ).* (completed|retried|discarded|dead|scheduled)$": "COUNTS",
    r"\s+": " ",
}


def normal(text: str) -> str:
    """Return what stays the same."""
    for pattern, name in VARIES.items():
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return text


def answer(queue: Queue, line: str) -> str:
    """Run a command of the document, and return what a terminal would show."""
    done = queue(*shlex.split(line))
    assert done.code in (0, 1), (line, done)
    return (done.out + done.err).replace(queue.env["QUEUE_URL"], WHERE)


def without(types: set[str], printed: str) -> str:
    """Return it without the lines of types that the document does not know: those that this checkout was given.

    The line of a schedule begins with its own name.
    """
    names = "|".join(sorted(types)) or "(?!)"
    return re.sub(rf", (?:{names})\b", "", re.sub(rf"^(?:\S+ +)?(?:{names}) .*\n", "", printed, flags=re.MULTILINE))


def test_the_document_shows_what_the_commands_print(over_http: Queue, db: Db, released_types: set[str]) -> None:
    """On a queue with something wrong in it, over HTTP."""
    own = registered.keys() - released_types
    documented(db)
    db.execute("update job_schedules set enabled = true")
    wrong: list[str] = []

    def rerun(block: re.Match[str]) -> str:
        _, *parts = COMMAND.split(block[1])
        made = []
        for line, shown in zip(parts[::2], parts[1::2], strict=True):
            printed = without(own, answer(over_http, line))
            if normal(printed) != normal(shown):
                wrong.append(f"$ queue {line}\n{normal(printed)}\n{normal(shown)}")
            made.append(f"$ queue {line}\n{printed}")
        return "".join(made)

    text = BLOCK.sub(rerun, DOCUMENT.read_text())
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(text)
    else:
        assert not wrong, "\n\n".join(wrong)


def test_every_command_is_in_the_document(directly: Queue) -> None:
    """And every exit code."""
    text = DOCUMENT.read_text()
    listed = set(re.findall(r"^│ ([a-z]+) {2,}", directly.ok("--help").out, re.MULTILINE))
    assert len(listed) == 18
    assert [name for name in listed if f"queue {name}" not in text] == []
