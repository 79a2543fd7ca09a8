"""The queues of an installation: what waits and is in flight, and dead letters on the way back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cli._errors import WrongUsage
from runtime.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.local.state import LocalCloud
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
    return _read(stack)


def of_local_cloud() -> Queues:
    """Those of the local cloud of this folder, which must be up."""
    local = _local_cloud()
    if local is None:
        return Queues(problem="the local cloud has ended meanwhile")
    return _read(local.stack, **_settings(local))


def redrive(stack: str | None, queue: str) -> int:
    """Move the dead letters of a queue back into it; returns how many were moved.

    Args:
        stack: the name of an installed stack; None for the local cloud of this folder.
        queue: as the template calls it.

    Raises:
        WrongUsage: code `no_local_cloud`: neither is there.
        NotFound: code `stack_not_found` or `queue_not_found`.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    from runtime.stores.aws import dead_letters

    if stack is not None:
        return dead_letters.redrive(stack, queue, client=_clients(), now=datetime.now(UTC))
    local = _local_cloud()
    if local is None:
        raise WrongUsage(
            "name the stack whose queue you mean by --stack, or run `penstock local up` here",
            code="no_local_cloud",
        )
    client = _clients(**_settings(local))
    return dead_letters.redrive(local.stack, queue, client=client, now=datetime.now(UTC))


def _local_cloud() -> "LocalCloud | None":
    from infra.local import cloud
    from infra.local.place import Place

    return cloud.status(Place()).cloud


def _settings(local: "LocalCloud") -> dict[str, str]:
    from infra.local.emulator import ROOT_KEYS

    keys = {name.lower(): text for name, text in ROOT_KEYS.items()}
    return {"endpoint_url": local.aws_endpoint, "region_name": local.region, **keys}


def _clients(**where: Any) -> "Callable[[str], Any]":
    # Deferred: botocore takes longer to import than most commands take to run.
    import botocore.session

    from runtime.stores.aws.clients import QUICK

    return partial(botocore.session.get_session().create_client, config=QUICK, **where)


def _read(stack: str, **where: Any) -> Queues:
    from runtime.stores.aws import queue_depths

    try:
        depths = queue_depths.read(stack, client=_clients(**where), now=datetime.now(UTC))
    except PenstockError as problem:
        hint = "check your AWS credentials, region and the stack's name"
        return Queues(problem=f"{problem.message}; {hint}")
    if not depths:
        return Queues(problem=f"stack {stack!r} has no queues: it is no installation of Penstock")
    return Queues(depths=depths)


def _counts(depth: "Depth") -> tuple[int, int, int]:
    return depth.waiting, depth.in_flight, depth.delayed
