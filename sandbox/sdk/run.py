"""The state of the run on the side of user code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .port import TooLarge
from .quotas import MAX_EFFECTS_BYTES, MAX_FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .port import Port


class QuotaExceeded(Exception):
    """The run has used up one of its limits."""


class StaleContext(Exception):
    """This context belongs to an earlier event."""


class Run:
    """Counts what one event uses. In the engine `restricted`, user code never holds it.

    The parent counts too, and enforces the limits: it kills a worker that exceeds one. This side
    counts so that user code gets an exception before that.
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
        """Set the engine's port. Call it once in each process, before anything else."""
        self.port = port

    def load(self, about: Mapping[str, Any]) -> None:
        """Take the description of a function that was loaded: `about` of the `load` frame."""
        self.about = about
        self.limits = about["limits"]

    def begin(self) -> int:
        """Begin a new event, and give its serial number.

        All counts start at zero, and the contexts of earlier events become stale.
        """
        self.serial += 1
        self.counts.clear()
        self.log_bytes = 0
        self.effect_bytes = 0
        return self.serial

    def check(self, serial: int) -> None:
        """Check that this is the number of the current event.

        Raises:
            StaleContext: it is an earlier event's.
        """
        if serial != self.serial:
            raise StaleContext("this context belongs to an earlier event: use the one given")

    def spend(self, what: str, most: int) -> None:
        """Count one call.

        Args:
            what: the name of the method of `context`.
            most: how many calls a run may make.

        Raises:
            QuotaExceeded: the run has made them all.
        """
        count = self.counts.get(what, 0)
        if count >= most:
            raise QuotaExceeded(f"no more than {most} calls of context.{what} in one run")
        self.counts[what] = count + 1

    def leave(self, op: str, **fields: Any) -> None:
        """Send an effect of the run: an event, a delivery or a change of the profile.

        Raises:
            ValueError: it is larger than all effects of one run may be together.
            QuotaExceeded: together with the run's earlier effects it is too large.
        """
        room = MAX_EFFECTS_BYTES - self.effect_bytes
        try:
            self.effect_bytes += self.port.send(op, at_most=min(room, MAX_FRAME_BYTES), **fields)
        except TooLarge as problem:
            most = MAX_EFFECTS_BYTES // 1024
            if problem.size_bytes > MAX_EFFECTS_BYTES:
                raise ValueError(f"{op}: the payload is too large: over {most} KB") from None
            message = f"{op}: what one run leaves behind is over {most} KB"
            raise QuotaExceeded(message) from None


RUN: Final = Run()
