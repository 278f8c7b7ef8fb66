"""Routes that the app answers already, and a proxy that comes before ours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.install.manifest import Choices
from dev.vercel.project import source_regex

SOURCES = {".js", ".jsx", ".mjs", ".ts", ".tsx"}
# What a browser calls, and the rewrites of two projects lead to us.
PUBLIC = ("/api/ratings", "/api/posts")
# How a matcher begins that takes all paths but some.
EXCLUDING = "/((?!"
# Out of a collision.
WAYS = 'rename it, or give ours a prefix: ARGS="--prefix jobs"'
# What Next.js calls it, and what it did before version 16.
PROXIES = ("proxy", "middleware")


@dataclass(frozen=True)
class AppRoute:
    """A path that the app answers. `[x]` in it is anything."""

    path: str
    file: Path

    def answers(self, path: str) -> bool:
        """Whether the app would answer this path by it."""
        pattern = re.sub(r"/\[\[\.\.\.[^/]*\]\]", "(/.*)?", self.path)
        pattern = re.sub(r"\[\.\.\.[^/]*\]", ".+", pattern)
        return re.fullmatch(re.sub(r"\[[^/.]*\]", "[^/]+", pattern), path) is not None

    @property
    def is_dynamic(self) -> bool:
        """Whether it answers more than one path. Vercel asks the files first, so ours win over it."""
        return "[" in self.path


def base_of(choices: Choices) -> str:
    """Return what our paths begin with in the app's origin."""
    return f"/api/{choices.prefix}" if choices.prefix else "/api"


def of_queue(project: Path, choices: Choices) -> list[str]:
    """Return our paths in the app's origin: all in one project, the rewritten ones in two."""
    base = base_of(choices)
    files = (file.relative_to(project / "api").with_suffix("") for file in (project / "api").rglob("*.py"))
    ours = sorted(f"/api/{file.as_posix()}" for file in files if not file.name.startswith("_"))
    paths = ours if choices.mode == "one-project" else PUBLIC
    return [base + path.removeprefix("/api") for path in paths]


def of_app(app: Path) -> Iterator[AppRoute]:
    """Find the app's routes: the app router, the pages router, and functions beside Next.js."""
    for root in (app, app / "src"):
        for file in _sources(root / "app"):
            if file.stem == "route":
                parts = [
                    part for part in file.parent.relative_to(root / "app").parts if not part.startswith(("(", "@"))
                ]
                yield AppRoute("/" + "/".join(parts), file)
        for file in _sources(root / "pages" / "api"):
            yield AppRoute(_of_page(file.relative_to(root / "pages")), file)
    for file in _sources(app / "api"):
        yield AppRoute(_of_page(file.relative_to(app)), file)


def collisions(project: Path, app: Path, choices: Choices) -> tuple[list[str], list[str]]:
    """Return what stops the installation, and what to know: paths that both the app and the queue would answer."""
    problems, notes = [], []
    for route in of_app(app):
        for path in of_queue(project, choices):
            if route.answers(path):
                where = route.file.relative_to(app)
                if route.is_dynamic:
                    notes.append(f"{where} answers {path} so far; from now on the queue does")
                elif choices.mode == "one-project":
                    problems.append(
                        f"{where} answers {path}, and Vercel would silently replace it: {WAYS} "
                        "(then without the operators' page)"
                    )
                else:
                    problems.append(f"{where} answers {path}, so a rewrite to the queue is not reached: {WAYS}")
    return problems, notes


def caught_by_proxy(project: Path, app: Path, choices: Choices) -> list[str]:
    """Say which of our paths the app's proxy (middleware) would see first, and what to exclude."""
    found = [each / f"{name}{end}" for each in (app, app / "src") for name in PROXIES for end in SOURCES]
    notes = []
    for file in filter(Path.is_file, found):
        matchers = matchers_of(file.read_text())
        paths = of_queue(project, choices)
        caught = [path for path in paths if not matchers or any(source_regex(m).fullmatch(path) for m in matchers)]
        if caught:
            notes.append(
                f"{file.relative_to(app)} runs before {', '.join(_shortened(caught, paths))}: a redirect to a login "
                f"page would answer for the queue. {_exclude(matchers, exclusion(project, choices))}"
            )
    return notes


def exclusion(project: Path, choices: Choices) -> str:
    """Return what leaves out our paths, and nothing else, in a proxy's matcher."""
    paths = of_queue(project, choices)
    ends = [path.removeprefix("/api/") for path in _shortened(paths, paths)]
    each = [end.removesuffix("*") if end.endswith("/*") else f"{end}$" for end in ends]
    return f"api/{each[0]}" if len(each) == 1 else f"api/(?:{'|'.join(each)})"


def _exclude(matchers: list[str], ours: str) -> str:
    """Say where that is put."""
    if any(EXCLUDING in matcher for matcher in matchers):
        return f"In its matcher, add this after `(?!`, and leave the rest as it is:\n{ours}|"
    if matchers:
        return "Leave them out of its matcher."
    return f"Leave them out by a matcher:\nexport const config = {{ matcher: ['/((?!{ours}).*)'] }};"


def _shortened(caught: list[str], paths: list[str]) -> list[str]:
    """Write a folder of ours with a star when all in it are caught; not /api itself, where the app's are too."""
    parents = {path: path.rpartition("/")[0] for path in paths}
    whole = {
        each
        for each in parents.values()
        if each.count("/") > 1 and all(path in caught for path in paths if parents[path] == each)
    }
    some = {each for each in whole if list(parents.values()).count(each) > 1}
    return sorted({f"{parents[path]}/*" if parents[path] in some else path for path in caught})


def matchers_of(source: str) -> list[str]:
    """Return the matchers of a proxy's `config`, read as text; not one means every path."""
    code = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    config = re.search(r"matcher\s*:\s*(\[.*?\]\s*[,}]|['\"`][^'\"`]*['\"`])", code, re.DOTALL)
    if config is None:
        return []
    strings = re.findall(r"(['\"`])((?:\\.|(?!\1).)*)\1", config[1])
    # In a JavaScript string a backslash is written twice.
    return [text.replace("\\\\", "\\") for _, text in strings if text.startswith("/")]


def _of_page(file: Path) -> str:
    path = file.with_suffix("").as_posix()
    return "/" + path.removesuffix("/index")


def _sources(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix in SOURCES and "node_modules" not in file.parts]
