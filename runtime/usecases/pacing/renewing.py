"""Renews a lease for as long as work goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

# Waits until the event is set, or for so many seconds; whether it was set.
Wait = Callable[[Event, float], bool]


@contextmanager
def renewing(
    renew: Callable[[], object], *, every_s: float, wait: Wait = Event.wait
) -> Iterator[None]:
    """Call `renew` every `every_s` seconds, in a thread, until the block ends.

    When the block has ended, nothing is renewed any more: Lambda freezes the process between two
    batches, and would thaw a thread in the middle of the next one.

    Args:
        renew: renews the lease; it raises nothing.
        every_s: how long to wait before each renewal.
        wait: waits for the end of the block.
    """
    ended = Event()

    def go_on() -> None:
        while not wait(ended, every_s):
            renew()

    thread = Thread(target=go_on, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
