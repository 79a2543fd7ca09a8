"""Deleted functions: stored with their purge, restored without it, removed part by part."""

from dataclasses import replace

import pytest

from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.errors import Conflict
from runtime.stores.functions.deletions import PARTS, Deletions
from runtime.stores.functions.functions import Functions
from runtime.stores.functions.items import function_item
from runtime.usecases.functions.purge_functions import PurgeFunctions
from tests.builders import NOW, TENANT, a_function, a_version, as_of_before
from tests.cloud import Cloud
from tests.doubles import FakeClock

PURGED_AT = "2026-11-27T13:04:05.123Z"
FAR = "2999-01-01T00:00:00.000Z"


def stored(cloud: Cloud, *, versions: int, **changes: str) -> Function:
    """A function with so many versions."""
    functions, function = Functions(config=cloud.config), a_function(latest_version=0, **changes)
    functions.add(function)
    for number in range(1, versions + 1):
        version = a_version(
            tenant=function.tenant,
            function=function.name,
            version=number,
            source_sha256=f"{number:064x}",
        )
        function = functions.add_version(function, version)
    return function


def deleted(cloud: Cloud, function: Function, *, at: str = NOW) -> Function:
    """The function, deleted then."""
    after = life.deleted(function, now=at)
    Deletions(config=cloud.config).delete(function, after)
    return after


def test_a_purge_is_due_from_its_very_moment_on(cloud: Cloud) -> None:
    """And the earliest is the first to go."""
    deletions = Deletions(config=cloud.config)
    later = stored(cloud, versions=0, name="later", tenant="rival")
    deleted(cloud, stored(cloud, versions=0, name="sooner"))
    deleted(cloud, later, at="2026-11-21T00:00:00.000Z")

    assert [] == list(deletions.due(now="2026-11-27T13:04:05.122Z", limit=10))
    [purge] = deletions.due(now=PURGED_AT, limit=10)
    assert (TENANT, "sooner", NOW, PURGED_AT) == (
        purge.tenant,
        purge.function,
        purge.deleted_at,
        purge.at,
    )
    assert ["sooner", "later"] == [each.function for each in deletions.due(now=FAR, limit=10)]
    assert ["sooner"] == [each.function for each in deletions.due(now=FAR, limit=1)]


def test_a_restored_function_has_no_purge(cloud: Cloud) -> None:
    """In one transaction: no kill leaves a purge of a function that its owner has back."""
    function = stored(cloud, versions=2)
    gone = deleted(cloud, function)
    deletions = Deletions(config=cloud.config)

    deletions.restore(gone, life.restored(gone))

    assert [] == list(deletions.due(now=FAR, limit=10))
    assert function == Functions(config=cloud.config).get(TENANT, function.name)


def test_whoever_has_an_old_copy_neither_deletes_restores_nor_removes(cloud: Cloud) -> None:
    """And nothing of it is half done."""
    function = stored(cloud, versions=1)
    gone = deleted(cloud, function)
    deletions, purge = Deletions(config=cloud.config), life.purge(gone)
    assert purge is not None
    other = replace(gone, enabled=False)

    with pytest.raises(Conflict):
        deletions.delete(function, life.deleted(function, now="2026-11-22T00:00:00.000Z"))
    with pytest.raises(Conflict):
        deletions.restore(other, life.restored(other))
    with pytest.raises(Conflict):
        deletions.remove_parts(other)
    with pytest.raises(Conflict):
        deletions.remove(other, purge)

    functions = Functions(config=cloud.config)
    assert gone == functions.get(TENANT, function.name)
    assert 1 == functions.get_version(TENANT, function.name, version=1).version
    assert [purge] == list(deletions.due(now=FAR, limit=10))


def test_parts_go_some_at_a_time_and_a_namesakes_stay(cloud: Cloud) -> None:
    """`vip` and `vip-orders` begin alike, and the same name is another tenant's too."""
    mine, longer = stored(cloud, versions=2, name="vip"), stored(cloud, versions=1, name="vip-2")
    theirs = stored(cloud, versions=1, name="vip", tenant="rival")
    gone = deleted(cloud, mine)
    deletions, purge = Deletions(config=cloud.config), life.purge(gone)
    assert purge is not None
    marked = replace(gone, purging=True)
    functions = Functions(config=cloud.config)
    functions.replace(gone, marked)

    # Versions, marks of their sources, and then nothing.
    assert [True, True, False] == [deletions.remove_parts(marked) for _ in range(3)]
    deletions.remove(marked, purge)

    assert functions.find(TENANT, "vip") is None
    assert [] == list(deletions.due(now=FAR, limit=10))
    for other in (longer, theirs):
        assert other == functions.get(other.tenant, other.name)
        assert 1 == functions.get_version(other.tenant, other.name, version=1).version


def test_a_step_stays_within_what_a_transaction_may_hold() -> None:
    """A hundred writes and 4 MB; a version has 64 KB, and its item some hundred bytes more."""
    assert PARTS < 100
    assert PARTS * 66 * 1024 < 4 * 1024 * 1024


def test_a_function_of_before_can_be_changed_pushed_to_and_deleted(cloud: Cloud) -> None:
    """Its digest is of another form of its item; it must not look as if somebody had changed it."""
    functions = Functions(config=cloud.config)
    for name in ("changed", "pushed", "deleted"):
        item = as_of_before(a_function(name=name, latest_version=0), topics=["metric.x"])
        cloud.config.add(TENANT, item, what="function")

    old = functions.get(TENANT, "changed")
    functions.replace(old, replace(old, enabled=False))
    with pytest.raises(Conflict):
        functions.replace(old, replace(old, enabled=True))
    counted = functions.add_version(functions.get(TENANT, "pushed"), a_version(function="pushed"))
    gone = deleted(cloud, functions.get(TENANT, "deleted"))

    assert not functions.get(TENANT, "changed").enabled
    assert counted == functions.get(TENANT, "pushed")
    assert gone == functions.get(TENANT, "deleted")


def test_a_purge_that_an_earlier_release_began_is_ended(cloud: Cloud) -> None:
    """The item that it marked lacks a field of today; else nobody got the name any more."""
    functions = Functions(config=cloud.config)
    gone = deleted(cloud, stored(cloud, versions=1))
    item = function_item(replace(gone, purging=True))
    del item["removed_secrets"]
    assert cloud.config.replace(TENANT, function_item(gone), item)
    clock = FakeClock(PURGED_AT)

    count = PurgeFunctions(
        functions=functions, deletions=Deletions(config=cloud.config), clock=clock
    )()

    assert (1, None) == (count, functions.find(TENANT, gone.name))
