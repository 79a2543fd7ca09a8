"""Data keys that are wrapped anew: every secret opens before, meanwhile and after."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from runtime.core.functions.function import Secret
from runtime.core.operations.rotation import Rotation
from runtime.core.warehouse.sync import DestinationKind
from runtime.core.webhooks.webhook import Sealed, SealedSecret
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.functions.functions import Functions
from runtime.stores.operations.rotations import Rotations
from runtime.stores.secrets import Secrets
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.operations.rotate_keys import RotateKeys
from tests.builders import NOW, a_function, a_sync, a_webhook
from tests.cloud import Cloud, in_process
from tests.doubles import FakeClock

TENANTS = ("acme", "globex", "initech")
PLAIN = {"signing": "whsec_a", "header": "Bearer b", "function": "token", "sync": "password"}


class World:
    """An installation of three tenants, each with a secret of every kind."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.webhooks = Webhooks(config=cloud.config)
        self.functions = Functions(config=cloud.config)
        self.syncs = Syncs(config=cloud.config)
        self.tenants = Tenants(config=cloud.config)
        for tenant in TENANTS:
            self._furnish(tenant)

    def _furnish(self, tenant: str) -> None:
        sealed = {name: self.secrets().seal(tenant, text) for name, text in PLAIN.items()}
        self.tenants.ensure(tenant, created_at=NOW)
        self.webhooks.add(
            a_webhook(
                tenant=tenant,
                secrets=(SealedSecret(ciphertext=sealed["signing"], created_at=NOW),),
                headers=Sealed(ciphertext=sealed["header"], shown=("authorization",)),
            )
        )
        kept = {"T": Secret(version=1, sealed=sealed["function"], set_at=NOW), "U": Secret()}
        self.functions.add(a_function(tenant=tenant, secrets=kept))
        kind = DestinationKind.POSTGRESQL
        self.syncs.add(a_sync(tenant=tenant, kind=kind, sealed={"password": sealed["sync"]}))

    def secrets(self) -> Secrets:
        """What seals and opens, in a process that has no data key yet."""
        return replace(self.cloud.secrets, _sealing={}, _wrapped_anew={})

    def sealed(self, tenant: str) -> dict[str, str]:
        """The stored secrets of a tenant, by the names of `PLAIN`."""
        webhook = self.webhooks.get(tenant, "whk_1")
        (function,) = self.functions.list(tenant).items
        (sync,) = self.syncs.list(tenant).items
        assert webhook.headers is not None
        return {
            "signing": webhook.secrets[0].ciphertext,
            "header": webhook.headers.ciphertext,
            "function": function.secrets["T"].sealed or "",
            "sync": sync.sealed["password"],
        }

    def opened(self, tenant: str) -> Mapping[str, str]:
        """The same in the clear."""
        return {n: self.secrets().open(tenant, text) for n, text in self.sealed(tenant).items()}

    def wraps(self, tenant: str) -> set[str]:
        """The tenant's data keys as they are wrapped."""
        return {text.split(".")[1] for text in self.sealed(tenant).values()}

    def rotate(self, **changes: Any) -> RotateKeys:
        """What rotates, in a process of its own."""
        parts: dict[str, Any] = {
            "records": Rotations(table=self.cloud.config.table),
            "tenants": self.tenants,
            "things": (self.webhooks, self.functions, self.syncs),
            "rewrap": self.secrets().rewrap,
            "clock": FakeClock(),
            "races": Races(pause=lambda _s: None),
            "page": 2,
        }
        return RotateKeys(**parts | changes)


@pytest.fixture
def world() -> Iterator[World]:
    """An account of its own."""
    with in_process() as cloud:
        yield World(cloud)


def test_every_data_key_is_wrapped_anew_and_every_secret_opens(world: World) -> None:
    """A rotation that lost one secret would stop somebody's deliveries for good."""
    before = {tenant: world.wraps(tenant) for tenant in TENANTS}

    *_, last = world.rotate()()

    assert (3, 9, 0, NOW) == (last.tenants, last.changed, last.left, last.finished_at)
    for tenant in TENANTS:
        assert PLAIN == world.opened(tenant)
        assert before[tenant].isdisjoint(world.wraps(tenant))
        assert len(before[tenant]) == len(world.wraps(tenant))


def test_who_is_killed_leaves_the_rest_to_the_next_call(world: World) -> None:
    """And the tenants that are done are not done again."""
    rewrap, calls = world.secrets().rewrap, count(1)

    def dying(tenant: str, sealed: str) -> str:
        if next(calls) == 6:  # in the midst of the second tenant
            raise Transient("KMS does not answer", code="aws_unavailable")
        return rewrap(tenant, sealed)

    with pytest.raises(Transient, match="KMS"):
        list(world.rotate(rewrap=dying)())
    assert [PLAIN] * 3 == [world.opened(tenant) for tenant in TENANTS]
    done = world.wraps("acme")

    steps = list(world.rotate()())

    assert [2, 3, 3] == [each.tenants for each in steps]
    assert done == world.wraps("acme")
    assert [PLAIN] * 3 == [world.opened(tenant) for tenant in TENANTS]


def test_a_change_that_comes_in_between_stays(world: World) -> None:
    """Somebody who sets a secret during a rotation must not find the old one again."""
    rewrap, is_first = world.secrets().rewrap, iter([True])

    def racing(tenant: str, sealed: str) -> str:
        if next(is_first, False):
            old = world.webhooks.get("acme", "whk_1")
            world.webhooks.replace(old, replace(old, name="renamed"))
        return rewrap(tenant, sealed)

    list(world.rotate(rewrap=racing)())

    assert "renamed" == world.webhooks.get("acme", "whk_1").name
    assert PLAIN == world.opened("acme")


def test_a_secret_that_does_not_open_keeps_no_other_from_it(world: World) -> None:
    """It is counted, and stays as it is."""
    old = world.webhooks.get("acme", "whk_1")
    foreign = SealedSecret(ciphertext=world.sealed("globex")["signing"], created_at=NOW)
    world.webhooks.replace(old, replace(old, secrets=(foreign,)))

    *_, last = world.rotate()()

    assert (8, 1) == (last.changed, last.left)
    assert PLAIN == world.opened("globex")


def test_two_admins_do_not_rotate_at_once(world: World) -> None:
    """The second is told so; the first goes on."""
    first = world.rotate()()
    next(first)
    other = Rotations(table=world.cloud.config.table)
    stored = other.find()
    assert isinstance(stored, Rotation)
    other.replace(stored, stored)

    with pytest.raises(Transient) as refusal:
        next(first)

    assert "rotation_busy" == refusal.value.code


def test_a_rotation_that_is_done_begins_another(world: World) -> None:
    """A year later, when KMS has new material."""
    list(world.rotate()())
    before = world.wraps("acme")

    *_, last = world.rotate()()

    assert (3, 9) == (last.tenants, last.changed)
    assert before.isdisjoint(world.wraps("acme"))
