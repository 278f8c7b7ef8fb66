"""public/openapi.json is what the routes are."""

import json
import subprocess
import sys

from dev.openapi.security import SCHEMES
from tests.routes.conftest import ROOT, routes
from tests.routes.test_auth import DOORS

DESCRIPTION = json.loads((ROOT / "public" / "openapi.json").read_text())
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}
# The scheme of each variable that opens a door.
SCHEME_OF = {"CRON_SECRET": "cronSecret", "QUEUE_API_TOKEN": "queueToken", "ADMIN_API_TOKEN": "adminToken"}


def test_the_file_is_current() -> None:
    """Whoever changes a model, a route or a word of one makes it anew: `make openapi`.

    In a process of its own, where no test has registered a job type.
    """
    made = subprocess.run([sys.executable, "-m", "dev.openapi", "--check"], cwd=ROOT, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr.decode()


def test_each_route_and_method_is_described_and_no_other() -> None:
    """HEAD needs no word of its own."""
    served = {
        (method, path)
        for path, module in routes().items()
        for method in module.app.routes[0].methods
        if method != "HEAD"
    }
    assert OPERATIONS.keys() == served


def test_each_door_says_what_opens_it() -> None:
    """As the tests of the doors have it; all others are open, or a user's."""
    for door in DOORS:
        schemes = {name for way in OPERATIONS[door.method, door.path]["security"] for name in way}
        assert SCHEME_OF[door.variable] in schemes
        assert "401" in OPERATIONS[door.method, door.path]["responses"]
    doors = {(door.method, door.path) for door in DOORS}
    for operation in (operation for key, operation in OPERATIONS.items() if key not in doors):
        assert {} in operation["security"] or operation["security"] == [{"userToken": []}]
    assert DESCRIPTION["components"]["securitySchemes"] == SCHEMES


def test_a_viewer_is_let_in_where_nothing_is_changed() -> None:
    """The description says so, operation for operation."""
    viewers = {key for key, each in OPERATIONS.items() if {"viewerToken": []} in each["security"]}
    assert viewers == {key for key in OPERATIONS if key[0] == "GET" and key[1].startswith("/api/admin/")}


def test_it_holds_no_reference_to_nothing() -> None:
    """A generator of clients would stop at one."""
    text = json.dumps(DESCRIPTION)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= DESCRIPTION["components"]["schemas"].keys()
    assert "#/$defs" not in text
