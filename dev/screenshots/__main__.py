"""Make the pictures: start everything, fill the queue, and photograph screens in light, in dark and on a phone."""

import secrets
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
import psycopg
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from dev import dashboard, paths
from dev.browser import launch
from dev.errors import StackError
from dev.supabase import temporary
from dev.vercel import Functions

FOLDER = paths.PROJECT / "docs/dashboard"
SEED = Path(__file__).with_name("queue.sql")
TOKENS = ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")
DESK, PHONE = (1280, 860), (390, 844)
COLOURS = 256


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the screen, light or dark, and the size of the window."""

    name: str
    path: str
    scheme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = DESK
    dialog: bool = False


SHOTS = (
    Shot("overview-light", "", size=(1280, 1120)),
    Shot("overview-dark", "", "dark", size=(1280, 1120)),
    Shot("jobs-light", "jobs?status=dead"),
    Shot("redrive-dark", "jobs?status=dead&jobType=process_image", "dark", dialog=True),
    Shot("job-light", "jobs/{dead}"),
    Shot("types-dark", "types", "dark", size=(1280, 560)),
    Shot("schedules-light", "schedules", size=(1280, 700)),
    Shot("overview-phone", "", size=PHONE),
    Shot("jobs-phone", "jobs?status=dead", "dark", size=PHONE),
)


def main() -> int:
    """Write every picture to docs/dashboard."""
    dashboard.build()
    env = {name: secrets.token_hex(16) for name in TOKENS}
    with temporary() as stack, Functions(paths.PROJECT, stack.functions_env() | env) as functions, launch() as browser:
        with psycopg.connect(stack.env()["DATABASE_URL"], autocommit=True) as db:
            db.execute(SEED.read_bytes())
            dead = db.execute("select job_id::text from public.job_history where status = 'dead' limit 1").fetchone()
        assert dead
        FOLDER.mkdir(exist_ok=True)
        for shot in SHOTS:
            size_kb = take(browser, shot, functions.url, env["ADMIN_API_TOKEN"], str(dead[0]))
            print(f"{FOLDER.relative_to(paths.PROJECT)}/{shot.name}.png  {size_kb} KB", flush=True)
    return 0


def take(browser: Browser, shot: Shot, url: str, token: str, dead: str) -> int:
    """Photograph one screen; return the size of the file in KB."""
    width, height = shot.size
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=shot.scheme,
        locale="en-GB",
        timezone_id="Europe/Madrid",
    ) as context:
        page = context.new_page()
        page.goto(f"{url}{dashboard.PATH}{shot.path.format(dead=dead)}")
        page.locator("input[name=token]").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("Loading")).to_have_count(0, timeout=20_000)
        if shot.dialog:
            open_dialog(page)
        page.evaluate("document.fonts.ready")
        page.mouse.move(0, 0)
        page.wait_for_timeout(400)  # the charts draw after their data came
        return save(page.screenshot(), FOLDER / f"{shot.name}.png")


def open_dialog(page: Page) -> None:
    """Ask to redrive all that match."""
    page.get_by_label("Choose all shown").check()
    page.get_by_role("button", name="Choose all that match").click()
    page.get_by_role("button", name="Redrive…").click()
    expect(page.get_by_role("button", name="Redrive 2")).to_be_visible(timeout=20_000)


def save(picture: bytes, file: Path) -> int:
    """Write a picture with few colours, which is a third of the size."""
    few = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(file, optimize=True)
    return file.stat().st_size // 1000


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, httpx.HTTPError) as error:
        sys.exit(f"screenshots: {error}")
