"""Calls everything that user code can call with the zoo's values; prints what went wrong, as JSON.

Run in a process of its own: `python -m tests.sandbox.walk`. What there is before the program of the
zoo is loaded is the platform's, all of it. A call may neither change any of that nor hand it out,
but for what the tables show.
"""

import base64
import contextlib
import itertools
import json
import os
import random
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox import bridge, wire, zones
from sandbox.engines.restricted import guards, kinds, language, warm
from sandbox.engines.restricted.compiler import compile_source
from sandbox.engines.restricted.facades.data import CLOCK
from sandbox.engines.restricted.names import SOURCE_NAME, SUPER_DUNDERS
from sandbox.engines.restricted.port import Port
from sandbox.sdk.context import begin
from sandbox.sdk.run import RUN
from tests.sandbox.platform_state import Platform
from tests.sandbox.zoo import SOURCE

CALL_S = 1
PAIRS, TRIPLES, NAMED = 30, 12, 16
_KEYWORDS = """
    key default sep end start stop reverse strict n r repeat initial func maxlen flags count pos
    indent separators ensure_ascii sort_keys parse_float parse_int tz tzinfo microsecond year
    month day digestmod msg data usedforsecurity safe encoding errors quote_via doseq separator
    dialect delimiter quotechar fieldnames restkey restval extrasaction width placeholder
    initial_indent max_lines tabsize isjunk autojunk cutoff lineterm fromfile weights k counts
    method fillvalue maxsize typed frozen order init default_factory metadata compare kw_only
    defaults int bytes fields hex response a x left count mro memo params headers timeout
    auth altchars validate rounding context mode lo hi mu sigma
"""
KEYWORDS = _KEYWORDS.split()
ANSWER = {
    "status": 404,
    "reason": "no",
    "headers": [
        ["content-type", "application/json"],
        ["set-cookie", "a=b"],
        ["link", "<x>; rel=y"],
    ],
    "body": base64.b64encode(b'{"a": 1}').decode(),
}
Found = tuple[str, Any]


class Late(BaseException):
    """A call took too long; no `except Exception` of the library's holds it."""


class Overrun(BaseException):
    """The run would have slept past its end."""


def main() -> None:
    """Walk, and print the complaints."""
    limits()
    walk = Walk()
    walk.everything()
    sys.stdout.write(json.dumps({"calls": walk.calls, "complaints": walk.complaints}))


def limits() -> None:
    """Bounds for this process, and a parent that answers whatever is asked."""
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    ours, theirs = socket.socketpair()
    os.dup2(theirs.fileno(), bridge.SOCKET_FD)
    threading.Thread(target=_answer_all, args=(ours,), daemon=True).start()

    def late(*_: object) -> None:
        raise Late

    def overrun() -> None:
        raise Overrun

    signal.signal(signal.SIGALRM, late)
    CLOCK.on_overrun = overrun


def _answer_all(sock: socket.socket) -> None:
    frames = wire.FrameBuffer(1 << 24)
    while data := sock.recv(65536):
        frames.feed(data)
        while (frame := frames.pop()) is not None:
            if frame["op"] == "zone":
                table = zones.read("UTC") or b""
                answer: dict[str, Any] = {"value": base64.b64encode(table).decode()}
            elif frame["op"] == "http":
                answer = {"value": ANSWER}
            else:
                answer = {"error": {"code": "no", "message": "there is none"}}
            if frame["op"] in {"http", "secret", "zone"}:
                sock.sendall(wire.encode({"op": "answer"} | answer, max_bytes=1 << 20))


class Walk:
    """One walk over everything."""

    def __init__(self) -> None:
        warm.up()
        self.calls = 0
        self.complaints: list[str] = []
        self._places: set[Any] = set()
        self._dice = random.Random(9)  # noqa: S311 - the same walk each time
        code, findings = compile_source(SOURCE)
        if code is None:
            raise AssertionError(findings)
        self._code = code
        limits = {"http_calls": 10**9, "emits": 10**9, "log_bytes": 10**9}
        RUN.connect(Port())
        RUN.load({"tenant": "t", "function": "f", "webhooks": None, "limits": limits})
        self._context = begin({"profile": {"properties": {"a": 1}}})
        self._globals = language.new_globals()
        self._load()
        self.arguments()  # what the library makes on first use is there before the walk
        self._globals = language.new_globals()
        mine: list[Any] = [self.__dict__, self.complaints, self._places]
        self._platform = Platform(self._globals, leave_out=mine)
        self._load()

    def _load(self) -> None:
        """A fresh zoo: a call may well have changed the classes of the last one, which it may."""
        exec(self._code, self._globals)  # noqa: S102 - the zoo

    def everything(self) -> None:
        """Every callable, group by group; after each the platform is looked at."""
        for group in _batched(self.callables(), 30):
            self._load()
            before = self._platform.state()
            for name, function in group:
                self.attack(name, function)
            self.compare(before, group)

    def compare(self, before: Any, group: Iterable[Found]) -> None:
        """Complain about what has changed; by name, if it changes again."""
        changed = self._platform.changes(before)
        if not changed:
            return
        for name, function in group:
            self._load()
            again = self._platform.state()
            self.attack(name, function)
            self.complaints += [f"{name} changed {what}" for what in self._platform.changes(again)]
        self.complaints.append(f"{[name for name, _ in group]} changed {changed}")

    # What is called

    def callables(self) -> Iterator[Found]:
        """Each name and function that user code can get at."""
        yield from ((f"zoo.{each.__name__}", each) for each in self._globals["PROGRAMS"])
        for module, members in self._platform.modules.items():
            yield from ((f"{module}.{n}", value) for n, value in members.items() if callable(value))
        for name, value in self._globals["__builtins__"].items():
            if callable(value) and not name.startswith("__"):
                yield name, value
        for name, value in self.arguments():
            yield from self.methods(name, value)

    def arguments(self) -> list[Found]:
        """Every value of the zoo, fresh."""
        try:
            values = self._globals["arguments"](self._context)
        except Exception:  # noqa: BLE001 - a call before has changed a class, as it may
            self._load()
            values = self._globals["arguments"](self._context)
        return [
            (f"{number}:{kinds.type_name(value)}", value) for number, value in enumerate(values)
        ]

    def methods(self, name: str, value: Any) -> Iterator[Found]:
        """What can be called of a value: its methods, and those that super() reaches."""
        kind = value if isinstance(value, type) else type(value)
        names = sorted({*dir(value), *dir(kind), *SUPER_DUNDERS})
        for attribute in names:
            got = self._new(value, attribute, kind.__mro__, of=value)
            if got is not None:
                yield f"{name}.{attribute}", got
        if kind in kinds.OWN and kind is not value:
            bases = [base for base in kind.__mro__ if base in kinds.OWN]
            for base, attribute, of in itertools.product(bases, names, (value, kind)):
                above = kind.__mro__[kind.__mro__.index(base) + 1 :]
                got = self._new(super(base, of), attribute, above, of=of)
                if got is not None:
                    yield f"super({base.__name__}, {name}).{attribute}", got

    def _new(self, value: Any, name: str, classes: tuple[type, ...], *, of: Any) -> Any:
        """The attribute, when it can be called, and no other one came from the same place."""
        got = _guarded(value, name)
        place = (type(value) is super, kinds.definer(classes, name), name, isinstance(of, type))
        if got is None or place in self._places:
            return None
        self._places.add(place)
        return got

    # How it is called

    def attack(self, name: str, function: Any) -> None:
        """Call it with nothing, with each value, with some pairs and triples, by keyword."""
        values = [value for _, value in self.arguments()]
        hostile = self._globals["instances"]()
        some = self._dice.choices
        tried: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {})]
        tried += [((value,), {}) for value in values]
        tried += [((value, {"mark": 1}), {}) for value in values]
        tried += [(tuple(some(values, k=2)), {}) for _ in range(PAIRS)]
        tried += [((one, other), {}) for one in some(values, k=2) for other in hostile]
        tried += [(tuple(some(values, k=3)), {}) for _ in range(TRIPLES)]
        for number in range(NAMED):
            given = tuple(some(values, k=number % 4))
            tried.append((given, dict(zip(some(KEYWORDS, k=2), some(values, k=2), strict=True))))
        tried += self._names(name, values)
        for args, named in tried:
            result = self.once(name, function, args, named)
            if callable(result) and not _is_users(result):
                self.again(f"{name}()", result, values)

    def _names(self, name: str, values: list[Any]) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        takes = {"getattr": 3, "setattr": 3, "hasattr": 2, "delattr": 2}.get(name, 0)
        names = ["mark", "name", "update", "value", "_missing_", "_value_", "__class__", "_x"]
        every = itertools.product(values, names if takes else ())
        return [((value, one, 1)[:takes], {}) for value, one in every]

    def again(self, name: str, function: Any, values: list[Any]) -> None:
        """Call what a call gave, once for each kind of it; not what is called anyway."""
        if id(function) in self._platform.shown:
            return
        code = getattr(function, "__code__", None)
        place = (name, type(function), code or (function if isinstance(function, type) else None))
        if place not in self._places:
            self._places.add(place)
            for value in values:
                self.once(name, function, (value,), {})

    def once(self, name: str, function: Any, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
        """One call, and a look at everything that came of it."""
        self.calls += 1
        signal.setitimer(signal.ITIMER_REAL, CALL_S)
        try:
            result = self._globals["call"](function, args, more)
            error = None
        except Late:
            return None  # a value that goes on for ever: the parent's clock ends that
        except BaseException as problem:  # noqa: BLE001 - whatever it is, it is looked at
            result, error = None, problem
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        got = self._globals["GOT"]
        found = [*self._platform.suspicious(result), *self._platform.suspicious(got)]
        if error is not None:
            found += self._platform.suspicious(list(error.args))
            with contextlib.suppress(Exception):
                found.append(self._platform.place(str(error)))
        got.clear()
        for what in filter(None, found):
            complaint = f"{name}({_texts(args)} {_texts(more.values())}) hands out {what}"
            self.complaints.append(complaint)
        return result


def _guarded(value: Any, name: str) -> Any:
    with contextlib.suppress(Exception):
        got = guards.guarded_getattr(value, name)
        return got if callable(got) and not _is_users(got) else None
    return None


def _is_users(function: Any) -> bool:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and code.co_filename == SOURCE_NAME


def _texts(values: Iterable[Any]) -> str:
    return ", ".join(kinds.type_name(value) for value in values)


def _batched(items: Iterable[Found], size: int) -> Iterator[tuple[Found, ...]]:
    iterator = iter(items)
    while batch := tuple(itertools.islice(iterator, size)):
        yield batch


if __name__ == "__main__":
    main()
