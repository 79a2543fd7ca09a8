"""What tenants set up: webhooks, functions, keys, syncs, and the matchers that read them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runtime.core.functions import releases
from runtime.core.functions.function import (
    Canary,
    Engine,
    Function,
    FunctionVersion,
    Limits,
    RetryOn,
    RetryPolicy,
    Secret,
)
from runtime.core.webhooks.webhook import Sealed, SealedSecret, Webhook
from runtime.errors import Conflict, NotFound, Transient
from runtime.stores.functions.functions import Functions
from runtime.stores.matching.subscriptions import Subscriptions
from runtime.stores.tables import keys
from runtime.stores.tables.config import FRESH_S
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from tests.builders import (
    NOW,
    TENANT,
    a_function,
    a_sync,
    a_trigger,
    a_version,
    a_webhook,
    an_event,
)
from tests.cloud import Cloud
from tests.doubles import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


class TestWebhooksContract:
    """Webhooks by tenant and id."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """Every field, in its type: a tuple lost to a list breaks a comparison far away."""
        webhook = a_webhook(
            filter={"detail": {"properties": {"value": [{"numeric": [">", 1e300]}]}}},
            transform="shape",
            retry_schedule_s=(1, 2),
            disabled_reason="gone",
            secrets=(SealedSecret(ciphertext="x" * 3000, created_at=NOW, expires_at=NOW),),
            headers=Sealed(ciphertext="h", shown=("X-A", "X-B")),
            auth=Sealed(ciphertext="a" * 2000, shown=("oauth2",)),
            client_certificate=Sealed(ciphertext="c", shown=(NOW,)),
        )
        Webhooks(config=cloud.config).add(webhook)

        assert webhook == Webhooks(config=cloud.config).get(TENANT, webhook.id)

    def test_a_name_is_taken_once(self, cloud: Cloud) -> None:
        """A repeated POST must not overwrite."""
        Webhooks(config=cloud.config).add(a_webhook())

        with pytest.raises(Conflict) as refusal:
            Webhooks(config=cloud.config).add(a_webhook(name="other"))

        assert "webhook_exists" == refusal.value.code

    def test_another_tenants_webhook_is_not_there(self, cloud: Cloud) -> None:
        """What exists elsewhere must look like what exists nowhere."""
        Webhooks(config=cloud.config).add(a_webhook())

        with pytest.raises(NotFound) as refusal:
            Webhooks(config=cloud.config).get("rival", "whk_1")

        assert "webhook_not_found" == refusal.value.code
        assert Webhooks(config=cloud.config).find("rival", "whk_1") is None

    def test_of_two_writers_one_is_told_to_read_again(self, cloud: Cloud) -> None:
        """The second would undo what it has never seen."""
        webhooks, first = Webhooks(config=cloud.config), a_webhook()
        webhooks.add(first)
        webhooks.replace(first, replace(first, name="renamed"))

        with pytest.raises(Conflict) as refusal:
            webhooks.replace(first, replace(first, timeout_s=5))

        assert "webhook_changed" == refusal.value.code
        assert "renamed" == webhooks.get(TENANT, first.id).name

    def test_disabling_is_done_once_and_forgiving(self, cloud: Cloud) -> None:
        """Ten deliveries may meet a 410 at the same time."""
        webhooks = Webhooks(config=cloud.config)
        webhooks.add(a_webhook())
        for _ in range(2):
            webhooks.disable(TENANT, "whk_1", reason="gone", at=NOW)
        webhooks.disable(TENANT, "whk_none", reason="gone", at=NOW)

        disabled = webhooks.get(TENANT, "whk_1")

        assert (False, "gone") == (disabled.enabled, disabled.disabled_reason)

    def test_a_deleted_webhook_is_gone(self, cloud: Cloud) -> None:
        """And deleting it again says so."""
        webhooks = Webhooks(config=cloud.config)
        webhooks.add(a_webhook())
        webhooks.delete(TENANT, "whk_1")

        assert webhooks.find(TENANT, "whk_1") is None
        with pytest.raises(NotFound):
            webhooks.delete(TENANT, "whk_1")

    def test_pages_show_each_webhook_once(self, cloud: Cloud) -> None:
        """A page may end anywhere; the last one says so."""
        webhooks = Webhooks(config=cloud.config)
        for number in range(5):
            webhooks.add(a_webhook(id=f"whk_{number}"))
        webhooks.add(a_webhook(id="whk_9", tenant="rival"))

        first = webhooks.list(TENANT, limit=3)
        second = webhooks.list(TENANT, after=first.after, limit=3)

        seen = [webhook.id for webhook in (*first.items, *second.items)]
        assert [f"whk_{number}" for number in range(5)] == seen
        assert (True, None) == (first.after is not None, second.after)


class TestFunctionsContract:
    """Functions and their versions."""

    def test_what_is_stored_comes_back(self, cloud: Cloud) -> None:
        """Every field, in its type."""
        function = a_function(
            http_hosts=("*",),
            environment={"SHOP": "music"},
            environment_version=7,
            secrets={"TOKEN": Secret(), "KEY": Secret(version=2, sealed="sealed", set_at=NOW)},
            removed_secrets=4,
            limits=Limits(wall_s=1.5),
            retry=RetryPolicy(on=RetryOn.ON_ERROR, attempts=3, delays_s=(1, 60)),
            triggers=(a_trigger("metric.*", filter={"id": ["a"]}), a_trigger("list.member_added")),
            live_before=(1, 2),
            canary=Canary(
                id="can_1",
                version=3,
                percent=12.5,
                margin_points=5,
                min_runs=100,
                started_at=NOW,
            ),
            enabled=False,
            switched_at=NOW,
            deleted_at=NOW,
            purged_at=NOW,
            purging=True,
            engine=Engine.WASM,
        )
        Functions(config=cloud.config).add(function)

        assert function == Functions(config=cloud.config).get(TENANT, function.name)

    def test_versions_count_up_and_never_change(self, cloud: Cloud) -> None:
        """Two pushes at once must not both become version 2."""
        functions, function = Functions(config=cloud.config), a_function(latest_version=0)
        functions.add(function)
        counted = functions.add_version(function, a_version(version=1, engine=Engine.WASM))

        with pytest.raises(Conflict) as refusal:
            functions.add_version(function, a_version(version=1, source="other"))

        assert "function_changed" == refusal.value.code
        assert 1 == counted.latest_version
        stored = functions.get_version(TENANT, "vip-orders", version=1)
        assert a_version(engine=Engine.WASM) == stored

    def test_a_source_whose_version_is_being_deleted_is_no_versions(self, cloud: Cloud) -> None:
        """A push that read the mark before would else answer with a version that cannot run."""
        functions = Functions(config=cloud.config)
        function = a_function(latest_version=0, live_version=None)
        functions.add(function)
        version = a_version(version=1)
        function = functions.add_version(function, version)

        def find() -> FunctionVersion | None:
            return functions.find_source(
                TENANT, function.name, engine=version.engine, sha256=version.source_sha256
            )

        assert find() == version
        key = {
            "pk": keys.tenant(TENANT),
            "sk": keys.source(function.name, version.engine, version.source_sha256),
        }
        mark = cloud.config.table.get(key)

        functions.delete_version(function, releases.deleted(function, 1, at=NOW), version=version)
        assert cloud.config.table.get(key) is None
        cloud.config.table.transact(cloud.config.table.put(mark or {}, "attribute_not_exists(pk)"))

        assert find() is None

    def test_a_function_whose_name_starts_alike_has_its_own_versions(self, cloud: Cloud) -> None:
        """A key must end at the name's end."""
        functions = Functions(config=cloud.config)
        for name in ("vip", "vip-orders"):
            function = a_function(name=name, latest_version=0)
            functions.add(function)
            functions.add_version(function, a_version(function=name))

        stored = functions.get_version(TENANT, "vip", version=1)
        assert "vip" == stored.function
        assert ["vip", "vip-orders"] == [f.name for f in functions.list(TENANT).items]

    def test_a_published_version_is_live(self, cloud: Cloud) -> None:
        """Publishing replaces the record that every run reads."""
        functions, function = Functions(config=cloud.config), a_function(live_version=None)
        functions.add(function)
        functions.replace(function, replace(function, live_version=1))

        live: Function | None = functions.find(TENANT, function.name)

        assert live is not None
        assert 1 == live.live_version


class TestTenantsContract:
    """Which tenants there are."""

    def test_tenants_are_listed_once(self, cloud: Cloud) -> None:
        """The planner of syncs goes through this list."""
        tenants = Tenants(config=cloud.config)
        tenants.add(TENANT, created_at=NOW)
        tenants.ensure(TENANT, created_at=NOW)
        tenants.ensure("rival", created_at=NOW)

        with pytest.raises(Conflict):
            tenants.add(TENANT, created_at=NOW)

        assert (TENANT, "rival") == tenants.list().items


class TestSyncsContract:
    """Syncs by tenant and id."""

    def test_the_planner_sees_every_enabled_sync(self, cloud: Cloud) -> None:
        """Of all tenants, and not what was switched off."""
        syncs, tenants = Syncs(config=cloud.config), Tenants(config=cloud.config)
        for tenant in (TENANT, "rival"):
            tenants.add(tenant, created_at=NOW)
            syncs.add(a_sync(tenant=tenant))
        syncs.add(a_sync(id="syn_2", enabled=False))

        assert [(TENANT, "syn_1"), ("rival", "syn_1")] == [
            (sync.tenant, sync.id) for sync in syncs.enabled()
        ]

    def test_a_sync_changes_and_goes(self, cloud: Cloud) -> None:
        """The whole life of a record."""
        syncs = Syncs(config=cloud.config)
        syncs.add(a_sync())
        assert syncs.replace(a_sync(), a_sync(name="renamed"))

        assert not syncs.replace(a_sync(), a_sync(name="lost"))
        assert a_sync(name="renamed") == syncs.get(TENANT, "syn_1")
        assert not syncs.delete(a_sync())  # it is not what it was
        assert syncs.delete(a_sync(name="renamed"))
        assert None is syncs.find(TENANT, "syn_1")
        assert () == syncs.list(TENANT).items


class TestSubscriptionsContract:
    """What matchers see."""

    def test_every_change_reaches_a_warm_matcher(self, cloud: Cloud) -> None:
        """Adding, changing and deleting each raise the counter, in their own transaction."""
        clock, webhooks = FakeClock(), Webhooks(config=cloud.config)
        subscriptions = Subscriptions(config=cloud.config, clock=clock)
        changes: list[Callable[[], None]] = [
            lambda: None,
            lambda: webhooks.add(a_webhook()),
            lambda: webhooks.disable(TENANT, "whk_1", reason="gone", at=NOW),
            lambda: webhooks.delete(TENANT, "whk_1"),
            lambda: Functions(config=cloud.config).add(a_function()),
        ]
        seen = []
        for change in changes:
            change()
            clock.advance(FRESH_S)
            matched = subscriptions.for_tenant(TENANT).match(an_event())
            enabled = [each.enabled for each in matched if isinstance(each, Webhook)]
            seen.append((enabled, len(matched) - len(enabled)))

        assert [([], 0), ([True], 0), ([False], 0), ([], 0), ([], 1)] == seen

    def test_within_two_seconds_nothing_is_read(self, cloud: Cloud) -> None:
        """A busy matcher reads the counter twice a second less than it matches."""
        subscriptions = Subscriptions(config=cloud.config, clock=FakeClock())
        before = subscriptions.for_tenant(TENANT)
        Webhooks(config=cloud.config).add(a_webhook())

        assert subscriptions.for_tenant(TENANT) is before

    def test_a_look_for_an_event_about_a_change_makes_nobody_overlook_the_next_change(
        self, cloud: Cloud
    ) -> None:
        """Who makes a function, then a webhook, then sends an event, has no two seconds to wait."""
        subscriptions = Subscriptions(config=cloud.config, clock=FakeClock())
        subscriptions.for_tenant(TENANT)
        Functions(config=cloud.config).add(a_function())
        assert 1 == len(subscriptions.after_change(TENANT).match(an_event()))
        Webhooks(config=cloud.config).add(a_webhook())

        assert 2 == len(subscriptions.for_tenant(TENANT).match(an_event()))

    def test_an_unmoved_counter_keeps_the_compiled_index(self, cloud: Cloud) -> None:
        """Compiling thousands of filters every two seconds would cost more than matching."""
        clock = FakeClock()
        subscriptions = Subscriptions(config=cloud.config, clock=clock)
        before = subscriptions.for_tenant(TENANT)
        clock.advance(FRESH_S)

        assert subscriptions.for_tenant(TENANT) is before

    def test_a_broken_stored_filter_makes_events_wait(self, cloud: Cloud) -> None:
        """It is no event's fault, and no event may be lost over it."""
        Webhooks(config=cloud.config).add(a_webhook(filter={"id": [{"unheard": 1}]}))

        with pytest.raises(Transient) as refusal:
            Subscriptions(config=cloud.config, clock=FakeClock()).for_tenant(TENANT)

        assert "stored_filter_broken" == refusal.value.code
