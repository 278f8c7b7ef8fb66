"""The description as a whole: each route and method, the schemas of the models that validate, and who may call.

A method is described by its action, nothing is said twice: pydantic gives the schemas, docstrings give the words.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dev.openapi.errors import Error, error_replies
from dev.openapi.parameters import parameters_of
from dev.openapi.security import SCHEMES, security_of, session_header
from lib.queue.registry import registered
from lib.version import VERSION
from lib.web.endpoint import Action, Endpoint

FILE = "public/openapi.json"
_REF = "#/components/schemas/{model}"


def rendered(project: Path) -> str:
    """Return the text of the file."""
    return json.dumps(description(project), indent=1, ensure_ascii=False) + "\n"


def endpoints(project: Path) -> Iterator[tuple[str, str, Endpoint]]:
    """Each route's path, the docstring of its file, and what it was made of."""
    for file in sorted((project / "api").rglob("*.py")):
        name = file.relative_to(project).with_suffix("")
        module = importlib.import_module(".".join(name.parts))
        yield f"/{name.as_posix()}", module.__doc__ or "", module.app.state.endpoint


def description(project: Path) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    actions = [
        (path, method, act, act.authenticate or endpoint.authenticate)
        for path, _, endpoint in endpoints(project)
        for method, act in endpoint.actions.items()
    ]
    paths: dict[str, dict[str, Any]] = {}
    for path, method, act, authenticate in actions:
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, act, authenticate.__name__)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The Suplatzigram queue",
            "version": VERSION,
            "description": "Likes, posts, and the background jobs behind them. Made by `make openapi`; do not edit.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas([(method, act) for _, method, act, _ in actions]),
            "securitySchemes": SCHEMES,
        },
    }


def _operation(path: str, method: str, act: Action, who: str) -> dict[str, Any]:
    words = " ".join(line.strip() for line in (act.service.__doc__ or "").split("\n\n")[0].splitlines())
    reads_query, models = _reads_query(method, act), models_read(act)
    operation: dict[str, Any] = {
        "operationId": f"{method.lower()}{''.join(part.capitalize() for part in path.split('/')[2:])}",
        "summary": words.rstrip("."),
        "tags": [path.split("/")[2]],
        "security": security_of(who),
        "responses": _replies(act) | error_replies(act, who, has_input=_has_input(act), reads_query=reads_query),
    }
    parameters = [*(parameters_of(models[0]) if reads_query else []), *session_header(who)]
    for parameter in parameters:
        if parameter["name"] == "jobType":
            _name_job_types(parameter["schema"])
    if parameters:
        operation["parameters"] = parameters
    if not reads_query:
        refs = [{"$ref": _REF.format(model=model.__name__)} for model in models]
        schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _replies(act: Action) -> dict[str, Any]:
    returns = get_type_hints(act.service)["return"]
    if returns is str:
        content: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        refs = [{"$ref": _REF.format(model=model.__name__)} for model in _members(returns)]
        content = {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}
    words = (returns.__doc__ or "").split("\n\n")[0].strip() if isinstance(returns, type) else "As asked for."
    return {str(status): {"description": words, "content": content} for status in act.statuses}


def models_read(act: Action) -> list[type[BaseModel]]:
    """The models of the input: of a function that reads it, those that it returns."""
    if isinstance(act.reads, type):
        return [act.reads]
    return _members(get_type_hints(act.reads)["return"])


def _reads_query(method: str, act: Action) -> bool:
    return method == "GET" or not _has_input(act)


def _has_input(act: Action) -> bool:
    return any(model.model_fields for model in models_read(act))


def _members(hint: Any) -> list[type[BaseModel]]:
    """The models of a union, or the one; not one for text."""
    return [model for model in getattr(hint, "__args__", None) or (hint,) if issubclass(model, BaseModel)]


def _schemas(actions: list[tuple[str, Action]]) -> dict[str, Any]:
    """The schemas of bodies and replies. A query's fields are parameters."""
    bodies = {model for method, act in actions if not _reads_query(method, act) for model in models_read(act)}
    replies = {model for _, act in actions for model in _members(get_type_hints(act.service)["return"])} | {Error}
    given: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in bodies]
    returned: list[tuple[type[BaseModel], Literal["serialization"]]] = [(model, "serialization") for model in replies]
    _, schemas = models_json_schema([*given, *returned], by_alias=True, ref_template=_REF)
    for name in ("JobRequest", "JobAction"):
        _name_job_types(schemas["$defs"][name]["properties"]["jobType"])
    return dict(sorted(schemas["$defs"].items()))


def _name_job_types(schema: dict[str, Any]) -> None:
    """Services check a job type against the registry, of which its model knows nothing."""
    for branch in schema.get("anyOf", [schema]):
        if branch.get("type") == "string":
            branch["enum"] = sorted(registered)
