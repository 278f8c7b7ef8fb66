""".importlinter knows every part of lib/."""

import re
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_of_lib_has_its_layer() -> None:
    """A module in no layer may import, and be imported by, anything."""
    config = ConfigParser()
    config.read(ROOT / ".importlinter")
    layers = config["importlinter:contract:layers"]["layers"]
    named = set(re.findall(r"lib\.(\w+)", layers))
    modules = {f.stem for f in (ROOT / "lib").glob("*.py")} - {"__init__"}
    packages = {f.parent.name for f in (ROOT / "lib").glob("*/__init__.py")}
    assert modules | packages <= named


def test_lib_is_a_package() -> None:
    """Vercel's build takes it along as one."""
    assert (ROOT / "lib/__init__.py").exists()
