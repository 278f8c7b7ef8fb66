"""Where the app writes likes itself, which the transition ignores and strict refuses. Found by text, so not all.

A write is an insert, update or upsert of posts_new that names likes: in the app's code by supabase-js, in its
migrations in the body of a function. What a migration wrote once is over.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from dev.install.folders import SKIPPED
from dev.supabase import migrations

ENDS = {".js", ".jsx", ".ts", ".tsx", ".mjs"}
CALL = re.compile(
    r"""\.from\s*(?:<[^>]*>)?\(\s*(["'`])posts_new\1\s*\)"""
    r"(?:\s|//[^\n]*|/\*.*?\*/)*[?!]?\.(?:insert|update|upsert)\s*\(",
    re.DOTALL,
)
# A key of an object, or a variable of that name put into one.
KEY = re.compile(r"""[{,]\s*(["']?)likes\1\s*(?:[,}]|:(?!\s*(?:number|bigint|string)\b))""")
# Not the // of a URL.
COMMENT = re.compile(r"(?:^|(?<=\s))//[^\n]*|/\*.*?\*/", re.DOTALL | re.MULTILINE)
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
NAME = r'(?:"?public"?\s*\.\s*)?"?{}"?'
FUNCTION = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\s+" + NAME.format(r"(?P<name>\w+)") + r"\s*\("
    r".*?\$(?P<tag>\w*)\$(?P<body>.*?)\$(?P=tag)\$"
    r"|\bdrop\s+(?:function|procedure)\s+(?:if\s+exists\s+)?" + NAME.format(r"(?P<gone>\w+)"),
    re.DOTALL | re.IGNORECASE,
)
UPDATE = re.compile(
    r"\bupdate\s+(?:only\s+)?" + NAME.format("posts_new") + r"(?:\s+(?:as\s+)?(?!set\b)\w+)?\s+set\s+"
    r"(?:(?!\bwhere\b|;).)*?\blikes\s*=",
    re.DOTALL | re.IGNORECASE,
)
INSERT = re.compile(
    r"\binsert\s+into\s+" + NAME.format("posts_new") + r"(?:\s+as\s+\w+)?\s*\([^)]*\blikes\b", re.IGNORECASE
)


def writers_of_likes(app: Path, supabase: Path, ours: Collection[str]) -> list[str]:
    """Return the places, as file:line: text. supabase: the app's folder of that name. ours: what was installed."""
    found = []
    for place, folders, names in app.walk():
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for file in sorted(place / name for name in names if Path(name).suffix in ENDS):
            if (name := file.relative_to(app).as_posix()) not in ours:
                found += [f"{name}:{line}" for line in in_code(file.read_text(errors="replace"))]
    own = [each.file for each in migrations.found_in(supabase.parent)]
    return found + in_migrations(file for file in own if file.name not in ours)


def in_code(source: str) -> Iterator[str]:
    """Yield the writes of a source, as line: text."""
    code = _without(COMMENT, source)
    for call in CALL.finditer(code):
        argument = _argument(code, call.end())
        if key := KEY.search(argument):
            yield _line(source, call.end() + key.start() + key[0].index("likes"))


def in_migrations(files: Iterator[Path] | Collection[Path]) -> list[str]:
    """Return the functions that write likes as file:line: text, in the last form that a migration gave them."""
    found: dict[str, str] = {}
    for file in files:
        source = file.read_text(errors="replace")
        for each in FUNCTION.finditer(_without(SQL_COMMENT, source)):
            found.pop((each["gone"] or each["name"]).lower(), None)
            body = each["body"] or ""
            if write := UPDATE.search(body) or INSERT.search(body):
                found[each["name"].lower()] = f"{file.name}:{_line(source, each.start('body') + write.start())}"
    return list(found.values())


def _without(comments: re.Pattern[str], source: str) -> str:
    """Blank the comments, so that places stay the same."""
    return comments.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), source)


def _argument(code: str, start: int) -> str:
    """Return what stands between a call's parentheses."""
    depth = 1
    for at in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if not depth:
            return code[start:at]
    return ""


def _line(source: str, at: int) -> str:
    number = source.count("\n", 0, at)
    return f"{number + 1}: {source.splitlines()[number].strip()[:100]}"
