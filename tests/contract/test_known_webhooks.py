"""What a worker that sends knows of webhooks: the few that it needs, and every change to them."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.tables.config import FRESH_S, Config
from runtime.stores.webhooks import known_webhooks
from runtime.stores.webhooks.known_webhooks import KnownWebhooks
from runtime.stores.webhooks.webhooks import Webhooks
from tests.builders import NOW, TENANT, a_webhook
from tests.cloud import Cloud
from tests.doubles import FakeClock


class Counting:
    """The tables, with a note of each read."""

    def __init__(self, client: DynamoDB) -> None:
        self._client = client
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **request: Any) -> Any:
        """One item, noted by its sort key."""
        self.read.append(request["Key"]["sk"]["S"])
        return self._client.get_item(**request)


def warm(cloud: Cloud, clock: FakeClock) -> tuple[KnownWebhooks, list[str]]:
    """A worker, and what it reads."""
    table = cloud.config.table
    client: Any = Counting(table.client)
    config = Config(table=replace(table, client=client))
    return KnownWebhooks(config=config, clock=clock), client.read


def test_every_change_reaches_a_warm_worker(cloud: Cloud) -> None:
    """Made, switched off, switched on, deleted."""
    clock, webhooks = FakeClock(), Webhooks(config=cloud.config)
    known, _ = warm(cloud, clock)
    seen: list[bool | None] = []

    def look() -> None:
        clock.advance(FRESH_S)
        found = known.find(TENANT, "whk_1")
        seen.append(None if found is None else found.enabled)

    look()
    webhooks.add(a_webhook())
    look()
    webhooks.disable(TENANT, "whk_1", reason="gone", at=NOW)
    look()
    off = webhooks.get(TENANT, "whk_1")
    webhooks.replace(off, replace(off, enabled=True, disabled_reason=None))
    look()
    webhooks.delete(TENANT, "whk_1")
    look()

    assert seen == [None, True, False, True, None]


def test_a_busy_worker_reads_a_counter_every_two_seconds_and_nothing_else(cloud: Cloud) -> None:
    """Each read is a price, and of thousands of a tenant's webhooks it needs a few."""
    clock, webhooks = FakeClock(), Webhooks(config=cloud.config)
    for number in range(5):
        webhooks.add(a_webhook(id=f"whk_{number}"))
    known, read = warm(cloud, clock)

    for _ in range(10):
        assert known.find(TENANT, "whk_1") == a_webhook(id="whk_1")
    clock.advance(FRESH_S)
    for _ in range(10):
        known.find(TENANT, "whk_1")

    assert read == ["subscriptions", "webhook#whk_1", "subscriptions"]


def test_one_tenants_webhook_is_not_anothers(cloud: Cloud) -> None:
    """Whoever was asked about first."""
    Webhooks(config=cloud.config).add(a_webhook())
    known, _ = warm(cloud, FakeClock())

    assert known.find(TENANT, "whk_1") is not None
    assert known.find("rival", "whk_1") is None


def test_a_clock_that_was_set_back_makes_nothing_fresh(cloud: Cloud) -> None:
    """Else a change would wait until the clock has caught up."""
    clock, webhooks = FakeClock(), Webhooks(config=cloud.config)
    known, _ = warm(cloud, clock)
    assert known.find(TENANT, "whk_1") is None
    webhooks.add(a_webhook())
    clock.advance(-3600)

    assert known.find(TENANT, "whk_1") is not None


def test_a_worker_of_many_tenants_forgets_who_was_asked_for_least(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory is what it is; what it has forgotten it reads again."""
    monkeypatch.setattr(known_webhooks, "MAX_WEBHOOKS", 2)
    webhooks = Webhooks(config=cloud.config)
    for number in range(3):
        webhooks.add(a_webhook(id=f"whk_{number}"))
    known, read = warm(cloud, FakeClock())

    for number in (0, 1, 0, 2, 0, 1):
        assert known.find(TENANT, f"whk_{number}") == a_webhook(id=f"whk_{number}")

    assert read == ["subscriptions", *(f"webhook#whk_{number}" for number in (0, 1, 2, 1))]
