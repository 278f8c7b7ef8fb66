"""vercel.json: what Vercel accepts without a word and then does not do."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cronsim import CronSim

ROOT = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = json.loads((ROOT / "vercel.json").read_text())
# Of the keys that Vercel documents, those that can make sense here.
KNOWN = {
    *(
        "$schema",
        "build",
        "buildCommand",
        "cleanUrls",
        "crons",
        "framework",
        "functions",
        "headers",
    ),
    *("ignoreCommand", "installCommand", "outputDirectory", "redirects", "regions", "rewrites"),
    "trailingSlash",
}


def routes() -> list[str]:
    """Return the routes of api/: names that start with _ or . are none."""
    files = [file.relative_to(ROOT) for file in sorted((ROOT / "api").rglob("*.py"))]
    return [
        f"/{file.with_suffix('').as_posix()}"
        for file in files
        if not any(part.startswith(("_", ".")) for part in file.parts)
    ]


def test_every_key_is_known() -> None:
    """A misspelt key is ignored by Vercel."""
    assert CONFIG.keys() <= KNOWN
    for settings in CONFIG["functions"].values():
        assert settings.keys() <= {"excludeFiles", "includeFiles", "maxDuration", "memory"}


def test_the_framework_is_none_and_only_the_dashboard_is_built() -> None:
    """Otherwise requirements.txt selects a preset that drops every route but one. Without --ignore-scripts a package
    could run what it likes where the secrets of the build are."""
    assert CONFIG["framework"] is None
    assert CONFIG["installCommand"] == ""
    install, build = CONFIG["buildCommand"].split(" && ")
    assert install.startswith("npm --prefix dashboard ci --ignore-scripts")
    assert build == "npm --prefix dashboard run build"


def test_every_address_of_the_dashboard_leads_to_its_page() -> None:
    """Its addresses are shared and reloaded. A script that is gone must not be answered with a page."""
    (rule,) = CONFIG["rewrites"]
    assert rule["destination"] == "/admin/queue/index.html"
    for path in ("/admin/queue/", "/admin/queue/jobs", "/admin/queue/jobs/0197"):
        assert re.fullmatch(rule["source"], path)
    for path in ("/", "/api/admin/queue/jobs", "/admin/queue/assets/index-x.js"):
        assert not re.fullmatch(rule["source"], path)


def test_functions_are_compiled_when_built() -> None:
    """Without bytecode a cold start takes three times as long."""
    assert CONFIG["build"]["env"]["VERCEL_PYTHON_COMPILEALL"] == "1"


@pytest.mark.parametrize("cron", CONFIG["crons"], ids=lambda cron: cron["path"])
def test_crons_call_routes_that_exist(cron: dict[str, str]) -> None:
    """Vercel accepts a cron to nowhere."""
    assert cron["path"] in routes()


@pytest.mark.parametrize("cron", CONFIG["crons"], ids=lambda cron: cron["path"])
def test_cron_expressions_have_five_fields(cron: dict[str, str]) -> None:
    """Six are accepted when built and refused when deployed."""
    assert len(cron["schedule"].split()) == 5
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert next(CronSim(cron["schedule"], now)) > now


def test_the_queue_is_drained_every_minute() -> None:
    """The times that the README promises follow from this."""
    assert {"path": "/api/queue/process", "schedule": "* * * * *"} in CONFIG["crons"]


def test_one_pattern_covers_every_function() -> None:
    """Of several patterns the first match wins whole: settings of a second one would be lost."""
    assert list(CONFIG["functions"]) == ["api/**/*.py"]


def test_the_worker_budget_fits_into_the_longest_duration() -> None:
    """A worker that Vercel kills settles nothing; two seconds are left to settle and reply."""
    settings = CONFIG["functions"]["api/**/*.py"]
    example = (ROOT / ".env.example").read_text()
    budget = re.search(r"^WORKER_BUDGET_MS=(\d+)$", example, re.MULTILINE)
    assert settings["maxDuration"] == 10
    assert budget
    assert int(budget[1]) <= settings["maxDuration"] * 1000 - 2000


def test_there_are_at_most_twelve_functions() -> None:
    """More fail to deploy on the Hobby plan."""
    assert 0 < len(routes()) <= 12


def test_exclude_files_is_one_short_glob() -> None:
    """Vercel takes a string of at most 256 characters."""
    exclude = CONFIG["functions"]["api/**/*.py"]["excludeFiles"]
    assert isinstance(exclude, str)
    assert len(exclude) <= 256


def test_the_upload_holds_what_a_deployment_needs() -> None:
    """.vercelignore names what goes up; a new top-level file that is needed has to be added."""
    lines = (ROOT / ".vercelignore").read_text().splitlines()
    kept = {line.removeprefix("!/") for line in lines if line.startswith("!/")}
    assert {"api", "dashboard", "lib", "public", "requirements.txt", "vercel.json", ".python-version"} <= kept
    assert "/*" in lines
    assert not [name for name in kept if not (ROOT / name).exists()]
