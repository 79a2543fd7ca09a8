"""Measures how long each operation of the API takes on the local cloud, one call at a time.

Fifty lives are played, each with a webhook, a function, a sync and a key of its own: all are made,
then used, then deleted. Every call is the example of its operation in the OpenAPI document,
with the names and ids of its life in place of the example's. So an operation that is added later
is called as well.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import httpx

from bench.report import Row, spread
from functions._api import openapi
from infra.demo.receiver import Receiver
from infra.demo.stage import Stage
from runtime.stores.tables.config import FRESH_S

EXAMPLES: Final[Mapping[str, Any]] = openapi.examples()
LIVES: Final = 50
DEADLINE_S: Final = 60.0
LOOK_EVERY_S: Final = 0.2
_SOURCE: Final = 'def handler(event):\n    return event["properties"]["sku"]\n# {}\n'


class Refused(Exception):
    """The API refused a call that is to be measured, or did not do in time what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of a life."""

    operation: str  # method and path, as the document writes them
    body: Mapping[str, Any] = field(default_factory=dict)  # what differs from the example's body
    query: Mapping[str, str] = field(default_factory=dict)  # what differs from the example's query


def _steps(*operations: str) -> tuple[Step, ...]:
    return tuple(Step(operation=each) for each in operations)


MAKE: Final = (
    *_steps(
        "POST /v1/webhooks",
        "PATCH /v1/webhooks/{webhook_id}",
        "POST /v1/functions",
        "PATCH /v1/functions/{name}",
    ),
    *_steps("PUT /v1/functions/{name}/environment"),
    *_steps("PUT /v1/functions/{name}/secrets/{secret}"),
    *(
        Step(operation="POST /v1/functions/{name}/versions", body={"source": _SOURCE.format(each)})
        for each in range(1, 4)
    ),
    *_steps("POST /v1/functions/{name}/publish", "POST /v1/syncs", "POST /v1/api-keys"),
)
# The event lacks the `sku` that the function reads, so that there is a failed run to look at.
SEND: Final = _steps("POST /v1/events")
USE: Final = (
    *_steps("POST /v1/webhooks/{webhook_id}/replay", "POST /v1/functions/{name}/replay"),
    *_steps("PUT /v1/functions/{name}/canary"),
)
# Here stand all operations that no step names: those that only read, and what is yet to come.
CHANGE: Final = (
    *_steps("POST /v1/webhooks/{webhook_id}/replays/{replay_id}/cancel"),
    *_steps("POST /v1/functions/{name}/replays/{replay_id}/cancel"),
    *_steps("DELETE /v1/functions/{name}/canary", "PUT /v1/functions/{name}/canary"),
    *_steps("POST /v1/functions/{name}/canary/promote", "POST /v1/functions/{name}/rollback"),
    *_steps("POST /v1/deliveries/{delivery_id}/retry", "POST /v1/runs/{run_id}/retry"),
    *_steps("POST /v1/webhooks/{webhook_id}/test"),
    *_steps("POST /v1/webhooks/{webhook_id}/rotate-secret"),
    *_steps("POST /v1/webhooks/{webhook_id}/disable", "POST /v1/webhooks/{webhook_id}/enable"),
    *_steps("POST /v1/functions/{name}/disable", "POST /v1/functions/{name}/enable"),
    *_steps("POST /v1/syncs/{sync_id}/pause", "POST /v1/syncs/{sync_id}/resume"),
    *_steps("PATCH /v1/syncs/{sync_id}", "POST /v1/api-keys/{key_id}/rotate"),
)
END: Final = (
    *_steps("DELETE /v1/functions/{name}/secrets/{secret}"),
    *_steps("DELETE /v1/functions/{name}/versions/{version}", "DELETE /v1/functions/{name}"),
    *_steps("POST /v1/functions/{name}/restore", "DELETE /v1/webhooks/{webhook_id}"),
    *_steps("DELETE /v1/api-keys/{key_id}"),
)
# Last, because the loads go on beside whatever is called then; of one life's sync, because only its
# first load has anything to load.
LOAD: Final = _steps("POST /v1/syncs/{sync_id}/run")
FORGET: Final = (Step(operation="DELETE /v1/syncs/{sync_id}", query={"force": "true"}),)
# The examples list the dead ones, and changes that are yet to come. Here all are delivered, and
# each life has just started a replay.
QUERIES: Final = {
    "GET /v1/deliveries": {"status": "delivered"},
    "GET /v1/audit": {"action": "replay.started"},
}
# What comes of an event: the listing that shows it, and the operation that shows it alone.
ARRIVING: Final = (
    ("GET /v1/functions/{name}/runs", "GET /v1/runs/{run_id}"),
    ("GET /v1/deliveries", "GET /v1/deliveries/{delivery_id}"),
    ("GET /v1/profiles", "GET /v1/profiles/{profile_id}"),
)
NAMED: Final = frozenset(
    step.operation for step in (*MAKE, *SEND, *USE, *CHANGE, *END, *LOAD, *FORGET)
)


def measure(stage: Stage) -> Iterator[Row]:
    """Play the lives, and give a row for each operation, in the document's order."""
    operations = Operations(
        url=stage.local.api_url, key=stage.local.api_key, receiver=stage.receiver
    )
    seconds = operations.play(LIVES)
    for operation in operations.documented:
        samples = seconds[operation]
        yield Row(
            what=f"`{operation}`, p50 / p99",
            value=spread([1000 * each for each in samples], unit="ms", digits=0),
            how=f"{len(samples)} calls, one at a time",
        )


@dataclass(slots=True, kw_only=True)
class Life:
    """What stands in one life for the names and ids of the examples.

    Attributes:
        values: by the value that the examples have.
    """

    values: dict[str, str]

    def of(self, value: Any) -> Any:
        """A value of an example as it is in this life."""
        if isinstance(value, str):
            return self.values.get(value, value)
        if isinstance(value, Mapping):
            return {name: self.of(each) for name, each in value.items()}
        return [self.of(each) for each in value] if isinstance(value, list) else value

    def learn(self, example: Any, answer: Any) -> None:
        """Take the id and the secret of what was made in place of the example's.

        Of a listing it takes the id of the first thing, if it knows none: nobody has made that by
        a call, such as an entry of the audit log.
        """
        if not isinstance(example, Mapping):
            return
        for name in ("id", "secret"):
            if example.get(name):
                self.values[example[name]] = answer[name]
        for shown, listed in zip(example.get("data", ())[:1], answer.get("data", ()), strict=False):
            if "id" in shown:
                self.values.setdefault(shown["id"], listed["id"])


class Operations:
    """Calls the operations of one API, and keeps how long each took.

    Attributes:
        seconds: of each call, by its operation.
    """

    def __init__(self, *, url: str, key: str, receiver: Receiver) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._receiver = receiver
        self._http = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {key}"},
            timeout=DEADLINE_S,
            trust_env=False,
        )

    @cached_property
    def documented(self) -> Sequence[str]:
        """The operations that the API's own document has, in its order."""
        paths = self._http.get("/openapi.json").raise_for_status().json()["paths"]
        return [f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs]

    def play(self, count: int) -> Mapping[str, Sequence[float]]:
        """Play so many lives; returns the seconds of each call, by operation.

        Raises:
            Refused: a call was refused; nothing is tried again, so that no wait is measured.
        """
        lives = [self._life(number) for number in range(count)]
        others = [_reading(each) for each in self.documented if each not in NAMED]
        self._each(lives, MAKE)
        for number, life in enumerate(lives):
            secret = life.of(EXAMPLES["POST /v1/webhooks"]["answer"]["secret"])
            self._receiver.endpoints[_endpoint(number)].secret = secret
        # Until then a warm copy of `fanout` may not know the subscriptions that were just made.
        threading.Event().wait(2 * FRESH_S)
        self._each(lives, SEND)
        for life in lives:
            self._wait_until_processed(life)
        self._each(lives, (*USE, *others, *CHANGE))
        self._each(lives, END)
        self._each(lives[:1] * count, LOAD)
        self._each(lives, FORGET)
        return self.seconds

    def _life(self, number: int) -> Life:
        event = EXAMPLES["POST /v1/events"]["body"]["events"][0]
        webhook = EXAMPLES["POST /v1/webhooks"]["body"]
        return Life(
            values={
                event["id"]: f"order-{number}",
                event["topic"]: f"metric.order_{number}",
                event["profile"]["external_id"]: f"customer-{number}",
                event["profile"]["email"]: f"customer-{number}@example.com",
                webhook["url"]: self._receiver.url(_endpoint(number)),
                EXAMPLES["POST /v1/functions"]["body"]["name"]: f"vip-orders-{number}",
                EXAMPLES["POST /v1/tenants"]["body"]["id"]: f"globex-{number}",
            }
        )

    def _each(self, lives: Sequence[Life], steps: Sequence[Step]) -> None:
        for life in lives:
            for step in steps:
                self._measure(step, life)

    def _measure(self, step: Step, life: Life) -> None:
        began_s = time.perf_counter()
        response = self._call(step, life)
        self.seconds.setdefault(step.operation, []).append(time.perf_counter() - began_s)
        if not response.is_success:
            raise Refused(f"{step.operation}: {response.status_code} {response.text}")
        life.learn(EXAMPLES[step.operation].get("answer"), _json(response))

    def _call(self, step: Step, life: Life) -> httpx.Response:
        example = EXAMPLES[step.operation]
        method, _, path = step.operation.partition(" ")
        parameters = {name: life.of(value) for name, value in example.get("path", {}).items()}
        body = {**life.of(example.get("body", {})), **life.of(step.body)}
        return self._http.request(
            method,
            path.format_map(parameters),
            params={**life.of(example.get("query", {})), **step.query},
            json=body if method in {"POST", "PUT", "PATCH"} else None,
        )

    def _wait_until_processed(self, life: Life) -> None:
        """Wait for the event's run, delivery and profile, and learn their ids."""
        for listing, one in ARRIVING:
            answer = self._wait(listing, life, lambda answer: bool(answer["data"]))
            life.learn(EXAMPLES[one]["answer"], answer["data"][0])

    def _wait(self, operation: str, life: Life, is_done: Any) -> Any:
        step = _reading(operation)
        end_s = time.monotonic() + DEADLINE_S
        while True:
            response = self._call(step, life)
            if response.is_success and is_done(response.json()):
                return response.json()
            if time.monotonic() > end_s:
                raise Refused(f"{operation} showed for {DEADLINE_S:g} s: {response.text}")
            threading.Event().wait(LOOK_EVERY_S)


def _reading(operation: str) -> Step:
    return Step(operation=operation, query=QUERIES.get(operation, {}))


def _endpoint(number: int) -> str:
    return f"operations-{number}"


def _json(response: httpx.Response) -> Any:
    return json.loads(response.text) if response.text else None
