"""Loads one version of a function, and runs events through it."""

from __future__ import annotations

import base64
import linecache
import marshal
import sys
from types import CoroutineType, ModuleType
from typing import TYPE_CHECKING, Any

from . import errors, loop, process, results, streams
from .bridge import BRIDGE, frame_of
from .calling import call_of, handler_of
from .capabilities import context, run
from .caps import MAX_RECURSION
from .errors import FILENAME, MODULE
from .loop import Events
from .places import put

if TYPE_CHECKING:
    from types import CodeType

    from .calling import Call


class InvalidResult(Exception):
    """The handler returned something that is not JSON, or is too large."""


class Program:
    """The function that a worker runs. There is one in each process; each `load` replaces it."""

    def __init__(self) -> None:
        self._code: CodeType | None = None
        self._source = ""
        self._call: Call | None = None
        self._result_bytes = 0
        self._events = Events()

    def load(self, message: dict[str, Any]) -> str:
        """Take the code that `compile` made. The module's body runs with the first event."""
        about = message["about"]
        self._code, self._source = marshal.loads(  # noqa: S302 - our own compiler made it
            base64.b64decode(message["code"])
        )
        self._call = None
        self._events = Events()
        self._result_bytes = int(about["limits"]["result_bytes"])
        run.RUN.load(about)
        linecache.clearcache()
        process.begin(about.get("env") or {})
        loop.begin()
        return ""

    def run(self, message: dict[str, Any]) -> str:
        """Run one event, and give the frame that says how it ended."""
        seq = BRIDGE.seq = message["seq"]
        run_context = context.begin(message)
        try:
            call = self._call or self._start()
            value = call(message["event"], message["profile"], run_context)
            if type(value) is CoroutineType:
                value = self._events.run(value)
            text = self._written(value)
            streams.flush()
        except BaseException as problem:  # noqa: BLE001 - user code may raise anything at all
            sys.setrecursionlimit(MAX_RECURSION)
            ending = errors.described(problem)
            streams.flush_what_can_be()
            return frame_of({"op": "done", "seq": seq, **ending})
        return f'{{"op":"done","seq":{seq},"outcome":"returned","output":{text}}}'

    def _start(self) -> Call:
        """Run the module's body. If it raises, the next event runs it again."""
        module = ModuleType(MODULE)
        module.__file__ = FILENAME
        put(module, __loader__=_Loader(self._source))
        sys.modules[MODULE] = module
        namespace = module.__dict__
        linecache.lazycache(FILENAME, namespace)
        exec(self._code, namespace)  # type: ignore[arg-type]  # noqa: S102 - the user's code
        self._call = call_of(handler_of(namespace))
        return self._call

    def _written(self, value: Any) -> str:
        try:
            text = results.write(value)
        except results.Unfit as problem:
            raise InvalidResult(str(problem)) from None
        most = self._result_bytes
        if len(text) > most:
            size = results.utf8_bytes(text)
            if size > most:
                raise InvalidResult(f"the result is {size} bytes of JSON, the limit is {most}")
        return text


class _Loader:
    """Lets tracebacks and `inspect.getsource` show the user's lines."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, _name: str) -> str:
        """The source as it was published."""
        return self._source
