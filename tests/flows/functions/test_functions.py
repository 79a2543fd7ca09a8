"""Functions from the bus to what they leave: real code in the real sandbox, on real stores."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids, json_text
from runtime.core.deliveries import messages
from runtime.core.deliveries.delivery import Status
from runtime.core.functions import run_plan
from runtime.core.functions.function import Limits
from runtime.core.functions.run import Outcome
from runtime.core.json_text import dump
from runtime.stores.webhooks.webhooks import Webhooks
from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.builders import NOW, TENANT, a_bus_event, a_profile, a_webhook, an_envelope
from tests.cloud import Cloud
from tests.flows.bus import call
from tests.runs import Platform

DELIVERY = ids.delivery_id(TENANT, "evt_1", "whk_1")


TIGHT: Mapping[str, Any] = {"wall_s": 1.0, "memory_mb": 64}
BAD = {
    "does not parse": ("def handler(event:\n", Outcome.REFUSED, "Refused"),
    "imports what it must not": (
        "import os\ndef handler(event):\n    return {}\n",
        Outcome.REFUSED,
        "Refused",
    ),
    "loops for ever": (
        "def handler(event):\n    while True:\n        pass\n",
        Outcome.TIMED_OUT,
        "TimedOut",
    ),
    "eats memory": (
        "def handler(event):\n    return {'x': len('x' * 10**9)}\n",
        Outcome.OUT_OF_MEMORY,
        "OutOfMemory",
    ),
    "returns what is not JSON": (
        "def handler(event):\n    return {1, 2}\n",
        Outcome.RAISED,
        "InvalidResult",
    ),
    "raises": ("def handler(event):\n    return 1 / 0\n", Outcome.RAISED, "ZeroDivisionError"),
}


class Local:
    """The sandbox in this process's own children, behind the port that Lambda is behind."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job."""
        return self._sandbox.run(job)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    """One sandbox for all tests: starting one takes longer than a run."""
    with Sandbox(Options(allow_weak=True)) as started:
        yield Local(started)


@pytest.fixture
def platform(cloud: Cloud, sandbox: Local) -> Platform:
    """An installation whose functions really run."""
    made = Platform(cloud)
    made.sandbox = sandbox  # type: ignore[assignment]
    return made


def land(platform: Platform, *envelopes: dict[str, Any]) -> list[str | None]:
    """Events land, are matched, and their functions run; for each run its code or None."""
    assert [] == call(platform.cloud, "fanout", *(a_bus_event(each) for each in envelopes))
    hints = [message["Body"] for message in platform.cloud.received("run")]
    return platform.run(*(run_plan.parse(hint, now=NOW) for hint in hints))


def transform(platform: Platform, source: str, **limits: Any) -> None:
    """A webhook that gets what `source` makes of an event."""
    platform.publish(source, name="shape", topics=(), limits=replace(Limits(), **limits))
    Webhooks(config=platform.cloud.config).add(a_webhook(transform="shape"))


def ended(platform: Platform, subscriber: str) -> tuple[Outcome, str | None]:
    """The stored outcome of the event's run for this subscriber, and its error's type."""
    run = platform.cloud.runs.find(ids.run_id(TENANT, "evt_1", subscriber))
    assert run is not None
    return run.outcome, None if run.error is None else run.error["type"]


class TestTransforms:
    """A function in a webhook's path."""

    def test_what_it_returns_is_delivered(self, platform: Platform) -> None:
        """To the byte, under the delivery's own id."""
        transform(platform, "def handler(event):\n    return {'order': event['id']}\n")

        assert [None] == land(platform, an_envelope())

        (hint,) = platform.cloud.received("deliver")
        message = messages.parse_deliver(hint["Body"])
        assert (DELIVERY, '{"order":"evt_1"}') == (message.delivery_id, message.body)

    @pytest.mark.parametrize(("source", "outcome", "error"), BAD.values(), ids=BAD.keys())
    def test_a_bad_function_ends_its_delivery_with_a_reason(
        self, platform: Platform, source: str, outcome: Outcome, error: str
    ) -> None:
        """Never silent: the delivery says why nothing was sent, and its run says more."""
        transform(platform, source, **TIGHT)

        assert [None] == land(platform, an_envelope())

        delivery = platform.cloud.deliveries.find(DELIVERY)
        assert delivery is not None
        assert (Status.DEAD, f"function_{outcome}") == (delivery.status, delivery.reason)
        assert (outcome, error) == ended(platform, "whk_1")
        assert [] == platform.cloud.received("deliver")

    def test_what_is_no_payload_ends_its_delivery(self, platform: Platform) -> None:
        """A trigger may return a text; a webhook's body is an object or a list of them."""
        transform(platform, "def handler(event):\n    return 'text'\n")

        assert [None] == land(platform, an_envelope())

        delivery = platform.cloud.deliveries.find(DELIVERY)
        assert delivery is not None
        assert (Status.DEAD, "function_refused") == (delivery.status, delivery.reason)
        assert (Outcome.REFUSED, "BadEffect") == ended(platform, "whk_1")

    def test_none_drops_the_delivery(self, platform: Platform) -> None:
        """The user's own decision, on record as such and no error."""
        transform(platform, "def handler(event):\n    return None\n")

        assert [None] == land(platform, an_envelope())

        delivery = platform.cloud.deliveries.find(DELIVERY)
        assert delivery is not None
        assert (Status.DROPPED, "dropped_by_function") == (delivery.status, delivery.reason)
        assert (Outcome.RETURNED, None) == ended(platform, "whk_1")
        assert [] == platform.cloud.received("deliver")

    def test_a_megabyte_of_print_is_cut_and_does_not_hurt(self, platform: Platform) -> None:
        """The log has its limit; the payload goes out."""
        transform(platform, "def handler(event):\n    print('x' * 10**6)\n    return {'n': 1}\n")

        assert [None] == land(platform, an_envelope())

        assert 1 == len(platform.cloud.received("deliver"))
        run = platform.cloud.runs.find(ids.run_id(TENANT, "evt_1", "whk_1"))
        assert run is not None
        assert len(dump(list(run.logs))) < 80 * 1024

    def test_drop_and_retry_are_the_users_to_say(self, platform: Platform) -> None:
        """By the errors of the public package."""
        transform(
            platform,
            "from penstock import DropEvent, RetryError\n"
            "def handler(event):\n"
            "    if event['properties']['again']:\n"
            "        raise RetryError('later')\n"
            "    raise DropEvent('no')\n",
        )

        land(
            platform,
            an_envelope(id="evt_1", properties={"again": False}),
            an_envelope(id="evt_2", properties={"again": True}),
        )

        dropped = platform.cloud.deliveries.find(DELIVERY)
        waiting = platform.cloud.runs.find(ids.run_id(TENANT, "evt_2", "whk_1"))
        assert dropped is not None
        assert waiting is not None
        assert (Status.DROPPED, True) == (dropped.status, waiting.due_at_ms is not None)
        other = ids.delivery_id(TENANT, "evt_2", "whk_1")
        assert platform.cloud.deliveries.find(other) is None


class TestTriggers:
    """A function that a topic starts."""

    @pytest.mark.parametrize(("source", "outcome", "error"), BAD.values(), ids=BAD.keys())
    def test_a_bad_function_ends_its_run_on_record(
        self, platform: Platform, source: str, outcome: Outcome, error: str
    ) -> None:
        """There is no delivery to tell: the run's record is all that its author will see."""
        platform.publish(source, name="shape", limits=replace(Limits(), **TIGHT))

        assert [None] == land(platform, an_envelope())

        assert (outcome, error) == ended(platform, "shape")
        assert [] == platform.cloud.received("deliver")

    def test_it_emits_delivers_and_changes_its_profile(self, platform: Platform) -> None:
        """All at once, and what it emits comes round again, one hop further."""
        platform.publish(
            "def handler(event, profile, context):\n"
            "    n = (profile or {'properties': {}})['properties'].get('clicks', 0) + 1\n"
            "    context.profile.set(clicks=n)\n"
            "    context.emit('metric.click_counted', {'n': n})\n"
            "    context.deliver('whk_9', {'n': n})\n"
        )

        assert [None] * 3 == land(platform, *(an_envelope(id=f"evt_{n}") for n in range(3)))

        profile = platform.cloud.profiles.find(TENANT, a_profile().id)
        assert profile is not None
        assert {"clicks": 3} == profile.properties
        emitted = [json_text.load(m["Body"]) for m in platform.cloud.received("landed")]
        assert [1, 2, 3] == sorted(each["detail"]["properties"]["n"] for each in emitted)
        assert {("function", 1)} == {
            (each["detail"]["origin"], each["detail"]["hops"]) for each in emitted
        }
        assert 3 == len(platform.cloud.received("deliver"))

    def test_a_loop_ends(self, platform: Platform) -> None:
        """A function that answers itself is parked after eight rounds."""
        platform.publish(
            "def handler(event, profile, context):\n    context.emit(event['topic'], {})\n"
        )

        rounds = [an_envelope()]
        for _ in range(20):
            land(platform, rounds[-1])
            landed = platform.cloud.received("landed")
            for message in landed:
                platform.cloud.clients.sqs.delete_message(
                    QueueUrl=platform.cloud.queue_url("landed"),
                    ReceiptHandle=message["ReceiptHandle"],
                )
            if not landed:
                break
            (next_round,) = landed
            rounds.append(json_text.load(next_round["Body"])["detail"])

        assert 9 == len(rounds)
        assert ["loop"] == platform.cloud.parked_codes("dead")
