"""`penstock.toml`: the settings of the functions in its folder.

[functions.rfm]                       # of rfm.py; a folder with one function may say [function]
topics = ["metric.placed_order"]
http_hosts = ["crm.example.com"]
secrets = ["CRM_TOKEN"]
limits = { wall_s = 5 }

[secrets]                             # values for `functions test`; never sent anywhere
CRM_TOKEN = "only-for-local-tests"
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli import _files
from cli._errors import WrongUsage

FILE: Final = "penstock.toml"
ONLY_FUNCTION: Final = "function"
SETTINGS: Final = frozenset({"name", "topics", "filter", "http_hosts", "secrets", "limits"})
_SECTIONS: Final = frozenset({"function", "functions", "secrets"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionProject:
    """A function's source file with what its `penstock.toml` says about it.

    `settings` are as the API takes them, without the name; `local_secrets` are for tests only.
    """

    name: str
    source: Path
    settings: Mapping[str, Any]
    local_secrets: Mapping[str, str]


def load(source: Path) -> FunctionProject:
    """The project of a source file; without a `penstock.toml` it has no settings.

    Raises:
        WrongUsage: code `bad_settings`; names the file and the field.
    """
    path = source.parent / FILE
    document = _document(path) if path.is_file() else {}
    own = document.get("functions", {}).get(source.stem) or document.get(ONLY_FUNCTION) or {}
    unknown = sorted(set(own) - SETTINGS)
    if unknown:
        raise _bad(path, f"unknown setting {unknown[0]!r}; known are {', '.join(sorted(SETTINGS))}")
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


def _default_name(source: Path) -> str:
    # examples/crm_upsert/function.py is called crm_upsert, orders/rfm.py is called rfm.
    return source.resolve().parent.name if source.stem == ONLY_FUNCTION else source.stem


def _bad(path: Path, what: str) -> WrongUsage:
    return WrongUsage(f"{path}: {what}", code="bad_settings")
