"""Does the parts of a batch at the same time, in a process that serves many batches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

# One for each message of a batch, so that none waits for another's blocking work.
STORE_THREADS: Final = 10
T = TypeVar("T")


class Loop:
    """An event loop that outlives the batch, so that connections stay open between batches."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="store")

    def gather(self, works: Iterable[Awaitable[T]]) -> list[T | BaseException]:
        """Do all works at the same time; returns the result or the error of each, in order.

        A work that fails stops no other.
        """

        async def everything() -> list[T | BaseException]:
            return await asyncio.gather(*works, return_exceptions=True)

        loop = self._runner.get_loop()
        # asyncio's own executor has four threads more than there are CPUs: six, in most Lambdas.
        loop.set_default_executor(self._threads)
        # `Runner.run` would set and reset a signal handler each time.
        return loop.run_until_complete(everything())

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread, without holding up the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin blocking work in a thread; several may wait for the result."""
        return self._threads.submit(work)

    def close(self) -> None:
        """End the loop and its threads."""
        self._runner.close()
        self._threads.shutdown()
