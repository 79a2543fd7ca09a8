"""Runs our ordinary functions in this Python, and says where their file does not hold.

python tests/sandbox/make_own_functions.py [--write]

It needs the packages of requirements/guest.txt and the real `requests`. With `--write` it writes
what this Python gives into the file: for functions that were added or changed, on Python 3.13.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import io
import json
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
OWN, OTHERS = HERE / "own_functions.jsonl", HERE / "ordinary_functions.jsonl"


class RetryError(Exception):
    """As in `penstock`."""


class DropEvent(Exception):
    """As in `penstock`."""


class ValidationError(Exception):
    """As in `penstock`."""


class EventNotSupported(Exception):
    """As in `penstock`."""


class Context:
    """As much of a context as these functions look at."""

    def log(self, *_message: Any, **_fields: Any) -> None:
        """Nothing."""


def main() -> None:
    """Compare, or write."""
    event = json.loads(OTHERS.read_text("utf-8").partition("\n")[0])["event"]
    sys.modules["penstock"] = published = ModuleType("penstock")
    for kind in (RetryError, DropEvent, ValidationError, EventNotSupported):
        setattr(published, kind.__name__, kind)
    lines = []
    for line in OWN.read_text("utf-8").splitlines():
        case = json.loads(line)
        found = {"id": case["id"], "code": case["code"], **_outcome(case["code"], event)}
        lines.append(json.dumps(found, ensure_ascii=False))
        if found != case:
            print(f"{case['id']}: {found.get('output', found['expect'])!r}")  # noqa: T201 - a tool
    if "--write" in sys.argv:
        OWN.write_text("\n".join(lines) + "\n", "utf-8")


def _outcome(code: str, event: Any) -> dict[str, Any]:
    module = ModuleType("function")
    module.__file__ = "function.py"
    sys.modules["function"] = module
    linecache.cache["function.py"] = (
        len(code),
        None,
        code.splitlines(keepends=True),
        "function.py",
    )
    quiet = io.StringIO()
    try:
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            exec(compile(code, "function.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
            output = _called(module, copy.deepcopy(event))
    except RetryError:
        return {"expect": "retry"}
    except (DropEvent, EventNotSupported):
        return {"expect": "dropped"}
    except BaseException:  # noqa: BLE001 - functions raise what they like
        return {"expect": "raised"}
    return {"expect": "returned", "output": output}


def _called(module: ModuleType, event: Any) -> Any:
    handler = getattr(module, "handler", None) or module.lambda_handler
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [p for p in inspect.signature(handler).parameters.values() if p.kind in kinds]
    arguments = {1: (event,), 3: (event, event["profile"], Context())}
    value = handler(*arguments.get(len(given), (event, Context())))
    if inspect.iscoroutine(value):
        value = asyncio.run(value)
    return json.loads(json.dumps(value, allow_nan=False))


if __name__ == "__main__":
    main()
