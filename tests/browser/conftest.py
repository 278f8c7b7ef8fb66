"""A real Chromium, started once for a module, for each test a page of its own; and the functions with the dashboard.

By module, not by run: Playwright keeps a loop in this thread, beside which no async test of another module could run.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from dev import dashboard
from dev.browser import launch
from dev.vercel import Functions
from tests.browser.site import EMPTY, Site
from tests.conftest import PROJECT, Clones

PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


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
    """The browser: an installed one, else the one that npm brings. Its locale is that of most containers."""
    with launch(LC_ALL="C") as browser:
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


@pytest.fixture(scope="session")
def whole_site(clones: Clones, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The functions and the built dashboard, over a database of their own. Started once: it takes some seconds."""
    dashboard.build()
    database = clones.take()
    project = clones.databases.address.env(database)
    tokens = {
        name: f"test-{name.lower().replace('_', '-')}-{secrets.token_hex(8)}"
        for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN", "VIEWER_API_TOKEN")
    }
    hosted = {name: value for name, value in project.items() if not name.startswith("DATABASE_")}
    log: Path = tmp_path_factory.mktemp("functions") / "functions.log"
    with Functions(PROJECT, hosted | tokens, log=log) as functions, Site.open(functions, project, tokens) as site:
        yield site
    clones.give_back(database)


@pytest.fixture
def site(whole_site: Site) -> Site:
    """That, with an empty queue."""
    whole_site.db.execute(EMPTY)
    return whole_site
