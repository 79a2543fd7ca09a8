"""Walks everything that user code can reach, and fails on anything that is not on the list."""

import builtins
import collections
import csv
import datetime as dt
import decimal
import difflib
import enum
import functools
import hashlib
import io
import random
import re
import sys
import types
import urllib.parse
import uuid
from typing import Any

from sandbox.engines.restricted import attributes, classes, guards, kinds, language
from sandbox.engines.restricted.facade import Facade
from sandbox.engines.restricted.facades import FACADES, MODULES
from sandbox.sdk import context, http, requests

FORBIDDEN = (
    types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, types.CellType,
)  # fmt: skip


def _samples() -> list[Any]:
    given = context.Context({"profile": {"properties": {"a": 1}}}, 0)
    answer = http.Answer({"status": 200, "headers": [["a", "b"]], "body": ""})
    asked = requests.Request("GET", "https://a.example/?b=c", headers={"d": "e"})
    response = requests.Response()
    response.status_code, response.request = 404, asked.prepare()
    response.cookies.set("a", "b")
    failed = requests.HTTPError("x", response=response)
    point = collections.namedtuple("point", "x y")  # noqa: PYI024 - as user code makes one
    kinds.adopt(point, by_library=True)
    own = classes.make_class("Own", (), {"__module__": "function"})
    error = classes.make_class("OwnError", (Exception,), {})
    text = classes.make_class("OwnText", (str,), {})
    color = classes.make_class("Color", (classes.Enum,), {"RED": 1})
    raised = ValueError("x")
    generator = (n for n in (1,))
    return [
        given, answer, asked, response, failed, requests.Session(), point(1, 2),
        response.headers, response.cookies, next(iter(response.cookies)), response.iter_lines(),
        requests.auth.HTTPBasicAuth("a", "b"),
        own(), error("x"), text("x"), color.RED, own, error, text, color, raised, generator,
        "", b"", 1, 1.5, True, None, [], {}, set(), frozenset(), (), range(1), slice(1), 1j,
        {}.keys(), {}.items(), {}.values(), iter([]), re.compile("a"), re.match("a", "a"),
        dt.datetime.now(tz=dt.UTC), dt.timedelta(1), decimal.Decimal(1),
        uuid.uuid4(), hashlib.sha256(), random.Random(1),  # noqa: S311 - a sample
        urllib.parse.urlsplit("https://a/b"),
        csv.reader([]), csv.writer(io.StringIO()), csv.DictReader([]), io.StringIO(),
        difflib.SequenceMatcher(None, "a", "b"), functools.partial(len), functools.lru_cache(len),
        property(), enum.auto(), collections.deque(), collections.Counter(), lambda: None,
        given.log,
        [].append, super(own, own()), NotImplemented, ..., language.new_globals,
    ]  # fmt: skip


def _reachable() -> list[tuple[str, Any]]:
    table = language.new_globals()["__builtins__"]
    found = [(name, value) for name, value in table.items() if not name.startswith("__")]
    found += [(f"import {name}", facade) for name, facade in FACADES.items()]
    found += [(f"{m}.{n}", value) for m, members in MODULES.items() for n, value in members.items()]
    return found + [(f"sample {type(value).__name__}", value) for value in _samples()]


def _names_of(value: Any) -> set[str]:
    members = set(MODULES) if isinstance(value, Facade) else set()
    everywhere = {name for names in attributes.INSTANCE.values() for name in names}
    return members | everywhere | set(dir(value))


def test_no_way_of_attributes_leads_out_of_the_list() -> None:
    """One forgotten attribute of one type was behind each escape of the last years."""
    modules = [module for module in sys.modules.values() if type(module) is types.ModuleType]
    namespaces = {id(vars(module)) for module in modules}
    seen: set[int] = set()
    kept: list[Any] = []
    queue = _reachable()
    while queue:
        path, value = queue.pop()
        if id(value) in seen or len(path) > 200:
            continue
        seen.add(id(value))
        kept.append(value)  # ids stay unique only while the objects live
        assert not isinstance(value, FORBIDDEN), path
        assert id(value) not in namespaces, path
        assert value is not type, path
        assert value is not builtins.__dict__.get("open"), path
        for name in _names_of(value):
            got = guards.guarded_builtin_getattr(value, name, FORBIDDEN)
            if got is not FORBIDDEN:
                queue.append((f"{path}.{name}", got))
                assert not name.startswith("__"), f"{path}.{name}"


def test_functions_and_bound_methods_show_nothing() -> None:
    """A function's globals are the whole module that it comes from."""
    values: list[object] = [
        lambda: None,
        [].append,
        len,
        context.log,
        functools.partial(len),
        super,
    ]
    for value in values:
        shown = [
            n for n in dir(value) if guards.guarded_builtin_getattr(value, n, None) is not None
        ]
        assert shown == [], value


def test_raw_guard_refuses_every_dunder_of_every_type() -> None:
    """The compiler refuses them first; the guard must not depend on it."""
    for path, value in _reachable():
        for name in dir(value):
            if name.startswith("__") and not (name == "__init__" and isinstance(value, type)):
                try:
                    guards.guarded_getattr(value, name)
                except AttributeError:
                    continue
                if not isinstance(value, super):
                    raise AssertionError(f"{path}.{name}")
