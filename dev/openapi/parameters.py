"""The query of a GET as parameters: each field of its model is one."""

from typing import Any

from pydantic import BaseModel


def parameters_of(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the parameters, in the order of the fields."""
    schema = model.model_json_schema(by_alias=True)
    required, shared = set(schema.get("required", ())), schema.get("$defs", {})
    return [
        _parameter(name, _without_null(_resolved(field, shared)), name in required)
        for name, field in schema.get("properties", {}).items()
    ]


def _resolved(schema: Any, shared: dict[str, Any]) -> Any:
    """Put what a reference names in its place."""
    match schema:
        case {"$ref": str(name)}:
            return _resolved(shared[name.rpartition("/")[2]], shared)
        case dict():
            return {key: _resolved(value, shared) for key, value in schema.items()}
        case list():
            return [_resolved(each, shared) for each in schema]
        case _:
            return schema


def _parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    parameter = {"name": name, "in": "query", "required": required}
    if schema.get("type") == "object":
        return parameter | {"content": {"application/json": {"schema": schema}}}
    return parameter | {"schema": schema}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A query cannot say null: a parameter is left out."""
    schema = {key: value for key, value in field.items() if key not in ("title", "anyOf", "default")}
    branches = [branch for branch in field.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        schema |= branches[0]
    elif branches:
        schema["anyOf"] = branches
    return schema | ({"default": field["default"]} if field.get("default") is not None else {})
