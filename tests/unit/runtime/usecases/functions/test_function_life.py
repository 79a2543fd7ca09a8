"""What says what shall be is done, whoever changes the function at the same moment."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from runtime.core.functions import life
from runtime.core.functions.function import Function, Secret
from runtime.errors import Conflict
from runtime.races import MAX_RACES, Races
from runtime.stores.functions.deletions import Deletions
from runtime.stores.functions.functions import Functions
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.functions.delete_function import DeleteFunction, RestoreFunction
from runtime.usecases.functions.set_secret import SetSecret, UnsetSecret
from runtime.usecases.functions.switch_function import SwitchFunction
from tests.builders import NOW, TENANT, a_function
from tests.cloud import Cloud
from tests.doubles import FakeClock

NAME = "vip-orders"
Verb = Callable[["Crowd"], object]
RACES = Races(dice=lambda: 0.0, pause=lambda _seconds: None)


@dataclass(kw_only=True)
class Crowd:
    """The store of a function that others change each time that somebody has read it."""

    store: Functions
    others: int  # how many changes of others are still to come
    changes: list[int] = field(default_factory=list)  # the emits that they allow, in order

    def get(self, tenant: str, name: str) -> Function:
        """The store's; then somebody else changes the function."""
        function = self.store.get(tenant, name)
        if self.others:
            self.others -= 1
            self.changes.append(self.others)
            limits = replace(function.limits, emits=self.others)
            self.store.replace(function, replace(function, limits=limits))
        return function

    def replace(self, old: Function, new: Function) -> None:
        """The store's."""
        self.store.replace(old, new)

    @property
    def deletions(self) -> Deletions:
        """The deletions of the same store."""
        return Deletions(config=self.store.config)


def switch(crowd: Crowd) -> object:
    """Disable it."""
    return SwitchFunction(functions=crowd, clock=FakeClock(), races=RACES)(
        TENANT, NAME, enabled=False
    )


def delete(crowd: Crowd) -> object:
    """Delete it."""
    delete_function = DeleteFunction(
        functions=crowd,
        deletions=crowd.deletions,
        webhooks=Webhooks(config=crowd.store.config),
        clock=FakeClock(),
        races=RACES,
    )
    return delete_function(TENANT, NAME)


def restore(crowd: Crowd) -> object:
    """Restore it."""
    return RestoreFunction(functions=crowd, deletions=crowd.deletions, races=RACES)(TENANT, NAME)


def set_secret(crowd: Crowd) -> object:
    """Give it another value of its secret."""
    seal = SetSecret(
        functions=crowd, seal=lambda _tenant, text: text, clock=FakeClock(), races=RACES
    )
    seal(TENANT, NAME, name="TOKEN", value="new")
    return None


def unset_secret(crowd: Crowd) -> object:
    """Take the value of its secret away."""
    UnsetSecret(functions=crowd, races=RACES)(TENANT, NAME, name="TOKEN")
    return None


VERBS: list[tuple[Verb, dict[str, Any]]] = [
    (switch, {"enabled": False}),
    (delete, {"deleted_at": NOW}),
    (restore, {"deleted_at": None}),
    (set_secret, {"secrets": {"TOKEN": Secret(version=2, sealed="new", set_at=NOW)}}),
    (unset_secret, {"secrets": {"TOKEN": Secret(version=1)}}),
]


def a_crowd(cloud: Cloud, *, others: int, deleted: bool) -> Crowd:
    """A function with a secret, and others who change it."""
    store = Functions(config=cloud.config)
    function = a_function(secrets={"TOKEN": Secret(version=1, sealed="old", set_at=NOW)})
    store.add(function)
    crowd = Crowd(store=store, others=others)
    if deleted:
        crowd.deletions.delete(function, life.deleted(function, now=NOW))
    return crowd


@pytest.mark.parametrize(("verb", "after"), VERBS)
def test_what_shall_be_is_done_beside_what_others_do(
    cloud: Cloud, verb: Verb, after: dict[str, Any]
) -> None:
    """Whoever switches a function off in an emergency is not told to try again."""
    crowd = a_crowd(cloud, others=3, deleted=verb is restore)

    verb(crowd)

    stored = crowd.store.get(TENANT, NAME)
    assert after == {name: getattr(stored, name) for name in after}
    assert [2, 1, 0] == crowd.changes
    assert 0 == stored.limits.emits, "the changes of the others are in force too"


@pytest.mark.parametrize(("verb", "after"), VERBS)
def test_whoever_is_overtaken_again_and_again_is_told(
    cloud: Cloud, verb: Verb, after: dict[str, Any]
) -> None:
    """And nothing is done by halves."""
    crowd = a_crowd(cloud, others=MAX_RACES, deleted=verb is restore)

    with pytest.raises(Conflict, match="keeps changing") as refusal:
        verb(crowd)

    assert "function_changed" == refusal.value.code
    stored = crowd.store.get(TENANT, NAME)
    assert after != {name: getattr(stored, name) for name in after}
