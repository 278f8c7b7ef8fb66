"""DIAGNOSTIC_FINDINGS.md, made of a run of the demo: `python -m dev.diagnose --write`."""

import re
import textwrap
from collections.abc import Sequence

from dev.diagnose.fault import Finding
from dev.doctor import Finding as Fact

FILE = "DIAGNOSTIC_FINDINGS.md"

STAYS = (
    "An adopted app keeps these until its old clients are gone, and policies that are its own until it changes them."
)

HEAD = """# Diagnostic findings

What is wrong with the app without this project: a photo app on Supabase whose browsers count likes, with the policies
of a tutorial and the first draft of a queue. Each finding has its evidence, its severity and what ends it.

`make diagnose-demo` builds that app ([its schema](dev/diagnose/old_app/supabase/migrations/), its worker, its route)
on the local stack and shows each finding anew: browsers over the API, workers as processes, two connections for a race.
The figures below are of such a run, and `make diagnose-demo ARGS=--write` writes this page. Your own database is
examined by [the doctor](docs/doctor.md).

**Severity**: *critical*: data is lost or anybody may change it, now. *high*: work is lost or wrong under ordinary
failures. *medium*: it misleads, or gives away what it should not. *low*: it annoys.

| | finding | severity | run here |
|--:|---|---|---|
"""


def rendered(findings: Sequence[Finding], before: Sequence[Fact], after: Sequence[Fact]) -> str:
    """Return the page."""
    rows = [row(place, each) for place, each in enumerate(findings, 1)]
    sections = [section(place, each) for place, each in enumerate(findings, 1)]
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(sections) + doctor(before, after)


def row(place: int, finding: Finding) -> str:
    """Return a line of the table."""
    title = f"[{finding.fault.title}](#{anchor(place, finding)})"
    return f"| {place} | {title} | {finding.fault.severity} | {'yes' if finding.ran else 'no'} |"


def anchor(place: int, finding: Finding) -> str:
    """Return the link to a section, as GitHub makes it of a heading."""
    heading = f"{place}. {finding.fault.title}".lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def section(place: int, finding: Finding) -> str:
    """Return one finding."""
    fault, evidence = finding.fault, finding.evidence
    seen = f"**Seen**: {evidence.seen}." if finding.ran else f"**Not run here**; {evidence.seen}."
    return f"""## {place}. {fault.title}

{wrapped(f"*{fault.severity}*, `{fault.code}`. {fault.why}")}

```{evidence.language}
{evidence.done}
```

{wrapped(seen)}

{wrapped(f"**Fix**: {fault.fix}")}
"""


def wrapped(paragraph: str) -> str:
    """Break a paragraph into lines, code and links left whole."""
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def doctor(before: Sequence[Fact], after: Sequence[Fact]) -> str:
    """Return what the doctor says of the same database."""
    told = ", ".join(f"`{code}`" for code in sorted({fact.code for fact in before}))
    left = ", ".join(f"`{code}`" for code in sorted({fact.code for fact in after})) or "nothing"
    found = f"Before the migrations: {len(before)} findings ({told})."
    rest = f"After the first draft's queue was dropped and the migrations were applied: {len(after)} ({left}). {STAYS}"
    return f"\n## The same database, examined by the doctor\n\n{wrapped(found)}\n\n{wrapped(rest)}\n"
