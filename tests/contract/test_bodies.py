"""What is too large for its record: kept beside it, object first, and never for what is small."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.messages import MAX_BODY_BYTES
from runtime.core.functions.run import Commit
from runtime.core.profiles.change import Change
from runtime.errors import NotFound, Transient
from runtime.stores.functions.runs import Runs
from tests.builders import a_delivery, a_profile, a_run, an_attempt
from tests.cloud import Cloud

LARGE = '{"text":"é ' + "x" * (1024 * 1024 - 14) + '"}'
EFFECT = {"op": "emit", "topic": "metric.x", "properties": {"deep": [[[1e300, 1.0, 1]]]}}


class Killed(Exception):
    """The worker is gone."""


class Dying:
    """A table's client in a process that is killed when it is about to write."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def die(**_arguments: Any) -> None:
            raise Killed

        return die


@contextmanager
def requests(cloud: Cloud) -> Iterator[list[str]]:
    """The names of what S3 is asked to do meanwhile."""
    asked: list[str] = []

    def note(model: Any, **_rest: Any) -> None:
        asked.append(model.name)

    events = cloud.clients.s3.meta.events
    events.register("before-call.s3", note)
    try:
        yield asked
    finally:
        events.unregister("before-call.s3", note)


class TestDeliveries:
    """Bodies of deliveries."""

    def test_a_large_body_comes_back_when_it_is_opened(self, cloud: Cloud) -> None:
        """To the byte: it is what is signed. Listings and sweeps have no use for it."""
        store, delivery = cloud.deliveries, a_delivery(body=LARGE)
        store.add(delivery)

        found = store.find(delivery.id)

        assert found is not None
        assert (True, True, "") == (found.is_unopened, found.has_body, found.body)
        assert delivery == replace(store.open(found), body_at=None)

    def test_a_small_body_asks_s3_for_nothing(self, cloud: Cloud) -> None:
        """Nearly all are small, and each request would cost more than the record."""
        store, small = cloud.deliveries, a_delivery(body="x" * MAX_BODY_BYTES)
        with requests(cloud) as asked:
            store.add(small)
            store.renew(small)
            opened = [store.open(each) for each in store.get([small.id]).values()]

        assert ([], [small]) == (asked, opened)

    def test_an_attempt_does_not_write_the_body_again(self, cloud: Cloud) -> None:
        """A schedule has ten attempts, and `deliver` may not write objects at all."""
        store, before = cloud.deliveries, a_delivery(body=LARGE)
        store.add(before)
        opened = store.open(store.get([before.id])[before.id])
        after = replace(opened, attempts=(*before.attempts, an_attempt(number=2)))

        with requests(cloud) as asked:
            assert store.replace(opened, after)

        assert [] == asked
        assert after == store.open(store.get([before.id])[before.id])

    def test_the_same_again_is_the_same_object(self, cloud: Cloud) -> None:
        """A message comes twice; the second must not leave a second object, nor another record."""
        assert [True, False] == [cloud.deliveries.add(a_delivery(body=LARGE)) for _ in range(2)]

        [key] = cloud.objects()
        assert key.startswith(f"bodies/acme/{a_delivery().id}/")

    def test_an_event_loop_keeps_it_in_the_same_place(self, cloud: Cloud) -> None:
        """Who writes without blocking must not leave the body in the record."""
        assert asyncio.run(cloud.deliveries.add_async(a_delivery(body=LARGE)))

        [key] = cloud.objects()
        assert key.startswith(f"bodies/acme/{a_delivery().id}/")

    def test_killed_before_the_record_it_is_done_again(self, cloud: Cloud) -> None:
        """The object comes first: no record ever names what is not there."""
        store, delivery = cloud.deliveries, a_delivery(body=LARGE)
        dying = replace(store, table=replace(store.table, client=Dying()))  # type: ignore[arg-type]

        with pytest.raises(Killed):
            dying.add(delivery)

        assert (1, None) == (len(cloud.objects()), store.find(delivery.id))
        assert store.add(delivery)
        assert 1 == len(cloud.objects())
        assert LARGE == store.open(store.get([delivery.id])[delivery.id]).body

    def test_no_object_no_record(self, cloud: Cloud) -> None:
        """S3 does not answer: the message comes again, and nothing points at nothing."""
        store = cloud.deliveries

        def out_of_order() -> Any:
            raise Transient("S3 is out of order", code="aws_unavailable")

        broken = replace(store, bodies=replace(store.bodies, bucket=out_of_order))
        with pytest.raises(Transient):
            broken.add(a_delivery(body=LARGE))

        assert store.find(a_delivery().id) is None

    def test_what_has_expired_says_so(self, cloud: Cloud) -> None:
        """Trying again cannot help, and whoever reads the record must learn why."""
        store, delivery = cloud.deliveries, a_delivery(body=LARGE)
        store.add(delivery)
        expire(cloud)
        found = store.get([delivery.id])[delivery.id]

        for look in (store.open, store.renew):
            with pytest.raises(NotFound) as problem:
                look(found)
            assert "body_expired" == problem.value.code

    def test_a_new_round_writes_the_object_anew(self, cloud: Cloud) -> None:
        """S3 counts an object's days from when it was written, and this one is needed again."""
        store, delivery = cloud.deliveries, a_delivery(body=LARGE, status=Status.DEAD)
        store.add(delivery)
        found = store.get([delivery.id])[delivery.id]

        with requests(cloud) as asked:
            store.renew(found)

        assert ["GetObject", "PutObject"] == asked
        assert (1, LARGE) == (len(cloud.objects()), store.open(found).body)


class TestRuns:
    """What runs leave."""

    def test_what_a_run_has_left_comes_back_when_it_is_opened(self, cloud: Cloud) -> None:
        """The record is the outbox: output and effects whole, numbers as they were."""
        store, run = cloud.runs, a_run(output={"text": LARGE}, effects=(EFFECT,))
        assert Commit.DONE is store.commit(
            run, Change(tenant=run.tenant, profiles=((0, a_profile()),))
        )

        found = stored(store)

        assert (True, None, ()) == (found.is_unopened, found.output, found.effects)
        assert run == replace(store.open(found), left_at=None)

    def test_a_small_run_asks_s3_for_nothing(self, cloud: Cloud) -> None:
        """Nearly all are small."""
        store = cloud.runs
        with requests(cloud) as asked:
            store.commit(a_run(output="x" * 200_000))
            opened = store.open(stored(store))

        assert ([], "x" * 200_000) == (asked, opened.output)

    def test_of_two_results_the_record_has_the_one_that_was_stored(self, cloud: Cloud) -> None:
        """Code that looks at a clock answers two workers twice; what goes out again is the first.

        Whichever of the two objects was written last.
        """
        store = cloud.runs
        commits = [store.commit(a_run(output=letter * 500_000)) for letter in "ab"]

        assert [Commit.DONE, Commit.STALE] == commits
        assert (2, "a" * 500_000) == (len(cloud.objects()), store.open(stored(store)).output)

    def test_what_has_expired_says_so(self, cloud: Cloud) -> None:
        """A redelivered message has nothing to send any more, and is parked with this code."""
        cloud.runs.commit(a_run(output=LARGE))
        expire(cloud)

        with pytest.raises(NotFound) as problem:
            cloud.runs.open(stored(cloud.runs))

        assert "body_expired" == problem.value.code


def stored(store: Runs) -> Any:
    """The run's record."""
    return store.find_many([a_run().id])[a_run().id]


def expire(cloud: Cloud) -> None:
    """What the bucket's lifecycle does after the retention days."""
    for key in cloud.objects():
        cloud.clients.s3.delete_object(Bucket=cloud.bucket.name, Key=key)
