"""A key may make so many calls a second, and hears when it may go on."""

from dataclasses import replace

import pytest

from functions import api as api_function
from runtime.core.pacing.call_limit import CallLimit
from runtime.core.tenancy import api_key
from runtime.stores.pacing.buckets import Buckets
from runtime.stores.tables import keys
from runtime.usecases.pacing.admit_call import MAX_SHARES, AdmitCall
from runtime.wiring.api import Api
from tests.api_client import ApiClient
from tests.doubles import FakeClock

LIMIT = CallLimit(per_s=10)
AT_ONCE = LIMIT.bucket.burst + LIMIT.own.burst  # what one process lets a rested key call


def a_process(api: ApiClient, clock: FakeClock, *, max_shares: int = MAX_SHARES) -> Api:
    """The API in a process that has counted no call yet."""
    buckets = Buckets(table=api.cloud.config.table, clock=clock)
    admit = AdmitCall(buckets=buckets, limit=LIMIT, clock=clock, max_shares=max_shares)
    return replace(api.application, tenancy=replace(api.application.tenancy, admit=admit))


@pytest.fixture
def clock(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of the only process; it stands still unless it is advanced."""
    clock = FakeClock()
    process = a_process(api, clock)
    monkeypatch.setattr(api_function, "_application", lambda: process)
    return clock


def statuses(api: ApiClient, *, calls: int) -> list[int]:
    """How so many calls end, one after another."""
    return [api.get("/v1/topics").status for _ in range(calls)]


def test_a_key_that_calls_too_often_gets_429_and_when_to_come_back(
    api: ApiClient, clock: FakeClock
) -> None:
    """After a pause it may make the calls of two seconds at once, and then ten a second."""
    assert [200] * AT_ONCE == statuses(api, calls=AT_ONCE)

    refused = api.get("/v1/topics")

    assert (429, "1") == (refused.status, refused.headers["retry-after"])
    assert "rate_limited" == refused.json["code"]
    assert "this API key may make 10 calls a second" in refused.json["detail"]
    clock.advance(1)
    assert 200 == api.get("/v1/topics").status


def test_calls_that_were_refused_do_not_count(api: ApiClient, clock: FakeClock) -> None:
    """Whoever keeps asking waits no longer than who waits."""
    statuses(api, calls=AT_ONCE)
    assert [429] * 30 == statuses(api, calls=30)
    clock.advance(1)

    assert [200] * 10 == statuses(api, calls=10)


def test_another_key_is_not_slowed_down(api: ApiClient, clock: FakeClock) -> None:  # noqa: ARG001 - it stands still
    """Not even one of the same tenant."""
    statuses(api, calls=AT_ONCE + 1)

    assert 200 == api.with_scopes("events:write").get("/v1/topics").status


def test_calls_of_a_quiet_key_cost_no_write(api: ApiClient, clock: FakeClock) -> None:
    """Each process counts a small part by itself; only a busy key is counted in the table."""
    assert api.key is not None
    count = {"pk": keys.api_key_by_hash(api_key.digest(api.key)), "sk": keys.CALLS}
    for _ in range(20):
        assert 200 == api.get("/v1/topics").status
        clock.advance(1)
    assert api.cloud.config.table.get(count) is None

    statuses(api, calls=AT_ONCE)

    assert api.cloud.config.table.get(count) is not None


def test_all_processes_together_let_through_little_more_than_one(
    api: ApiClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share one count; only the small part of each comes on top."""
    passed = statuses(api, calls=AT_ONCE).count(200)
    other = a_process(api, clock)
    monkeypatch.setattr(api_function, "_application", lambda: other)

    passed += statuses(api, calls=AT_ONCE).count(200)

    assert LIMIT.bucket.burst + 2 * LIMIT.own.burst == passed


def test_a_process_forgets_keys_that_are_quiet(
    api: ApiClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys call, its memory stays small, and no key gets more calls by it."""
    process = a_process(api, clock, max_shares=3)
    monkeypatch.setattr(api_function, "_application", lambda: process)
    statuses(api, calls=AT_ONCE)
    for _ in range(4):
        api.with_scopes("events:write").get("/v1/topics")
        clock.advance(0.4)

    assert len(process.tenancy.admit.shares) <= 3 + 1
    assert api_key.digest(str(api.key)) in process.tenancy.admit.shares
