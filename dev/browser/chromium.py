"""Start Chromium with nothing of this machine's user, and without a word to anybody else."""

import contextlib
import os
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from dev.browser.program import chromium_program, completed

# As root there is no sandbox. The others keep it from asking or telling its maker anything.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@contextlib.contextmanager
def launch(**variables: str) -> Iterator[Browser]:
    """Yield a headless Chromium with an empty user-data-dir, ended with the block. variables: of its environment.

    Until then Playwright's loop runs in this thread, and no other asyncio loop can.
    """
    program = chromium_program()
    env: dict[str, str | float | bool] = {**os.environ, **completed(program), **variables}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS], env=env)
        try:
            yield browser
        finally:
            browser.close()
