"""docs/http.md says what the routes do."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from lib.services.admin.queue.diagnostics import Doctor
from lib.services.admin.queue.journal import OperatorAction
from lib.services.admin.queue.schedules import Schedule
from lib.services.admin.queue.session import Session
from lib.services.admin.queue.stats import QueueStats
from lib.services.health.queue import QueueHealth
from lib.services.posts import PostsReply
from lib.services.queue.jobs import MAX_JOBS, JobState
from lib.services.queue.process import ProcessReply
from lib.services.ratings import Ratings
from lib.web import replies
from lib.web.requests import MAX_BODY_BYTES, MAX_PARAMETERS
from tests.routes.conftest import ROOT, routes

TEXT = (ROOT / "docs" / "http.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
OF_OPERATORS = (Schedule, OperatorAction, Session, QueueStats, Doctor)
MODELS = (Ratings, PostsReply, ProcessReply, JobState, *OF_OPERATORS, QueueHealth)
UUID = "0197a000-0000-7000-8000-000000000000"


def filled(example: Any) -> Any:
    """Put something that fits in the place of the dots."""
    match example:
        case dict():
            return {key: filled(value) for key, value in example.items()}
        case list():
            return [filled(value) for value in example]
        case "0197…" | "…":
            return UUID
        case _:
            return example


def keys(value: Any) -> Any:
    """Every key, at every depth."""
    match value:
        case dict():
            return {key: keys(each) for key, each in value.items() if key != "payload"}
        case list():
            return [keys(each) for each in value]
        case _:
            return None


@pytest.mark.parametrize(
    ("model", "example"), list(zip(MODELS, EXAMPLES, strict=True)), ids=lambda each: str(each)[:40]
)
def test_each_example_is_a_whole_reply(model: type[BaseModel], example: dict[str, Any]) -> None:
    """No key is missing, and none is too much."""
    reply = model.model_validate(filled(example)).model_dump(mode="json", by_alias=True)
    assert keys(reply) == keys(example)


def test_each_route_and_method_is_named() -> None:
    """With who may call it."""
    documented: dict[str, set[str]] = {}
    for methods, path in re.findall(r"^\| `([A-Z ]+) (/api/\S+)` \|", TEXT, re.MULTILINE):
        documented.setdefault(path, set()).update(methods.split())
    served = {path: set(module.app.routes[0].methods) - {"HEAD"} for path, module in routes().items()}
    assert documented == served


def test_each_error_is_named() -> None:
    """With its code."""
    documented = {int(status): code for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", TEXT, re.MULTILINE)}
    assert documented == replies._CODES


def test_the_limits_are_those_of_the_code() -> None:
    """Of bodies, and of what is told about a bad one."""
    assert f"a body over {MAX_BODY_BYTES // 1024} KiB;" in TEXT
    assert f"more than {MAX_PARAMETERS} query parameters" in TEXT
    assert f"`details` has up to {replies.MAX_DETAILS} " in TEXT
    assert f"with up to {MAX_JOBS} of them" in TEXT
    assert "max_body_bytes=4_000_000" in (ROOT / "api" / "queue" / "jobs.py").read_text()
    assert "4,000,000 bytes for `POST /api/queue/jobs`" in TEXT
