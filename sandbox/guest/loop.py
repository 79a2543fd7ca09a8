"""`asyncio` without sockets and threads: one loop that waits by sleeping.

It is asyncio's own base loop; only what would wait for a socket waits for the clock.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
import errno
from typing import TYPE_CHECKING, Any, NoReturn

from . import bridge
from .places import put

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_SLEEP_MIN_S = 1e-6


class Deadlock(RuntimeError):
    """Every task waits for another one: nothing can wake any of them."""


class _Clock:
    """In the place of a selector: there is nothing to select from but time."""

    def select(self, timeout: float | None) -> list[Any]:
        """Wait until the next timer is due; Deadlock where none is set."""
        if timeout is None:
            raise Deadlock("all tasks wait, and nothing is left that could wake one of them")
        if timeout > _SLEEP_MIN_S:
            bridge.sleep(timeout)
        return []


class Loop(asyncio.base_events.BaseEventLoop):
    """The event loop of the guest."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock()
        self._clock_resolution = 1e-9

    def _process_events(self, event_list: Any) -> None:
        """Nothing: the clock brings no events."""

    def _write_to_self(self) -> None:
        """Nothing: there is no other thread to wake this one."""

    def run_in_executor(  # type: ignore[override]  # asyncio's types need Python 3.11's variadics
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call it now: there is one thread, and its result is there at once."""
        future = self.create_future()
        try:
            if executor is None:
                future.set_result(func(*args))
            else:
                future.set_result(executor.submit(func, *args).result())
        except Exception as error:  # noqa: BLE001 - handed on to who awaits it
            future.set_exception(error)
        return future

    async def _make_subprocess_transport(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """OSError: there are none."""
        raise OSError(errno.ENOTSUP, "there are no other processes here")

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own signature
        """Nothing: there is none."""


class Events:
    """Runs the coroutines of `async def` handlers.

    All events of a batch share one loop, so that a lock or a queue of the module's lives on.
    """

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What the handler returns; tasks that it leaves behind are cancelled."""
        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=Loop)
        try:
            return self._runner.run(coroutine)
        finally:
            loop = self._runner.get_loop()
            left = asyncio.all_tasks(loop)
            if left:
                _cancel(loop, left)


def _cancel(loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


class _Policy:
    """Hands out our loop, whoever asks."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._was_set = False

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        """The current loop, made where none was ever set.

        CPython 3.14 makes none any more, but the programs that rely on it are there.
        """
        if self._loop is None and not self._was_set:
            self.set_event_loop(self.new_event_loop())
        if self._loop is None:
            raise RuntimeError("There is no current event loop in thread 'MainThread'.")
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Make it the current one."""
        self._loop = loop
        self._was_set = True

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A new one."""
        return Loop()


def begin() -> None:
    """A function is loaded: no loop was ever set."""
    put(asyncio.events, _event_loop_policy=_Policy())


def install() -> None:
    """Put our loop in the place of those that need sockets."""
    begin()
    put(asyncio, SelectorEventLoop=Loop, EventLoop=Loop)
