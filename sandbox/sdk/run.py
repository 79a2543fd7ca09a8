"""The event that is being run now, as user code's side of the wire knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .port import TooLarge
from .quotas import EFFECTS_MAX_BYTES, FRAME_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .port import Port


class QuotaExceeded(Exception):
    """The run asked for more than its limits allow."""


class StaleContext(Exception):
    """This context belongs to an earlier event."""


class Run:
    """Counts what one event uses; user code never holds it in the engine `restricted`.

    The parent counts too, and its count is the one that matters: these are here so that user code
    gets an exception of its own where the parent would have to kill it.
    """

    __slots__ = ("about", "counts", "effect_bytes", "limits", "log_bytes", "port", "serial")

    port: Port

    def __init__(self) -> None:
        self.about: Mapping[str, Any] = {}
        self.limits: Mapping[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.serial = 0
        self.log_bytes = 0
        self.effect_bytes = 0

    def connect(self, port: Port) -> None:
        """Name the engine's port; once per process, before anything else."""
        self.port = port

    def load(self, about: Mapping[str, Any]) -> None:
        """A function was loaded: `about` is what the parent's `load` frame says of it."""
        self.about = about
        self.limits = about["limits"]

    def begin(self) -> int:
        """A new event: counts start at zero, and earlier contexts are stale. Its serial number."""
        self.serial += 1
        self.counts.clear()
        self.log_bytes = 0
        self.effect_bytes = 0
        return self.serial

    def check(self, serial: int) -> None:
        """StaleContext, unless this is the event that is being run."""
        if serial != self.serial:
            raise StaleContext("this context belongs to an earlier event: use the one given")

    def spend(self, what: str, most: int) -> None:
        """Count one use, or raise QuotaExceeded."""
        used = self.counts.get(what, 0)
        if used >= most:
            raise QuotaExceeded(f"no more than {most} calls of context.{what} in one run")
        self.counts[what] = used + 1

    def leave(self, op: str, **fields: Any) -> None:
        """Send what the run leaves behind.

        Raises:
            ValueError: it is too large for any run.
            QuotaExceeded: it is too large beside what this run has left behind already.
        """
        room = EFFECTS_MAX_BYTES - self.effect_bytes
        try:
            self.effect_bytes += self.port.send(op, at_most=min(room, FRAME_MAX_BYTES), **fields)
        except TooLarge as error:
            most = EFFECTS_MAX_BYTES // 1024
            if error.size_bytes > EFFECTS_MAX_BYTES:
                raise ValueError(f"{op}: the payload is too large: over {most} KB") from None
            message = f"{op}: what one run leaves behind is over {most} KB"
            raise QuotaExceeded(message) from None


RUN = Run()
