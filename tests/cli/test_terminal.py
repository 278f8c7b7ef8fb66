"""On a terminal: colours, a screen that refreshes, questions, completion."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from lib.cli.backend import Operation
from lib.cli.commands.health import _watch
from lib.cli.problems import NotReachable
from tests.cli.conftest import Db, Queue
from tests.cli.scene import die, trouble

COLOUR = re.compile(r"\x1b\[[\d;]*m")


def _take_the_terminal() -> None:
    """Make standard input the terminal that Ctrl-C is typed on."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command on a terminal of its own, of a given width."""

    def __init__(self, queue: Queue, *arguments: object, width: int = 120, env: dict[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        self._process = subprocess.Popen(
            queue.command(*arguments),
            env=queue.whole_env() | {"TERM": "xterm-256color"} | (env or {}),
            cwd=queue.folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_the_terminal,  # noqa: PLW1509 - one system call, which takes no lock
        )
        os.close(slave)
        self.text = ""

    def until(self, words: str, seconds: float = 30) -> str:
        """Read until the words came. Return all so far."""
        ends = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < ends, self.text
            self._read()
        return self.text

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Read the rest and return the exit code."""
        while self._read():
            pass
        return self._process.wait(30)

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 30)[0]:
            return False
        try:
            content = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += content.decode(errors="replace")
        return bool(content)


type Open = Callable[..., Terminal]


@pytest.fixture
def on_terminal(directly: Queue) -> Iterator[Open]:
    """A factory of commands on terminals."""
    opened: list[Terminal] = []

    def start(*arguments: object, width: int = 120, env: dict[str, str] | None = None) -> Terminal:
        opened.append(Terminal(directly, *arguments, width=width, env=env))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def test_watch_looks_again_until_it_is_stopped(on_terminal: Open, db: Db) -> None:
    """What changed meanwhile is on the screen; Ctrl-C ends it."""
    terminal = on_terminal("status", "--watch", "--every", "1")
    terminal.until("healthy")
    trouble(db)
    terminal.until("14 of 24 jobs died")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "Traceback" not in terminal.text


class FailsWhileItIsStopped:
    """A queue whose answer is an error in the moment in which Ctrl-C cancels the look."""

    where = "https://queue.example.com"

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def may_ask(self, operation: Operation[Any, Any]) -> bool:
        """Everything."""
        return True

    async def ask[I: BaseModel, O: BaseModel](self, operation: Operation[I, O], given: I) -> O:
        """Answer with an error once the call is cancelled."""
        self.asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise NotReachable("no answer")

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_ctrl_c_ends_a_watch_whose_look_fails_in_that_moment() -> None:
    """The look's error takes the place of the cancellation."""
    queue = FailsWhileItIsStopped()
    watch = asyncio.create_task(_watch(queue, every_s=0.01))
    await queue.asked.wait()
    watch.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await watch


def test_a_question_is_asked_with_the_count(on_terminal: Open, db: Db) -> None:
    """No is an answer, and its code says that nothing was done."""
    for _ in range(3):
        die(db)
    for answer, code, left in (("n", 4, 3), ("y", 0, 0)):
        terminal = on_terminal("discard", "--type", "send_notification")
        terminal.until("Discard 3 jobs? [y/N]:")
        terminal.type(f"{answer}\n")
        assert terminal.end() == code
        assert db.execute("select count(*) from job_history where status = 'dead'").fetchone() == {"count": left}


@pytest.mark.parametrize("width", [60, 79])
def test_everything_fits_into_a_narrow_terminal(on_terminal: Open, db: Db, width: int) -> None:
    """No line is broken by the terminal, and ids, which one copies, are whole."""
    trouble(db)
    dead = die(db)
    listed = (("status",), ("jobs", "-n", "5", "--status", "dead"), ("stats",), ("schedules",), ("actions",))
    refused = (("jobs", "--type", "bad"), ("jobs", "--since", "the-day-before-yesterday"))
    for command in (*listed, *refused):
        terminal = on_terminal(*command, width=width, env={"NO_COLOR": "1"})
        terminal.end()
        lines = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", terminal.text).splitlines()
        assert max(map(len, lines)) <= width, command
        assert dead in terminal.text or command != listed[1]


def test_colours_are_for_terminals_that_want_them(on_terminal: Open, directly: Queue) -> None:
    """NO_COLOR (no-color.org) and a pipe have not one."""
    with_colours = on_terminal("status")
    with_colours.end()
    assert "\x1b[1;32m" in with_colours.text
    without = on_terminal("status", env={"NO_COLOR": "1"})
    without.end()
    assert not re.search(r"\x1b\[[\d;]*3\dm", without.text)
    assert "\x1b" not in directly("status").out


def test_a_terminal_that_lacks_a_character_gets_a_question_mark(directly: Queue) -> None:
    """And not an error."""
    env = directly.whole_env() | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(directly.command("status"), env=env, cwd=directly.folder, capture_output=True, check=True)
    assert done.stdout.startswith(b"? healthy")


def test_the_shell_completes_commands_and_job_types(directly: Queue) -> None:
    """As it asks after the completion was installed."""
    asked = {"_QUEUE_COMPLETE": "complete_bash", "COMP_WORDS": "queue pause send", "COMP_CWORD": "2"}
    assert directly(env=asked).out.split() == ["send_notification"]
    assert directly(env=asked | {"COMP_WORDS": "queue sche", "COMP_CWORD": "1"}).out.split() == ["schedules"]
