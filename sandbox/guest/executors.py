"""`ThreadPoolExecutor` without threads: it runs each call when it is submitted."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
from typing import TYPE_CHECKING, Any

from .places import put

if TYPE_CHECKING:
    from collections.abc import Callable


class ThreadPoolExecutor(concurrent.futures.Executor):
    """Runs each call at once, and gives a future that is done."""

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        del thread_name_prefix
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._shut = False
        if initializer is not None:
            initializer(*initargs)

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> concurrent.futures.Future[Any]:
        """Call the function, and give a future with its result or its exception."""
        if self._shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            result = fn(*args, **kwargs)
        except Exception as problem:  # noqa: BLE001 - the future raises it
            future.set_exception(problem)
        else:
            future.set_result(result)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard library's own signature
        """Refuse further calls."""
        del wait, cancel_futures
        self._shut = True


def install() -> None:
    """Replace the executor that starts threads."""
    ThreadPoolExecutor.__module__ = "concurrent.futures.thread"
    put(concurrent.futures.thread, ThreadPoolExecutor=ThreadPoolExecutor)
    put(concurrent.futures, ThreadPoolExecutor=ThreadPoolExecutor)
