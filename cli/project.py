"""`penstock.toml`: the settings of the functions in its folder.

[functions.rfm]                       # of rfm.py; a folder with one function may say [function]
topics = ["metric.placed_order"]
http_hosts = ["crm.example.com"]
environment = { SHOP_URL = "https://shop.example.com" }  # os.environ, on engine wasm
secrets = ["CRM_TOKEN"]
limits = { wall_s = 5 }
engine = "wasm"                       # or "restricted"; left out, the installation decides

[secrets]                             # values for `functions test`; never sent anywhere
CRM_TOKEN = "only-for-local-tests"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from cli import _files
from cli._errors import WrongUsage
from runtime.core.functions import rules
from runtime.core.functions.function import Limits
from runtime.errors import BadInput

FILE: Final = "penstock.toml"
ONLY_FUNCTION: Final = "function"
SETTINGS: Final = frozenset(
    {"name", "topics", "filter", "http_hosts", "environment", "secrets", "limits", "engine"}
)
_SECTIONS: Final = frozenset({"function", "functions", "secrets"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionProject:
    """A function's source file with what its `penstock.toml` says about it."""

    name: str
    source: Path
    settings: Mapping[str, Any]  # as the API takes them, without the name
    local_secrets: Mapping[str, str]  # values by name, for `functions test` only


def load(source: Path) -> FunctionProject:
    """The project of a source file; without a `penstock.toml` it has no settings.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the field.
    """
    path = source.parent / FILE
    document = _document(path) if path.is_file() else {}
    own = document.get("functions", {}).get(source.stem) or document.get(ONLY_FUNCTION) or {}
    unknown = sorted(set(own) - SETTINGS)
    if unknown:
        raise _bad(path, f"unknown setting {unknown[0]!r}; known are {', '.join(sorted(SETTINGS))}")
    try:
        _check(own)
        _check_local_secrets(document.get("secrets", {}))
    except BadInput as problem:
        raise _bad(path, f"{problem.field}: {problem.message}") from problem
    settings = {name: value for name, value in own.items() if name != "name"}
    return FunctionProject(
        name=str(own.get("name") or _default_name(source)),
        source=source,
        settings=settings,
        local_secrets=document.get("secrets", {}),
    )


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = tomllib.loads(_files.read_text(path))
    except tomllib.TOMLDecodeError as problem:
        raise _bad(path, str(problem)) from problem
    unknown = sorted(set(document) - _SECTIONS)
    if unknown:
        raise _bad(path, f"unknown table {unknown[0]!r}; known are {', '.join(sorted(_SECTIONS))}")
    tables = [document.get(name, {}) for name in _SECTIONS]
    if not all(isinstance(table, dict) for table in tables):
        raise _bad(path, "function, functions and secrets are tables")
    if not all(isinstance(own, dict) for own in document.get("functions", {}).values()):
        raise _bad(path, "each of functions is a table")
    return document


def _check(own: Mapping[str, Any]) -> None:
    if "name" in own:
        rules.check_name(_text(own["name"], "name"))
    _texts(own, "topics", like='["metric.placed_order"]')
    rules.check_hosts(_texts(own, "http_hosts", like='["crm.example.com"]'))
    environment = _table(own, "environment")
    for name, value in environment.items():
        _text(value, f"environment.{name}")
    rules.check_environment(environment)
    rules.check_secret_names(_texts(own, "secrets", like='["CRM_TOKEN"]'))
    _table(own, "filter")
    _check_limits(_table(own, "limits"))
    if "engine" in own:
        rules.engine(_text(own["engine"], "engine"))


def _check_limits(limits: Mapping[str, Any]) -> None:
    caps = Limits()
    names = [limit.name for limit in fields(Limits)]
    for name, value in limits.items():
        at = f"limits.{name}"
        if name not in names:
            raise BadInput(f"is unknown; known are {', '.join(names)}", field=at)
        if type(value) not in {int, type(getattr(caps, name))}:
            kind = "a number" if name == "wall_s" else "a whole number"
            raise BadInput(f"must be {kind}, such as {getattr(caps, name)}", field=at)
    rules.check_limits(Limits(**limits))


def _check_local_secrets(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        at = f"secrets.{name}"
        rules.check_secret_value(_text(value, at), field=at)


def _text(value: object, at: str) -> str:
    if not isinstance(value, str):
        raise BadInput("must be text in quotes", field=at)
    return value


def _texts(own: Mapping[str, Any], name: str, *, like: str) -> tuple[str, ...]:
    values = own.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise BadInput(f"must be a list of texts, such as {name} = {like}", field=name)
    return tuple(values)


def _table(own: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = own.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"must be a table, such as {name} = {{ … }}", field=name)
    return value


def _default_name(source: Path) -> str:
    # examples/crm_upsert/function.py is called crm_upsert, orders/rfm.py is called rfm.
    return source.resolve().parent.name if source.stem == ONLY_FUNCTION else source.stem


def _bad(path: Path, what: str) -> WrongUsage:
    return WrongUsage(f"{path}: {what}", code="bad_settings")
