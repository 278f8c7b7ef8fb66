"""Which Chromium to run: an installed one, or the one that npm brings."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from dev import toolchain
from dev.errors import StackError

FOLDER = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SYSTEM_FONTS = Path("/etc/fonts")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def chromium_program() -> Path:
    """Return the browser's program. CHROMIUM names one; else an installed one; else npm's is set up.

    Raises StackError where npm has no Chromium for this kind of machine.
    """
    if given := os.environ.get("CHROMIUM"):
        return Path(given)
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return Path(found)
    if MAC.exists():
        return MAC
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise StackError(f"no Chromium found: install one, or name it in CHROMIUM (looked for {', '.join(NAMES)})")
    return packages() / "unpacked/chromium"


def completed(program: Path) -> dict[str, str]:
    """Return the variables that point npm's Chromium to the libraries and fonts that a small machine lacks."""
    libraries, fonts = program.parent / "al2023/lib", program.parent / "fonts"
    variables = {}
    if libraries.is_dir():
        needed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
        if "not found" in needed:
            variables["LD_LIBRARY_PATH"] = str(libraries)
    if fonts.is_dir() and not SYSTEM_FONTS.is_dir():
        variables["FONTCONFIG_PATH"] = str(fonts)
    return variables


def axe_script() -> Path:
    """Return axe-core, which finds in a page what shuts people out."""
    return packages() / "node_modules/axe-core/axe.min.js"


def packages() -> Path:
    """Return the folder of what package.json names, installed on the first call."""
    return toolchain.install(FOLDER, also=[FOLDER / "unpack.mjs"], finish=_unpack)


def _unpack(place: Path) -> None:
    """Unpack npm's Chromium: 210 MB. A stranger to this machine's kind is left packed."""
    if platform.system() != "Linux":
        return
    unpacked = place / "unpacked"
    unpacked.mkdir()
    shutil.copyfile(FOLDER / "unpack.mjs", place / "unpack.mjs")
    done = subprocess.run(
        [str(toolchain.node()), "unpack.mjs"],
        cwd=place,
        env={**os.environ, "TMPDIR": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"Chromium could not be unpacked in {place}:\n{done.stderr.strip()}")
