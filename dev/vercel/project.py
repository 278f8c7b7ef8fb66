"""What a project's files tell Vercel: its routes, and `vercel.json`."""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dev.errors import StackError

DEFAULT_MAX_DURATION = 300
# Known to Vercel and not to this package: better refused than served otherwise than in production.
UNSUPPORTED = ("cleanUrls", "redirects", "routes", "trailingSlash")
# The objects that the runtime accepts as a file's entry point.
ENTRY_POINT = re.compile(
    r"^(?:async def|def) (app|application)\("
    r"|^(app|application)\s*[:=]"
    r"|^from .* import .*\b(app|application)$"
    r"|^class ([Hh]andler)\b",
    re.MULTILINE,
)


@dataclass(frozen=True)
class VercelProject:
    """A project folder as Vercel would deploy it."""

    root: Path
    routes: dict[str, str]
    """Paths such as /api/ratings, with the files that answer them."""
    config: dict[str, Any]

    @classmethod
    def read(cls, root: Path) -> Self:
        """Read the project. Raises StackError if `vercel.json` is broken or beyond this package."""
        file = root / "vercel.json"
        try:
            config: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        except json.JSONDecodeError as error:
            raise StackError(f"{file}: {error}") from error
        if beyond := [name for name in UNSUPPORTED if name in config]:
            raise StackError(f"{file}: the local stack does not serve {', '.join(beyond)}")
        for rule in config.get("rewrites", []):
            if rule.keys() != {"source", "destination"} or not re.fullmatch(r"/[\w./-]+", rule["destination"]):
                raise StackError(f"{file}: the local stack rewrites to one file of public/ only, not by {rule}")
        return cls(root, _routes(root), config)

    @property
    def cron_paths(self) -> list[str]:
        """The paths that Vercel Cron calls."""
        return [cron["path"] for cron in self.config.get("crons", [])]

    def max_duration(self, file: str) -> float:
        """Return the seconds after which a function is killed: the first matching pattern counts,
        also when it does not say."""
        for pattern, settings in self.config.get("functions", {}).items():
            if glob_regex(pattern).fullmatch(file):
                return float(settings.get("maxDuration", DEFAULT_MAX_DURATION))
        return DEFAULT_MAX_DURATION

    def headers(self, path: str) -> list[tuple[str, str]]:
        """Return the headers that `vercel.json` adds to replies on this path."""
        return [
            (header["key"], header["value"])
            for rule in self.config.get("headers", [])
            if source_regex(rule["source"]).fullmatch(path)
            for header in rule["headers"]
        ]

    def static_file(self, path: str) -> Path | None:
        """Return the file of `public/` that Vercel serves there, if there is one."""
        base = (self.root / "public").resolve()
        # A path may hold what no file system takes: a NUL, or a name that is too long.
        with contextlib.suppress(OSError, ValueError):
            file = (base / path.lstrip("/")).resolve()
            if file.is_dir():
                file = file / "index.html"
            return file if file.is_file() and file.is_relative_to(base) else None
        return None

    def rewritten_file(self, path: str) -> Path | None:
        """Return the static file that the first matching rewrite leads to, for a path where nothing else is."""
        for rule in self.config.get("rewrites", []):
            if source_regex(rule["source"]).fullmatch(path):
                return self.static_file(rule["destination"])
        return None

    def entry_point(self, file: str) -> str:
        """Return the name that the runtime looks up in a function's file, "app" if in doubt."""
        found = ENTRY_POINT.search((self.root / file).read_text())
        return next((name for name in found.groups() if name), "app") if found else "app"


def _routes(root: Path) -> dict[str, str]:
    files = [file.relative_to(root) for file in sorted((root / "api").rglob("*.py"))]
    return {
        "/" + re.sub(r"(/index)?\.py$", "", file.as_posix()): file.as_posix()
        for file in files
        if not any(part.startswith(("_", ".")) for part in file.parts)
    }


def glob_regex(pattern: str) -> re.Pattern[str]:
    """Translate a glob of `functions`: `*` and `?` stay within a folder, `**/` spans any number,
    `{a,b}` is a choice."""
    translated = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    translated |= {"{": "(?:", "}": ")", ",": "|"}
    tokens = re.findall(r"\*\*/|\*\*|[*?{},]|[^*?{},]+", pattern)
    return re.compile("".join(translated.get(token, re.escape(token)) for token in tokens))


def source_regex(source: str) -> re.Pattern[str]:
    """Translate a `source` of `headers`: a regular expression in which `:name` is one part of the
    path and `:name*` any number of them."""
    source = re.sub(r"/:\w+\*", r"(?:/.*)?", source)
    return re.compile(re.sub(r"(?<=/):\w+", r"[^/]+", source))
