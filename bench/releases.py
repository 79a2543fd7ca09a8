"""Measures how soon a published version runs, and changes versions while events are in flight."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bench.report import Row, spread
from cli.client import Client
from infra.demo.stage import Stage
from runtime.core import ids
from runtime.core.timestamps import moment
from runtime.stores.tables.config import FRESH_S

TOPIC: Final = "metric.released"
PUBLISHES: Final = 40  # whose latency is measured
EVENTS: Final = 1000  # in flight while versions change
CYCLES: Final = 10  # of a canary, a publish and a rollback
SHARE: Final = 5.0  # percent of the events, for the canary whose share is measured
DEADLINE_S: Final = 300
BATCH: Final = 100  # events of one request


class TooSlow(Exception):
    """Runs were not made within the bench's deadline."""


class State(NamedTuple):
    """Which versions could run from a change on."""

    asked_s: float  # epoch seconds: when the change was asked for, and so the earliest it took hold
    answered_s: float  # and when it was answered: the state before lasted until then at most
    versions: frozenset[int]


class Sent(NamedTuple):
    """An event, and when it was sent, in epoch seconds."""

    event_id: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of events that were in flight while versions changed."""

    sent: Sequence[Sent]
    states: Sequence[State]
    runs: Mapping[str, Any]  # by event id, as the API shows them

    def lost(self) -> list[str]:
        """The events without a run that returned."""
        return [
            each.event_id
            for each in self.sent
            if self.runs.get(each.event_id, {}).get("outcome") != "returned"
        ]

    def astray(self) -> list[Any]:
        """Runs of a version that was neither live nor on trial, or that name another's code."""
        return [run for each in self.sent if self._is_astray(run := self.runs[each.event_id], each)]

    def _is_astray(self, run: Any, sent: Sent) -> bool:
        ended_s = moment(run["created_at"]).timestamp()
        ends_s = [*(state.answered_s for state in self.states[1:]), float("inf")]
        possible = [
            state.versions
            for state, end_s in zip(self.states, ends_s, strict=True)
            if state.asked_s <= ended_s and sent.at_s <= end_s
        ]
        return run["version"] not in frozenset().union(*possible) or run["output"] != run["version"]


def measure(stage: Stage) -> Iterator[Row]:
    """Publish and send by turns; then change versions ten times under a thousand events."""
    releases = Releases(stage.api, tenant=stage.tenant, name="released")
    latencies_ms = [releases.publish_and_send(f"bench-publish-{n}") for n in range(PUBLISHES)]
    yield Row(
        what="publish to the end of the first run on the new version, p50 / p99",
        value=spread(latencies_ms, unit="ms", digits=0),
        how=f"{PUBLISHES} publishes, each followed by one event: the call itself, the event's way"
        " and its run",
    )
    began_s = time.time()
    played = releases.play(events=EVENTS, cycles=CYCLES)
    took_s = time.time() - began_s
    yield Row(
        what="events lost, or run on a version that was neither live nor on trial",
        value=f"{len(played.lost())}, {len(played.astray())}",
        how=f"{EVENTS} events in flight within {took_s:.0f} s while {CYCLES} versions were made"
        " canary, published and rolled back",
    )
    yield Row(
        what=f"share of a canary that was set to {SHARE:g} %",
        value=f"{releases.share(events=EVENTS):.1f} %",
        how=f"of {EVENTS} events",
    )


class Releases:
    """One function, its versions, and the events that are sent to it."""

    def __init__(self, api: Client, *, tenant: str, name: str) -> None:
        self._api, self._tenant, self._name = api, tenant, name
        self._path = f"/v1/functions/{name}"
        self._count = 0
        api.post("/v1/functions", {"name": name, "topics": [TOPIC]})
        self._api.post(f"{self._path}/publish", {"version": self.push()})
        self._warm()

    def push(self) -> int:
        """The number of a new version, which returns its own number."""
        number: int = self._api.get(self._path)["latest_version"] + 1
        source = f"def handler(event):\n    return {number}\n"
        version: int = self._api.post(f"{self._path}/versions", {"source": source})["version"]
        return version

    def publish_and_send(self, event_id: str) -> float:
        """Milliseconds from a publish to the end of the run of an event that is sent then."""
        version = self.push()
        began_s = time.time()
        self._api.post(f"{self._path}/publish", {"version": version})
        [sent] = self.send([event_id])
        run = self.runs([sent])[event_id]
        if run["version"] != version:
            raise TooSlow(f"{event_id} ran on version {run['version']}, not on {version}")
        return (moment(run["created_at"]).timestamp() - began_s) * 1000

    def play(self, *, events: int, cycles: int) -> Played:
        """Send events while versions are tried, published and rolled back."""
        live: int = self._api.get(self._path)["live_version"]
        states = [State(0, 0, frozenset({live}))]
        sent: list[Sent] = []
        share = events // cycles
        for cycle in range(cycles):
            version = self.push()
            steps: tuple[tuple[frozenset[int], str, dict[str, Any]], ...] = (
                (frozenset({live, version}), "PUT", {"version": version, "percent": 20}),
                (frozenset({version}), "publish", {"version": version}),
                (frozenset({live}), "rollback", {}),
            )
            pieces = [share * n // len(steps) for n in range(len(steps) + 1)]
            for (versions, verb, body), first, last in zip(
                steps, pieces[:-1], pieces[1:], strict=True
            ):
                sent += self.send(self._names(f"{cycle}-", first, last))
                asked_s = time.time()
                self._change(verb, body)
                states.append(State(asked_s, time.time(), versions))
        return Played(sent=sent, states=states, runs=self.runs(sent))

    def share(self, *, events: int) -> float:
        """Percent of the events that a canary got whose share is set to `SHARE`."""
        version = self.push()
        self._change("PUT", {"version": version, "percent": SHARE})
        sent = self.send(self._names("share-", 0, events))
        counts = Counter(run["version"] for run in self.runs(sent).values())
        self._change("rollback", {})
        return 100 * counts[version] / events

    def send(self, event_ids: Iterable[str]) -> list[Sent]:
        """Send an event for each id, in requests of a hundred."""
        sent: list[Sent] = []
        every = list(event_ids)
        for start in range(0, len(every), BATCH):
            piece = every[start : start + BATCH]
            now_s = time.time()
            events = [{"id": each, "topic": TOPIC} for each in piece]
            self._api.post("/v1/events", {"events": events})
            sent += [Sent(each, now_s) for each in piece]
        return sent

    def runs(self, sent: Sequence[Sent]) -> dict[str, Any]:
        """The runs of these events, once all are made, by event id.

        Raises:
            TooSlow: some are not made within the deadline.
        """
        missing = {
            ids.run_id(self._tenant, each.event_id, self._name): each.event_id for each in sent
        }
        made: dict[str, Any] = {}
        end_s = time.monotonic() + DEADLINE_S
        while missing and time.monotonic() < end_s:
            for run in self._listed(missing):
                event_id = missing.pop(run["id"], None)
                if event_id is not None:
                    made[event_id] = run
        if missing:
            raise TooSlow(f"{len(missing)} of {len(sent)} events have no run")
        return made

    def _warm(self) -> None:
        """Send events until every warm copy of `fanout` knows the function.

        A copy reads subscriptions that have changed after two seconds at most; until then it does
        not know what was created since.
        """
        end_s = time.monotonic() + 2 * FRESH_S
        while time.monotonic() < end_s:
            self.send(self._names("warm-", 0, 1))

    def _listed(self, missing: Mapping[str, str]) -> Iterator[Any]:
        """The newest runs if many are missing; else each that is missing and made."""
        if len(missing) > BATCH // 10:
            yield from self._api.each(f"{self._path}/runs", limit=4 * EVENTS)
            return
        for event_id in list(missing.values()):
            yield from self._api.each(f"{self._path}/runs", {"event": event_id}, limit=1)

    def _change(self, verb: str, body: Mapping[str, Any]) -> None:
        if verb == "PUT":
            self._api.put(f"{self._path}/canary", body)
        else:
            self._api.post(f"{self._path}/{verb}", body)

    def _names(self, prefix: str, first: int, last: int) -> Iterator[str]:
        self._count += 1
        return (f"{self._name}-{self._count}-{prefix}{number}" for number in range(first, last))
