"""The dashboard and what it is written against."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "dashboard/src"
# What the page calls a thing, and what the description of the API calls it.
SCHEMAS = {
    "Session": "Session",
    "Stats": "QueueStats",
    "TypeStats": "TypeStats",
    "Run": "LastRun",
    "RunStats": "RunStats",
    "Schedule": "Schedule",
    "LikeAudit": "LikeAudit",
    "ReturningJob": "ReturningJob",
    "Attempt": "AttemptRecord",
    "Job": "OperatorJob",
    "JobAction": "JobAction",
    "ActionReply": "ActionReply",
    "ScheduleAction": "ScheduleAction",
    "ScheduleReply": "ScheduleReply",
    "OperatorAction": "OperatorAction",
    "Tokens": "SignedInSession",
    "Health": "QueueHealth",
    "Finding": "Finding",
    "Diagnosis": "Doctor",
    "Percentiles": "Percentiles",
}


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_what_the_page_reads_is_what_the_api_says(name: str, schema: str) -> None:
    """A field that was renamed would show as empty, and no type checker would say so."""
    described = json.loads((ROOT / "public/openapi.json").read_text())["components"]["schemas"]
    found = re.search(
        rf"^export interface {name} \{{\n(.*?)^\}}", (SOURCES / "api/contract.ts").read_text(), re.MULTILINE | re.DOTALL
    )
    assert found
    fields = set(re.findall(r"^  (\w+)\??:", found[1], re.MULTILINE))
    assert fields
    assert fields <= described[schema]["properties"].keys()


def test_every_reason_of_health_has_what_mends_it() -> None:
    """A new reason would only lead to the doctor."""
    table = (ROOT / "docs/http.md").read_text().partition("| code | unhealthy because |")[2].partition("\n\n")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    handled = set(re.findall(r'^    case "(\w+)":', (SOURCES / "pages/health.tsx").read_text(), re.MULTILINE))
    assert documented
    assert handled == documented


def test_the_documents_pictures_are_small() -> None:
    """They are in every clone."""
    pictures = list((ROOT / "docs/dashboard").glob("*.png"))
    assert 0 < len(pictures) <= 10
    assert [file.name for file in pictures if file.stat().st_size > 150_000] == []
