"""A real Chromium, started once for a module, and for each test a page of its own.

By module, not by run: Playwright keeps a loop in this thread, beside which no async test of another module could run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from dev.browser import launch

PATIENCE_MS = 10_000


@dataclass
class Complaints:
    """What the browser found wrong: exceptions nobody caught, and what the console calls an error.

    A refusal by the content security policy is one of them. `expected` are parts of messages that a test provokes.
    """

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def of_console(self, message: ConsoleMessage) -> None:
        """Keep an error of the console."""
        if message.type == "error":
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    @property
    def unexpected(self) -> list[str]:
        """What no test asked for."""
        return [text for text in self.seen if not any(part in text for part in self.expected)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser: an installed one, else the one that npm brings."""
    with launch() as browser:
        yield browser


@pytest.fixture
def complaints() -> Complaints:
    """What this test's page complains of; a test says here what it provokes."""
    return Complaints()


@pytest.fixture
def page(chromium: Browser, complaints: Complaints) -> Iterator[Page]:
    """A page in a context that shares nothing with other tests. Complaints that nobody expected fail the test."""
    with chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin") as context:
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        opened.on("console", complaints.of_console)
        opened.on("pageerror", lambda error: complaints.seen.append(f"exception: {error}"))
        yield opened
    assert complaints.unexpected == []
