"""The state file of a local cloud: what it is, how it was set up, and which processes it has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from infra.local.place import Place
from infra.local.processes import Running
from runtime.errors import Conflict

PROCESSES: Final = ("ministack", "redshift")  # in the order in which they are started


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCloud:
    """The addresses and names of a local cloud. It has the same ones whenever it is started."""

    aws_endpoint: str  # URL of the emulator
    region: str
    api_url: str
    api_key: str  # of the tenant, with every scope
    tenant: str  # its id
    bus: str  # name of the event bus
    stack: str  # name of the CloudFormation stack
    redshift_endpoint: str  # URL of the stand-in for the Redshift Data API

    def to_json(self) -> dict[str, str]:
        """The object that `penstock local up --json` prints."""
        return asdict(self)


class Phase(StrEnum):
    """In which state a local cloud is."""

    NONE = "none"  # there is none; `up` makes one
    RUNNING = "running"
    HALF_DEAD = "half_dead"  # it was not stopped, and a process is gone; `up` mends it
    STOPPED = "stopped"  # it is kept, and `up` starts it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the local cloud consists of now."""

    cloud: LocalCloud | None  # None until the template is deployed
    processes: tuple[Running, ...]  # every process that was started and not stopped, alive or not
    options: Mapping[str, Any]  # how it was set up; empty until the template is deployed
    # The digest of the code that is deployed; None until then, and if an older version of the
    # project has deployed it.
    sources: str | None

    @property
    def running(self) -> bool:
        """Whether the template is deployed and every process is alive."""
        return self.phase is Phase.RUNNING

    @property
    def phase(self) -> Phase:
        """In which state it is."""
        if self.cloud is None and not self.processes:
            return Phase.NONE
        if not self.processes:
            return Phase.STOPPED
        alive = {each.name for each in self.processes if each.alive}
        is_whole = self.cloud is not None and alive.issuperset(PROCESSES)
        return Phase.RUNNING if is_whole else Phase.HALF_DEAD


def read(place: Place) -> Status:
    """What the state file says; without one there is no local cloud.

    Raises:
        Conflict: code `local_state`: the file is damaged.
    """
    if not place.state_file.exists():
        return Status(cloud=None, processes=(), options={}, sources=None)
    try:
        return _parsed(json.loads(place.state_file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Conflict(
            f"{place.state_file} is damaged, so nobody knows what runs; end the processes whose "
            f"command line names ministack or infra.local.redshift, and delete {place.root}",
            code="local_state",
        ) from problem


def _parsed(state: Mapping[str, Any]) -> Status:
    names = LocalCloud.__slots__
    is_deployed = all(name in state for name in names)
    return Status(
        cloud=LocalCloud(**{name: state[name] for name in names}) if is_deployed else None,
        processes=tuple(Running.from_json(each) for each in state["processes"]),
        options=state.get("options", {}),
        sources=state.get("sources"),
    )


def write(
    place: Place,
    *,
    processes: Sequence[Running],
    cloud: LocalCloud | None = None,
    options: Mapping[str, Any] | None = None,
    sources: str | None = None,
) -> None:
    """Replace the state file; whoever reads it meanwhile sees the one before or this one.

    Args:
        place: the folder of the local cloud.
        processes: those that run.
        cloud: what it is; None when it is not deployed yet.
        options: how it was set up; None when it is not deployed yet.
        sources: the digest of the code that is deployed; None when it is not deployed yet.
    """
    state: dict[str, Any] = {} if cloud is None else dict(cloud.to_json())
    state["options"] = dict(options or {})
    state["sources"] = sources
    state["processes"] = [each.to_json() for each in processes]
    state["pids"] = {each.name: each.pid for each in processes}
    new_file = place.state_file.with_suffix(".new")
    new_file.touch(mode=0o600)
    new_file.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    new_file.replace(place.state_file)
