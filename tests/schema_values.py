"""Values that fit a schema of the OpenAPI document, and values that may not, for Hypothesis."""

import re
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.json_values import JSON

Schema = Mapping[str, Any]

_FEW: Final = 3  # items, entries and additional members that are drawn where none has to be
_LONG: Final = 40  # characters that are drawn at most, where so many may be
_TEXT: Final = st.characters(exclude_categories=["Cs"])
_TIMES: Final = ("2026-11-20T13:04:05Z", "2026-11-20T14:04:05.123+01:00", "2024-02-29T00:00:00Z")
_END: Final = re.compile(r"\$(?![^\[]*\])")  # not a dollar inside of brackets
_INTEGERS: Final = 1 << 53
# Hostile values for any place: of every kind, and at the edges of what readers can take.
HOSTILE: Final = JSON | st.sampled_from(
    [
        "",
        " ",
        "a" * 5000,
        "\0",
        "../..",
        "{{secret:X}}",
        -1,
        0,
        1 << 63,
        1e308,
        [],
        {},
        [[]],
        "null",
    ]
)


def fitting(schema: Schema, *, schemas: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    """Values that the schema accepts.

    Args:
        schema: of a body or a parameter.
        schemas: what it may refer to by name, as `components.schemas` of the document.
    """
    if "$ref" in schema:
        return fitting(schemas[schema["$ref"].rpartition("/")[2]], schemas=schemas)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return st.one_of(*(fitting(each, schemas=schemas) for each in schema[name]))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of(*(_of_kind(kind, schema, schemas) for kind in kinds))


def _of_kind(kind: str, schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    match kind:
        case "string":
            return _text(schema)
        case "array":
            return _list(schema, schemas)
        case "object":
            return _object(schema, schemas)
        case _:
            return _simple(kind, schema)


def _simple(kind: str, schema: Schema) -> st.SearchStrategy[Any]:
    least, most = schema.get("minimum"), schema.get("maximum")
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(
                -_INTEGERS if least is None else least, _INTEGERS if most is None else most
            )
        case "number":
            return st.floats(least, most, allow_nan=False, allow_infinity=False)
        case _:
            return JSON


def _list(schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", least + _FEW), least + _FEW)
    return st.lists(
        fitting(schema.get("items", {}), schemas=schemas), min_size=least, max_size=most
    )


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.sampled_from(_TIMES)
    least = schema.get("minLength", 0)
    most = min(schema.get("maxLength", _LONG), max(_LONG, least))
    patterns = [each["pattern"] for each in [schema, *schema.get("allOf", [])] if "pattern" in each]
    if not patterns:
        return st.text(_TEXT, min_size=least, max_size=most)
    first, *others = (ending_at_the_end(each) for each in patterns)
    drawn = st.from_regex(first).filter(lambda text: least <= len(text) <= max(most, least))
    return drawn.filter(lambda text: all(each.search(text) for each in others))


def _object(schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[dict[str, Any]]:
    known = {
        name: fitting(each, schemas=schemas) for name, each in schema.get("properties", {}).items()
    }
    required = {name: known[name] for name in schema.get("required", ())}
    optional = {name: each for name, each in known.items() if name not in required}
    fixed = st.fixed_dictionaries(required, optional=optional)
    more = schema.get("additionalProperties", not known)
    if not more:
        return fixed
    names = _text(schema.get("propertyNames", {}))
    values = JSON if more is True else fitting(more, schemas=schemas)
    return st.builds(lambda a, b: {**b, **a}, fixed, st.dictionaries(names, values, max_size=_FEW))


def ending_at_the_end(pattern: str) -> re.Pattern[str]:
    """A pattern of JSON Schema for Python, whose `$` would match before a last newline too."""
    return re.compile(_END.sub(r"\\Z", pattern))


@st.composite
def changed(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """A value with one place in it replaced, taken out or added to by something hostile."""
    value = draw(values)
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return _with_more(draw, value) if isinstance(value, dict) else draw(HOSTILE)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    copy = value.copy()
    if draw(st.booleans()):
        copy[key] = draw(changed(st.just(value[key])))
    else:
        del copy[key]
    return copy


def _with_more(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    return {**value, draw(st.text(_TEXT, max_size=_FEW)): draw(HOSTILE)}
