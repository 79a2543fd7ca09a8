"""The queues of an installation: what waits and is in flight."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cli import _installation
from cli._installation import Installation
from runtime.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.stores.aws.queue_depths import Depth

COLUMNS: Final = ("name", "waiting", "in_flight", "delayed", "oldest_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues of an installation."""

    depths: "Sequence[Depth]" = ()  # by name; empty when they could not be seen
    problem: str = ""  # why they could not be seen, and the way out; empty when they were

    @property
    def dead(self) -> "list[Depth]":
        """Those in which something waits for a person."""
        return [each for each in self.depths if each.is_dead and any(_counts(each))]

    @property
    def summary(self) -> str:
        """How much there is to do in all; dead letters are not counted."""
        work = [_counts(each) for each in self.depths if not each.is_dead]
        waiting, in_flight, delayed = map(sum, zip(*work, strict=True))
        return f"{waiting} waiting, {in_flight} in flight, {delayed} delayed"


def of_stack(stack: str) -> Queues:
    """Those of an installed stack, by the AWS settings in force."""
    return _read(_installation.of_stack(stack))


def of_local_cloud() -> Queues:
    """Those of the local cloud of this folder, which must be up."""
    installation = _installation.of_local_cloud()
    if installation is None:
        return Queues(problem="the local cloud has ended meanwhile")
    return _read(installation)


def _read(installation: Installation) -> Queues:
    from runtime.stores.aws import queue_depths

    stack = installation.stack
    try:
        depths = queue_depths.read(stack, client=installation.client, now=datetime.now(UTC))
    except PenstockError as problem:
        hint = "check your AWS credentials, region and the stack's name"
        return Queues(problem=f"{problem.message}; {hint}")
    if not depths:
        return Queues(problem=f"stack {stack!r} has no queues: it is no installation of Penstock")
    return Queues(depths=depths)


def _counts(depth: "Depth") -> tuple[int, int, int]:
    return depth.waiting, depth.in_flight, depth.delayed
