"""What pip-audit and npm audit print, as one kind of answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib.cli.words import plural


@dataclass(frozen=True)
class Answer:
    """What became of asking about one lock file. `unasked` says why some or all packages could not be asked about."""

    source: str
    packages: int = 0
    weaknesses: tuple[str, ...] = ()
    unasked: str = ""

    def __str__(self) -> str:
        lines = [f"{self.source}: {weakness}" for weakness in self.weaknesses]
        if self.unasked:
            lines.append(f"{self.source}: COULD NOT BE ASKED: {self.unasked}")
        return "\n".join(lines) or f"{self.source}: {plural(self.packages, 'package')}, no known weakness"


def of_pip_audit(source: str, output: str, trouble: str) -> Answer:
    """From `pip-audit --format json`.

    It ends with 0 and "No known vulnerabilities" when it found no data at all, so what it skipped counts as not asked.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(source, unasked=last_line(trouble or output))
    weaknesses = [
        f"{each['name']} {each['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or '-'}"
        for each in packages
        for weakness in each.get("vulns", [])
    ]
    skipped = [each for each in packages if "skip_reason" in each]
    unasked = f"{len(skipped)} of {plural(len(packages), 'package')}; {skipped[0]['skip_reason']}" if skipped else ""
    return Answer(source, len(packages), tuple(weaknesses), unasked)


def of_npm(source: str, output: str, *, serious: frozenset[str]) -> Answer:
    """From `npm audit --json`; weaknesses of other severities than `serious` are left out."""
    try:
        report: Mapping[str, Any] = json.loads(output)
        packages = report["metadata"]["dependencies"]["total"]
        found = report["vulnerabilities"].values()
    except (ValueError, KeyError, TypeError):
        return Answer(source, unasked=_npm_trouble(output))
    weaknesses = [
        f"{each['name']} {each['range']}: {each['severity']}" for each in found if each["severity"] in serious
    ]
    return Answer(source, packages, tuple(weaknesses))


def _npm_trouble(output: str) -> str:
    try:
        report = json.loads(output)
    except ValueError:
        return last_line(output)
    return str(report.get("message") or report.get("error") or last_line(output))


def together(answers: Sequence[Answer]) -> Answer:
    """What several services said of one source: of the first that knew all packages, or what each of them knew."""
    for answer in answers:
        if not answer.unasked:
            return answer
    weaknesses = tuple(dict.fromkeys(weakness for answer in answers for weakness in answer.weaknesses))
    return replace(answers[0], weaknesses=weaknesses, unasked=" / ".join(answer.unasked for answer in answers))


def last_line(text: str) -> str:
    """The last line that says something: of a traceback, the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def exit_status(answers: Sequence[Answer]) -> int:
    """1 for a weakness, 2 when something could not be asked, else 0."""
    if any(answer.weaknesses for answer in answers):
        return 1
    return 2 if any(answer.unasked for answer in answers) else 0
