"""An event loop for `asyncio` without sockets and threads: it waits by sleeping.

It is asyncio's own base loop. Only the part that waits for sockets is replaced, by one that waits
for the next timer.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
import errno
from typing import TYPE_CHECKING, Any, Final, NoReturn

from . import bridge
from .places import put

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_SLEEP_MIN_S: Final = 1e-6


class Deadlock(RuntimeError):
    """Every task waits for another one, so that nothing can wake any of them."""


class _Clock:
    """Takes the place of a selector. There are no sockets to select from, only time."""

    def select(self, timeout: float | None) -> list[Any]:
        """Wait until the next timer is due.

        Raises:
            Deadlock: no timer is set.
        """
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
        """Do nothing: there are no events of sockets."""

    def _write_to_self(self) -> None:
        """Do nothing: there is no other thread that could wake this one."""

    def run_in_executor(  # type: ignore[override]  # asyncio's types need Python 3.11's variadics
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call the function at once, in the only thread, and give a future with its result."""
        future = self.create_future()
        try:
            if executor is None:
                future.set_result(func(*args))
            else:
                future.set_result(executor.submit(func, *args).result())
        except Exception as problem:  # noqa: BLE001 - the future raises it
            future.set_exception(problem)
        return future

    async def _make_subprocess_transport(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Fail: there are no other processes."""
        raise OSError(errno.ENOTSUP, "there are no other processes here")

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own signature
        """Do nothing: there is no executor."""


class Events:
    """Runs the coroutines of `async def` handlers.

    All events of a batch share one loop, so that a lock or a queue of the module works for all.
    """

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run the coroutine, and give its result. Tasks that it has not awaited are cancelled."""
        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=Loop)
        try:
            return self._runner.run(coroutine)
        finally:
            loop = self._runner.get_loop()
            pending_tasks = asyncio.all_tasks(loop)
            if pending_tasks:
                _cancel(loop, pending_tasks)


def _cancel(loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


class _Policy:
    """The policy of event loops, which gives out `Loop` only."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._was_set = False

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        """The current loop. Makes one if none was ever set.

        CPython 3.14 no longer makes one, but there are programs that rely on it.
        """
        if self._loop is None and not self._was_set:
            self.set_event_loop(self.new_event_loop())
        if self._loop is None:
            raise RuntimeError("There is no current event loop in thread 'MainThread'.")
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Make this the current loop."""
        self._loop = loop
        self._was_set = True

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a new loop."""
        return Loop()


def begin() -> None:
    """Forget the current loop. Call it when a function is loaded."""
    put(asyncio.events, _event_loop_policy=_Policy())


def install() -> None:
    """Replace the loops that need sockets."""
    begin()
    put(asyncio, SelectorEventLoop=Loop, EventLoop=Loop)
