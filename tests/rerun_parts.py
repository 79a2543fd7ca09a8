"""The parts of the world in which functions run again: a sandbox, a receiver, calls that fail."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from runtime.core.deliveries.attempt import Answered, Posted
from runtime.core.functions.messages import RunMessage
from runtime.errors import Transient
from tests.chaos.faults import Faults
from tests.doubles import FakeClock, a_result
from tests.virtual_queue import VirtualQueue

RAISED: Final = {
    "outcome": "raised",
    "error": {"type": "KeyError", "message": "'value'", "traceback": ""},
}


@dataclass(frozen=True, slots=True)
class Perilous:
    """A store or a queue, each of whose calls may fail or be the worker's last."""

    thing: Any
    faults: Faults

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The same call, if the worker lives to make it."""
        call = getattr(self.thing, name)

        def perilous(*args: Any, **kwargs: Any) -> Any:
            return self.faults.around(name, lambda: call(*args, **kwargs))

        return perilous

    async def add_async(self, *args: Any) -> Any:
        """A call that an event loop makes."""
        return self.faults.around("add", lambda: self.thing.add(*args))

    async def replace_async(self, *args: Any) -> Any:
        """A call that an event loop makes."""
        return self.faults.around("replace", lambda: self.thing.replace(*args))


class World(Protocol):
    """Where queues are worked off."""

    clock: FakeClock

    def settle(self) -> None:
        """Work until nothing waits any more."""


class PromptQueue(VirtualQueue[RunMessage]):
    """A queue whose worker has done its work before the sender goes on."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._world = world

    def send(self, messages: Iterable[RunMessage], *, delay_s: int = 0) -> None:
        """Queue them all, and wait until the worker has nothing left to do."""
        super().send(messages, delay_s=delay_s)
        self._world.settle()


class UnreachableQueue(VirtualQueue[RunMessage]):
    """A queue that takes nothing."""

    def send(self, messages: Iterable[RunMessage], *, delay_s: int = 0) -> None:
        """Fail."""
        raise Transient(f"{len(list(messages))} messages were not taken, for {delay_s} s")


class TwoVersions:
    """The sandbox: version 1 fails on every event, the others do what they are for."""

    def __init__(self) -> None:
        self.runs: Counter[int] = Counter()  # by version
        self.output: object = ...  # what every run returns; `...` for a payload of the event's own

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job."""
        self.runs[job["version"]] += len(job["events"])
        engine = job["engine"]
        results = [
            a_result(each["run_id"], **self._result(each, job["version"]), engine=engine)
            for each in job["events"]
        ]
        return {"v": 1, "isolation": "seccomp", "engine": engine, "results": results}

    def _result(self, each: Mapping[str, Any], version: int) -> dict[str, Any]:
        if version == 1:
            return dict(RAISED)
        properties = (each["profile"] or {"properties": {}})["properties"]
        spent = properties.get("spent", 0) + each["event"]["properties"]["value"]
        effects = [
            {"op": "profile", "set": {"spent": spent}, "unset": []},
            {"op": "emit", "topic": "metric.counted", "properties": {}},
        ]
        own = {"order": each["event"]["id"]}
        return {"output": own if self.output is ... else self.output, "effects": effects}


class Receiver:
    """Takes every delivery, and counts by id."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.arrived: Counter[str] = Counter()

    async def post(self, url: str, *, headers: Sequence[tuple[str, str]], **_letter: Any) -> Posted:
        """200."""
        assert url
        self._faults.at("before POST")
        named = {name.lower(): value for name, value in headers}
        self.arrived[named["webhook-id"]] += 1
        self._faults.at("after POST")
        return Posted(happening=Answered(status=200))

    def close(self) -> None:
        """Nothing is open."""


class Nowhere:
    """Where nothing is parked."""

    def park(self, body: str, *, code: str, reason: str) -> None:
        """Fail: nothing here loops."""
        raise AssertionError((body, code, reason))


class Nobody:
    """Nobody looks after the receiver, which is always well."""

    def observe(self, tenant: str, webhook_id: str, seen: object) -> None:
        """Take no note."""

    def note_slow(self, tenant: str, webhook_id: str) -> None:
        """Take no note."""
