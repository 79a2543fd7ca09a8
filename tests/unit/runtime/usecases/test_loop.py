"""Work that blocks, beside an event loop."""

import asyncio
from threading import Barrier

from runtime.usecases.loop import STORE_THREADS, Loop


def test_no_message_waits_for_the_blocking_work_of_another() -> None:
    """A store that takes its time over one large body must not hold up the nine other records."""
    together = Barrier(STORE_THREADS)
    loop = Loop()
    try:
        results = loop.gather(asyncio.to_thread(together.wait, 5) for _ in range(STORE_THREADS))
    finally:
        loop.close()

    assert set(range(STORE_THREADS)) == set(results)
