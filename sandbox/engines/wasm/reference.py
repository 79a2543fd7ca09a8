"""Writes the engine's part of docs/reference/sandbox.md, from the guest's own inventory."""

# ruff: noqa: E501 - rows of tables are one line
from __future__ import annotations

from collections import defaultdict
from typing import Any

from sandbox.engines.wasm.worker import prepare


def section() -> str:
    """The section, as Markdown: the modules with their versions, and what to use for missing ones."""
    inventory = prepare().inventory()
    return f"""## Engine `wasm`

CPython {inventory["python"]}, compiled to WebAssembly: Python as people write it, classes, `async`, `eval`,
metaclasses and all. There are no files, sockets, threads and processes; what needs one of these
fails in words that say what to do instead. `print`, `logging` and `warnings` write to the run's
log; `os.environ` holds the function's declared values. The handler may be `handler(event)`,
`handler(event, context)` or `handler(event, profile, context)`, decorated, a `functools.partial`,
an instance with `__call__`, `async def`, or be called `lambda_handler`.

A result becomes JSON as `json.dumps` makes it: keys that are numbers become text, enums with a
value of text or number and named tuples become what they are, and a dataclass becomes an object
of its fields. NaN, integers beyond 64 bits and what JSON does not have are `InvalidResult`.

{_packages(inventory["modules"])}
Of the standard library: {_listed(name for name, version in inventory["modules"].items() if not version)}.

Code that is compiled for a processor cannot run here: no pydantic 2, NumPy, pandas, lxml or
cryptography. Nothing can be installed. A module that is missing says so with its alternative:

| Not there | Instead |
|---|---|
{_missing(inventory["missing"])}
"""


def _packages(modules: dict[str, str]) -> str:
    rows = "\n".join(f"| `{name}` | {version} |" for name, version in modules.items() if version)
    return f"""| Package | Version |
|---|---|
{rows}

`requests` is the platform's own, like the real one to its user: [what differs](requests.md).
"""


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _missing(missing: dict[str, str]) -> str:
    """One row for each alternative, with all the modules that it replaces."""
    modules: dict[str, list[str]] = defaultdict(list)
    for name, instead in missing.items():
        if not name.startswith("_"):
            modules[instead].append(name)
    return "\n".join(f"| {_listed(names)} | {instead} |" for instead, names in modules.items())
