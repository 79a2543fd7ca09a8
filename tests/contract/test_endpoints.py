"""Endpoints' health: one conditional write, found by the sweep while somebody must be told."""

from dataclasses import replace

import pytest

from runtime.core.ids import Key
from runtime.core.pacing.endpoint_health import Health, Notice, NoticeKind
from runtime.core.timestamps import moment
from runtime.stores.pacing.endpoints import Endpoints
from runtime.stores.tables import shards
from runtime.stores.tables.health import FRESH_S
from tests.builders import NOW, NOW_MS, TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock

WELL = Health(tenant=TENANT, webhook_id="whk_1")


def endpoints(cloud: Cloud) -> Endpoints:
    """As one worker sees them."""
    return Endpoints(table=cloud.deliveries.table, clock=lambda: moment(NOW))


class TestEndpointsContract:
    """Health by webhook."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """To every worker, with a revision of its own."""
        notice = Notice(kind=NoticeKind.FAILING, at_ms=NOW_MS, after_s=3600)
        sick = replace(WELL, failures=12, failing_since_ms=NOW_MS, notices=(notice,))

        assert endpoints(cloud).find(TENANT, "whk_1") == WELL
        stored = endpoints(cloud).replace(WELL, sick)

        assert stored == replace(sick, revision=1)
        assert endpoints(cloud).find(TENANT, "whk_1") == stored
        assert endpoints(cloud).known([Key(TENANT, "whk_1"), Key(TENANT, "whk_2")]) == {
            (TENANT, "whk_1"): stored,
            (TENANT, "whk_2"): replace(WELL, webhook_id="whk_2"),
        }

    def test_of_two_who_read_the_same_one_writes(self, cloud: Cloud) -> None:
        """The claim of a probe is such a write: two must not both have it."""
        one, other = endpoints(cloud), endpoints(cloud)
        sick = replace(WELL, failures=1)

        won = [store.replace(WELL, sick) is not None for store in (one, other)]
        stored = one.find(TENANT, "whk_1")
        won += [store.replace(stored, sick) is not None for store in (one, other)]

        assert won == [True, False, True, False]

    def test_who_must_be_told_is_found_until_it_is_done(self, cloud: Cloud) -> None:
        """And is no delivery."""
        store = endpoints(cloud)
        notice = Notice(kind=NoticeKind.DISABLED, at_ms=NOW_MS, reason="gone")
        stored = store.replace(WELL, replace(WELL, notices=(notice,)))
        assert stored is not None

        assert list(store.due(now_ms=NOW_MS, limit=10)) == [stored]
        for shard in shards.DELIVERY_SHARDS:
            assert not list(cloud.deliveries.due(shard=shard, now_ms=NOW_MS, limit=10))
        store.replace(stored, replace(stored, notices=()))
        assert list(store.due(now_ms=NOW_MS, limit=10)) == []

    @pytest.mark.parametrize("asleep_s", [FRESH_S, 3600.0, -60.0])
    def test_a_worker_that_has_slept_looks_again(self, cloud: Cloud, asleep_s: float) -> None:
        """Another has opened the breaker since."""
        clock = FakeClock(NOW)
        mine = Endpoints(table=cloud.deliveries.table, clock=clock)
        assert mine.known([Key(TENANT, "whk_1")]) == {(TENANT, "whk_1"): WELL}
        sick = endpoints(cloud).replace(WELL, replace(WELL, failures=12))
        assert mine.known([Key(TENANT, "whk_1")]) == {(TENANT, "whk_1"): WELL}

        clock.advance(asleep_s)

        assert mine.known([Key(TENANT, "whk_1")]) == {(TENANT, "whk_1"): sick}

    def test_a_reset_forgets_all(self, cloud: Cloud) -> None:
        """And costs nothing when there is nothing to forget."""
        store = endpoints(cloud)
        store.reset(TENANT, "whk_1")
        assert store.find(TENANT, "whk_1").revision == 0
        store.replace(WELL, replace(WELL, failures=99, ended=True))

        store.reset(TENANT, "whk_1")

        assert store.find(TENANT, "whk_1") == replace(WELL, revision=2)
