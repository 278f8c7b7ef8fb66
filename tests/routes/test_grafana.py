"""docs/grafana: the dashboard and the alerts ask for what the metrics route answers, and for nothing else."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import anyio
import httpx
import promql_parser
import psycopg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lib.services.health.queue import REASON_CODES
from tests.routes.conftest import ROOT

GRAFANA = ROOT / "docs" / "grafana"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((GRAFANA / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads((GRAFANA / "dashboard.json").read_text())["panels"]
# What Grafana puts in before it asks.
VARIABLES = {"$__rate_interval": "5m", "$job_type": ".*"}
PROMTOOL = shutil.which("promtool")


def expressions() -> dict[str, str]:
    """Return every query, by the alert or the panel that asks it, as Prometheus gets it."""
    found = {f"alert {rule['alert']}": rule["expr"] for rule in ALERTS}
    for panel in PANELS:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            found[f"panel {panel['title']} {target['refId']}"] = expression
    return found


def selectors(node: Any) -> list[promql_parser.VectorSelector]:
    """Return the series that a parsed query reads."""
    if isinstance(node, promql_parser.VectorSelector):
        return [node]
    parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
    return [found for part in (*parts, *getattr(node, "args", [])) if part is not None for found in selectors(part)]


@pytest.fixture
async def metrics(site: httpx.AsyncClient, env: dict[str, str]) -> str:
    """What Prometheus scrapes, once the worker has run and an audit has found no drift."""
    tick = {"authorization": f"Bearer {env['CRON_SECRET']}"}
    assert (await site.post("/api/queue/process", headers=tick)).status_code == 200
    job = {"jobType": "audit_like_counts"}
    await site.post("/api/queue/jobs", json=job, headers={"authorization": f"Bearer {env['QUEUE_API_TOKEN']}"})
    assert (await site.post("/api/queue/process", headers=tick)).json()["completed"] == 1
    reply = await site.get("/api/admin/queue/metrics", headers={"authorization": f"Bearer {env['ADMIN_API_TOKEN']}"})
    assert reply.status_code == 200, reply.text
    return reply.text


async def test_every_metric_and_label_that_is_asked_for_exists(metrics: str) -> None:
    """A query for what does not exist shows an empty panel, and an alert on it never fires."""
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    asked = [(where, each) for where, query in expressions().items() for each in selectors(promql_parser.parse(query))]
    assert len(asked) > 40
    for where, selector in asked:
        assert selector.name in labels, where
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels[selector.name], where


async def test_every_metric_is_on_the_dashboard(metrics: str) -> None:
    """What is measured is shown."""
    given = set(re.findall(r"^# TYPE (\S+)", metrics, re.MULTILINE))
    shown = " ".join(query for where, query in expressions().items() if where.startswith("panel"))
    assert [name for name in given if name not in shown] == []


def test_there_is_an_alert_for_each_reason() -> None:
    """And the code, the database and the document know the same reasons."""
    alerted = re.findall(r'health_reason\{code="(\w+)"\}', " ".join(rule["expr"] for rule in ALERTS))
    sql = (ROOT / "supabase/migrations/20261124061600_queue_health.sql").read_text()
    told = re.findall(r"^    select \d+, '(\w+)'", sql, re.MULTILINE)
    section = (ROOT / "docs/http.md").read_text().partition("## Health")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(alerted) == sorted(REASON_CODES) == sorted(told) == sorted(documented)


def test_every_alert_says_what_to_do() -> None:
    """To somebody who was woken by it."""
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith((".", ".)"))


async def test_a_reason_is_a_series_before_and_while_it_holds(
    site: httpx.AsyncClient, env: dict[str, str], db: psycopg.Connection[dict[str, Any]]
) -> None:
    """So that an alert on it resolves. The schedule is one that nobody understands."""
    admin = {"authorization": f"Bearer {env['ADMIN_API_TOKEN']}"}

    async def reasons() -> dict[str, float]:
        text = (await site.get("/api/admin/queue/metrics", headers=admin)).text
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        return {each.labels["code"]: each.value for each in samples if each.name.endswith("_health_reason")}

    assert await reasons() == dict.fromkeys(REASON_CODES, 0)
    db.execute("update job_schedules set last_error = 'not a schedule' where enabled")
    assert await reasons() == dict.fromkeys(REASON_CODES, 0) | {"schedule_cannot_be_planned": 1}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on the path")
def test_promtool_accepts_the_rules_and_fires_them(tmp_path: Path) -> None:
    """Each alert for a reason fires after its time, and says so once."""
    assert PROMTOOL is not None
    subprocess.run([PROMTOOL, "check", "rules", GRAFANA / "alerts.yml"], check=True, capture_output=True)
    series = "suplatzigram_queue_health_reason"
    firing = [rule for rule in ALERTS if series in rule["expr"]]
    cases = [
        {
            "interval": "1m",
            "input_series": [
                {"series": f'{series}{{code="{code}"}}', "values": "1x20" if code in rule["expr"] else "0x20"}
                for code in REASON_CODES
            ]
            + [{"series": "suplatzigram_queue_healthy", "values": "1x20"}],
            "alert_rule_test": [
                {
                    "eval_time": "10m",
                    "alertname": rule["alert"],
                    "exp_alerts": [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}],
                }
            ],
        }
        for rule in firing
    ]
    test = tmp_path / "test.yml"
    test.write_text(yaml.safe_dump({"rule_files": [str(GRAFANA / "alerts.yml")], "tests": cases}))
    done = subprocess.run([PROMTOOL, "test", "rules", test], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on the path")
async def test_promtool_accepts_the_metrics(metrics: str) -> None:
    """Names, units and help texts, as Prometheus recommends them."""
    assert PROMTOOL is not None
    done = await anyio.run_process([PROMTOOL, "check", "metrics"], input=metrics.encode(), check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
