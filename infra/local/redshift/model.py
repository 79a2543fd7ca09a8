"""Checks requests against AWS's own model of the Data API, which botocore brings along.

The client checks a part of it before it sends a call, and the service all of it.
https://smithy.io/2.0/spec/constraint-traits.html
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from infra.local.redshift.statements import Refused

_KINDS: Final[Mapping[str, Any]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "list": list,
    "structure": dict,
}


def check(operation: str, request: Any) -> None:
    """Refuse a request that breaks the model; what the model does not name is left alone.

    Raises:
        Refused: `SerializationException` for a value of another kind, else `ValidationException`.
    """
    shape = _operation(operation).input_shape
    for message in _broken(shape, request, at=""):
        raise Refused("ValidationException", f"1 validation error detected: {message}")


@functools.cache
def _operation(name: str) -> OperationModel:
    document = Loader().load_service_model("redshift-data", "service-2")
    return ServiceModel(document).operation_model(name)


def _broken(shape: Shape | None, value: Any, *, at: str) -> Iterator[str]:
    """The constraints that a value breaks, in the service's words."""
    if shape is None:
        return
    if type(value) is not _KINDS[shape.type_name]:
        what = f"{at or 'the request'} is {type(value).__name__} and not {shape.type_name}"
        raise Refused("SerializationException", what)
    for rule in _broken_rules(shape, value):
        yield f"Value at '{at}' failed to satisfy constraint: Member must {rule}"
    if isinstance(shape, StructureShape):
        yield from _broken_members(shape, value, at=at)
    if isinstance(shape, ListShape):
        for number, member in enumerate(value, start=1):
            yield from _broken(shape.member, member, at=f"{at}.{number}")


def _broken_members(shape: StructureShape, value: Mapping[str, Any], *, at: str) -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{at}.{name}" if at else name
        # AWS's JSON protocol reads null as if the member were not there.
        if value.get(name) is not None:
            yield from _broken(member, value[name], at=path)
        elif name in shape.required_members:
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _broken_rules(shape: Shape, value: Any) -> Iterator[str]:
    rules = shape.metadata
    size = value if isinstance(value, int) else len(value)
    what = "have value" if isinstance(value, int) else "have length"
    if size < rules.get("min", size):
        yield f"{what} greater than or equal to {rules['min']}"
    if size > rules.get("max", size):
        yield f"{what} less than or equal to {rules['max']}"
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value, re.ASCII):
        yield f"satisfy regular expression pattern: {rules['pattern']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: {rules['enum']}"
