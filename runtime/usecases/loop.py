"""Does the parts of a batch at the same time, in a process that lives for many batches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

STORE_THREADS: Final = (
    10  # one for each message of a batch, so that none waits for another's blocking work
)
T = TypeVar("T")


class Loop:
    """An event loop that outlives the batch, so that connections stay open between batches."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="store")

    def gather(self, works: Iterable[Awaitable[T]]) -> list[T | BaseException]:
        """Do all at once. A failure is the result of its own work, and stops no other."""

        async def everything() -> list[T | BaseException]:
            return await asyncio.gather(*works, return_exceptions=True)

        loop = self._runner.get_loop()
        # By default it has four more than there are CPUs: six, in most Lambdas.
        loop.set_default_executor(self._threads)
        # Not `Runner.run`, which sets and resets a signal handler each time.
        return loop.run_until_complete(everything())

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread, without holding up the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin blocking work in a thread, for several to wait for."""
        return self._threads.submit(work)

    def close(self) -> None:
        """End the loop and its threads."""
        self._runner.close()
        self._threads.shutdown()
