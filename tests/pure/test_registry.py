"""The house rules of job types and of the door to the database."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

from lib import jobs
from lib.errors import InvalidInput
from lib.queue import registry
from lib.queue.policy import Policy
from lib.queue.registry import JobType, Payload, batch_job, job, registered, type_named, type_of

ROOT = Path(__file__).resolve().parents[2]
SQL = "\n".join(file.read_text() for file in sorted((ROOT / "supabase" / "migrations").glob("*.sql")))


def sql_enum(name: str) -> set[str]:
    """Return the values that the migrations give an enum."""
    (body,) = re.findall(rf"create type public\.{name} as enum \((.*?)\)", SQL, re.DOTALL)
    added = re.findall(rf"alter type public\.{name} add value (?:if not exists )?'(\w+)'", SQL)
    return {*re.findall(r"'(\w+)'", body), *added}


def sql_arguments(function: str) -> list[str]:
    """Return the argument names of a function, from its last definition."""
    found = re.findall(rf"create or replace function public\.{function}\((.*?)\)\s*returns", SQL, re.DOTALL)
    assert found, f"no SQL function {function}"
    return re.findall(r'(?:^|,)\s*"?(\w+)"? ', re.sub(r"\s+", " ", found[-1]) + " ")


def rpc_calls() -> list[tuple[str, str, set[str] | None]]:
    """Return the calls of database functions in lib: the file, the function, and the names of its arguments.

    The names are None where they are passed on as a mapping.
    """
    found = []
    for file in sorted((ROOT / "lib").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "rpc":
                names = [keyword.arg for keyword in node.keywords]
                given = None if None in names else {str(each) for each in names}
                found += [(f"{file.name}:{node.lineno}", name, given) for name in written_out(node.args[0])]
    return found


def written_out(name: ast.expr) -> list[str]:
    """Return the function that an expression names: written out, or one of two by a condition."""
    match name:
        case ast.Constant(str(value)):
            return [value]
        case ast.IfExp(_, body, orelse):
            return written_out(body) + written_out(orelse)
        case _:
            raise AssertionError(f"line {name.lineno}: write the function's name out, so that grep finds it")


def page_names() -> list[str]:
    """Return the names of the job pages."""
    return [module.name for module in pkgutil.iter_modules(jobs.__path__) if not module.name.startswith("_")]


def test_every_page_registers_the_type_of_its_name() -> None:
    """One file, one type, one name; importing lib.jobs finds them all."""
    assert set(registered) == set(page_names())
    for name in page_names():
        module = importlib.import_module(f"lib.jobs.{name}")
        assert registered[name].handler is getattr(module, name)
        assert registered[name].payload.__module__ == module.__name__


def test_a_page_imports_the_queue_by_its_front_door() -> None:
    """lib.queue exports what a page needs; what lies behind it may change."""
    for file in (ROOT / "lib" / "jobs").glob("*.py"):
        assert not re.findall(r"^from lib\.queue\.\w+ import|^import lib\.queue", file.read_text(), re.MULTILINE), file


def test_every_rpc_is_a_function_with_these_arguments() -> None:
    """Grep crosses the border; a misspelt argument would be found by a user."""
    calls = rpc_calls()
    assert len(calls) >= 30
    for file, function, given in calls:
        assert given is None or given <= set(sql_arguments(function)), f"{file} calls {function}"


def test_every_method_of_the_store_has_the_name_of_its_function() -> None:
    """So that a reader of either side finds the other."""
    tree = ast.parse((ROOT / "lib" / "queue" / "store.py").read_text())
    (store,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Store")
    methods = [node for node in store.body if isinstance(node, ast.AsyncFunctionDef)]
    assert len(methods) >= 9
    for method in methods:
        called = [
            node.args[0].value
            for node in ast.walk(method)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "rpc"
            and isinstance(node.args[0], ast.Constant)
        ]
        assert called == [method.name]


def test_the_registered_types_are_those_of_the_enum() -> None:
    """A type that only one side knows is claimed by nobody, or cannot be enqueued."""
    assert set(registered) == sql_enum("job_type")


def test_a_type_is_found_by_its_name_and_by_its_payload() -> None:
    """Trusted services give names, our own code gives payloads."""
    sync = type_named("sync_like_count")
    assert type_of(sync.payload.model_validate({"post_id": "01890000-0000-7000-8000-000000000001"})) is sync


def test_an_unknown_name_is_the_callers_mistake() -> None:
    """And the answer says what would be right."""
    with pytest.raises(InvalidInput, match=r"jobType: must be one of .*sync_like_count") as raised:
        type_named("nonsense")
    assert raised.value.field == "jobType"


def test_an_unregistered_payload_is_our_own_mistake() -> None:
    """Not something to answer 422 to."""

    class Stranger(Payload):
        pass

    with pytest.raises(LookupError, match="Stranger"):
        type_of(Stranger())


def test_a_type_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two handlers of one name, or one payload of two types, would hide one another."""
    monkeypatch.setattr(registry, "_types", dict[str, JobType]())
    monkeypatch.setattr(registry, "_by_payload", dict[type[Payload], JobType]())

    class Once(Payload):
        pass

    class Another(Payload):
        pass

    async def handler(*_: Any) -> Any: ...

    job("once", payload=Once, policy=Policy(timeout_s=1))(handler)
    with pytest.raises(ValueError, match="twice"):
        job("once", payload=Another, policy=Policy(timeout_s=1))(handler)
    with pytest.raises(ValueError, match="twice"):
        batch_job("another", payload=Once, policy=Policy(timeout_s=1), batch=2)(handler)


@pytest.mark.parametrize("name", page_names())
def test_payload_models_are_frozen_closed_and_read_both_spellings(name: str) -> None:
    """Keys are snake_case in the database, and HTTP may send camelCase."""
    model = registered[name].payload
    assert issubclass(model, Payload)
    assert model.model_config.get("extra") == "forbid"
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("populate_by_name") is True
    assert all(re.fullmatch(r"[a-z0-9_]+", field) for field in model.model_fields)
