"""clients/typescript: its types are the routes', its logic holds, and what the documents show compiles."""

import json
import re

import pytest

from dev import typescript
from dev.errors import StackError


def test_the_types_are_those_of_the_routes() -> None:
    """Whoever changes a route runs `make openapi`, which makes them anew."""
    assert typescript.TYPES.read_text() == typescript.types(), "run make openapi"


def test_only_what_a_front_end_may_call_is_in_them() -> None:
    """A page has no token of a server, and nobody should look for one."""
    paths = set(re.findall(r'^    readonly "(/api/[^"]*)"', typescript.TYPES.read_text(), re.MULTILINE))
    assert paths == {"/api/health/queue", "/api/posts", "/api/ratings"}


def test_the_types_hold() -> None:
    """Strict, sources and tests alike; a mistake is found."""
    with typescript.workspace() as folder:
        typescript.check_types(folder)
        (folder / "src" / "wrong.ts").write_text('import { Likes } from "./likes";\nnew Likes();\n')
        with pytest.raises(StackError, match=r"src/wrong.ts\(2,1\): error TS2554"):
            typescript.check_types(folder)


def test_its_own_tests_pass() -> None:
    """On node:test, with a pretended server, browser and clock."""
    with typescript.workspace() as folder:
        tests = sorted(f"tests/{file.name}" for file in (folder / "tests").glob("*.test.ts"))
        bundles = typescript.bundle(folder, *tests, platform="node")
        output = typescript.run_node("--test", "--test-reporter=tap", *bundles, cwd=folder)
    counts = dict(re.findall(r"^# (\w+) (\d+)$", output, re.MULTILINE))
    assert int(counts["pass"]) == int(counts["tests"]) >= 60, output


def test_an_app_gets_react_from_nobody_else() -> None:
    """What a page loads is React and this."""
    package = json.loads((typescript.FOLDER / "package.json").read_text())
    assert package.get("dependencies", {}) == {}
    assert package["peerDependencies"].keys() == {"react"}
    for entry in package["exports"].values():
        assert (typescript.FOLDER / entry).is_file()
