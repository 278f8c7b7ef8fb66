"""What `vercel build` leaves of a function, and what would be wrong with it."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

# Vercel's limit for one function, uncompressed.
LIMIT_MB = 250
# What a function may have at its top: no test, no document, no migration, no .env file.
DEPLOYED = {"_vendor", "api", "lib", "pyproject.toml", "requirements.txt", "uv.lock", "vercel.json"}

# The operators' command line, which is never deployed.
COMMAND_LINE = "lib/cli/"

# The packages that Vercel's build adds by itself.
PLATFORM_PACKAGES = {"pip", "vercel_runtime"}


@dataclass(frozen=True)
class Function:
    """One function as `vercel build` leaves it: its route and the files it is to carry."""

    route: str
    settings: dict[str, object]
    files: dict[str, Path]

    @property
    def size_mb(self) -> float:
        """Its size, uncompressed."""
        return sum(file.stat().st_size for file in self.files.values()) / 1_000_000


def built_functions(folder: Path) -> list[Function]:
    """Read what the build left below .vercel/output/functions."""
    output = folder / ".vercel" / "output" / "functions"
    functions = []
    for config in sorted(output.rglob("*.func/.vc-config.json")):
        settings = json.loads(config.read_text())
        files = {name: folder / path for name, path in settings.pop("filePathMap", {}).items()}
        route = config.parent.relative_to(output).as_posix().removesuffix(".func")
        functions.append(Function(route, settings, files))
    return functions


def problems_of(function: Function, folder: Path) -> list[str]:
    """Say what is wrong with a built function."""
    tops = {name.partition("/")[0] for name in function.files}
    lib = {file.relative_to(folder).as_posix() for file in (folder / "lib").rglob("*.py")}
    needed = {name for name in lib if not name.startswith(COMMAND_LINE)}
    problems = [f"carries {name}" for name in tops - DEPLOYED]
    problems += [f"carries {name}" for name in function.files if re.search(r"(^|/)\.env", name) and "/" in name]
    problems += [f"carries {name}" for name in function.files if name.startswith(COMMAND_LINE)]
    problems += [f"lacks {name}" for name in needed - function.files.keys()]
    wanted, found = pinned(folder), vendored(function)
    problems += [f"{name} is not vendored" for name in wanted - found]
    problems += [f"carries {name}" for name in found - wanted if name.rpartition("-")[0] not in PLATFORM_PACKAGES]
    if not any(name.endswith(".pyc") for name in function.files):
        problems.append("no bytecode, so each cold start compiles everything")
    if function.settings.get("runtime") != "python3.12":
        problems.append(f"its runtime is {function.settings.get('runtime')}")
    if function.settings.get("maxDuration") is None:
        problems.append("no functions pattern of vercel.json matches it")
    if function.size_mb > LIMIT_MB:
        problems.append(f"{function.size_mb:.0f} MB, the limit is {LIMIT_MB}")
    return [f"{function.route}: {problem}" for problem in problems]


def pinned(folder: Path) -> set[str]:
    """Return the packages of requirements.txt, as name-version."""
    lines = (folder / "requirements.txt").read_text().splitlines()
    pins = (re.match(r"([\w.-]+)(?:\[.*\])?==(\S+)", line) for line in lines)
    return {f"{pin[1].lower().replace('-', '_')}-{pin[2]}" for pin in pins if pin}


def problems_of_lock(folder: Path) -> list[str]:
    """Say which packages the build took files of that requirements.txt does not name by their hash.

    Vercel's build reads the versions of requirements.txt and drops the hashes (see
    docs/decisions/0034-packages-are-pinned-by-hash.md). It keeps the hashes of what it found in a uv.lock of its own.
    """
    text = (folder / "requirements.txt").read_text()
    known = set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", text))
    problems = []
    for package in tomllib.loads((folder / "uv.lock").read_text())["package"]:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        if any(file["hash"] not in known for file in files):
            problems.append(f"{package['name']}: the build found a file whose hash requirements.txt does not have")
    return problems


def vendored(function: Function) -> set[str]:
    """Return the packages that a function carries, as name-version."""
    folders = {name.split("/")[1] for name in function.files if name.startswith("_vendor/")}
    infos = {name.removesuffix(".dist-info") for name in folders if name.endswith(".dist-info")}
    return {info.lower() for info in infos}
