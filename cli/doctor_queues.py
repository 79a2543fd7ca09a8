"""What waits and what is in flight in the queues of an installation, for `penstock doctor`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from runtime.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.stores.aws.queue_depths import Depth

COLUMNS: Final = ("name", "waiting", "in_flight", "delayed", "oldest_s")
_DEAD_LETTERS: Final = "DeadLetters"  # how the template names the queues that people read


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues of an installation."""

    depths: "Sequence[Depth]" = ()  # by name; empty when they could not be seen
    problem: str = ""  # why they could not be seen, and the way out; empty when they were

    @property
    def dead(self) -> "list[Depth]":
        """Those in which something waits for a person."""
        return [
            each for each in self.depths if each.name.endswith(_DEAD_LETTERS) and any(_counts(each))
        ]

    @property
    def summary(self) -> str:
        """How much there is to do in all; dead letters are not counted."""
        work = [_counts(each) for each in self.depths if not each.name.endswith(_DEAD_LETTERS)]
        waiting, in_flight, delayed = map(sum, zip(*work, strict=True))
        return f"{waiting} waiting, {in_flight} in flight, {delayed} delayed"


def of_stack(stack: str) -> Queues:
    """Those of an installed stack, by the AWS settings in force."""
    return _read(stack)


def of_local_cloud() -> Queues:
    """Those of the local cloud of this folder, which must be up."""
    from infra.local import cloud
    from infra.local.emulator import ROOT_KEYS
    from infra.local.place import Place

    local = cloud.status(Place()).cloud
    if local is None:
        return Queues(problem="the local cloud has ended meanwhile")
    keys = {name.lower(): text for name, text in ROOT_KEYS.items()}
    return _read(local.stack, endpoint_url=local.aws_endpoint, region_name=local.region, **keys)


def _read(stack: str, **where: Any) -> Queues:
    # Deferred: botocore takes longer to import than most commands take to run.
    import botocore.session

    from runtime.stores.aws import queue_depths
    from runtime.stores.aws.clients import QUICK

    session = botocore.session.get_session()
    client = partial(session.create_client, config=QUICK, **where)
    try:
        depths = queue_depths.read(stack, client=client, now=datetime.now(UTC))
    except PenstockError as problem:
        hint = "check your AWS credentials, region and the stack's name"
        return Queues(problem=f"{problem.message}; {hint}")
    if not depths:
        return Queues(problem=f"stack {stack!r} has no queues: it is no installation of Penstock")
    return Queues(depths=depths)


def _counts(depth: "Depth") -> tuple[int, int, int]:
    return depth.waiting, depth.in_flight, depth.delayed
