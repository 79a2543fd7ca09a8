"""Names that the policy and the published reference agree on."""

from __future__ import annotations

import difflib

from sandbox.engines.restricted.facades import MODULES

MODULE_MEMBERS: dict[str, frozenset[str]] = {
    name: frozenset(members) for name, members in MODULES.items()
}

_NO_FILES = "there is no file system"
_NO_INTERNALS = "it reaches the interpreter itself"
ABSENT_BUILTINS: dict[str, tuple[str, str]] = {
    "open": (_NO_FILES, "take data from the event, or fetch it with context.http"),
    "input": ("there is no terminal", "take data from the event"),
    "compile": (_NO_INTERNALS, "write the code out"),
    "globals": (_NO_INTERNALS, "keep values in a dict of yours"),
    "locals": (_NO_INTERNALS, "keep values in a dict of yours"),
    "vars": (_NO_INTERNALS, "use a dict, or dataclasses.asdict(x)"),
    "dir": (_NO_INTERNALS, "use a dict and its keys()"),
    "id": ("it gives away memory addresses", "use `is` to compare, or a key of yours"),
    "memoryview": ("it gives raw memory", "use bytes"),
    "bytearray": ("it gives raw memory", "use bytes, or a list of numbers"),
    "help": ("there is no terminal", "see the published reference"),
    "exit": ("a run ends by returning", "return"),
    "quit": ("a run ends by returning", "return"),
    "BaseException": ("it would swallow the platform's own stops", "use Exception"),
    "SystemExit": ("a run ends by returning", "return, or raise an exception of yours"),
    "KeyboardInterrupt": ("there is no keyboard", "raise an exception of yours"),
    "GeneratorExit": ("it belongs to the interpreter", "use try/finally in the generator"),
    "BaseExceptionGroup": ("exception groups are not part of the language", "use Exception"),
    "ExceptionGroup": ("exception groups are not part of the language", "use Exception"),
    "aiter": ("async is not part of the language", "use iter"),
    "anext": ("async is not part of the language", "use next"),
}

_INSTEAD = {
    "os": "secrets come from context.secret(name); there are no files or processes",
    "sys": "there is no interpreter to reach; print() goes to the log",
    "logging": "use context.log(message, **fields) or print()",
    "urllib.request": "use context.http or the requests module",
    "httpx": "use context.http or the requests module",
    "aiohttp": "use context.http or the requests module",
    "http.client": "use context.http or the requests module",
    "socket": "use context.http",
    "threading": "call one after another: one run is one thread",
    "asyncio": "call one after another: one run is one thread",
    "subprocess": "there are no processes here",
    "pickle": "use json",
    "yaml": "use json",
    "pandas": "use statistics, collections and comprehensions",
    "numpy": "use math and statistics",
    "boto3": "the platform's cloud is out of reach; use context.http",
}


def hint_for_module(module: str) -> str:
    """What to write instead of importing this module."""
    known = _INSTEAD.get(module) or _INSTEAD.get(module.partition(".")[0])
    if known:
        return known
    close = difflib.get_close_matches(module, MODULES, n=1)
    return f'did you mean "{close[0]}"?' if close else "see the list of modules in the reference"
