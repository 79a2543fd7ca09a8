"""Who lists the lake can see which loads are whole: manifests come last, and stay true."""

from contextlib import suppress

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.warehouse.sync import DestinationKind
from tests.builders import an_event
from tests.erased_files import erase_files
from tests.lake_manifests import manifests, problems, unnamed
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

CALLS_OF_A_RUN = 60


@pytest.mark.parametrize("kind", [DestinationKind.S3, DestinationKind.REDSHIFT])
def test_a_load_has_a_manifest_of_all_its_files_whatever_it_loads_into(
    world: World, kind: DestinationKind
) -> None:
    """Every sync writes the lake."""
    world.syncs.add(a_sync(kind=kind))
    world.archive(an_event(id="a"), an_event(id="b", topic="metric.a"))
    (load,) = world.planner().sync_one("acme", "syn_1")

    (made,) = manifests(world)
    assert (load.load_id, load.versions) == (made["load_id"], made["versions"])
    rows = {file["table"]: (file["rows"], file["day"]) for file in made["files"]}
    assert {"events": (2, "2026-11-20"), "messages": (1, "2026-11-20")} == rows
    assert ([], set()) == (problems(world), unnamed(world))


def test_a_kill_leaves_no_manifest_of_half_a_load(world: World) -> None:
    """And the load that goes on names what it has stored, once."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    for at in range(1, CALLS_OF_A_RUN, 2):
        world.archive(an_event(id=f"e{at}"))
        death = Death(at=at, after_effect=at % 4 == 1)
        with suppress(Killed):
            world.planner(death).sync_one("acme", "syn_1")
        world.death = None
        world.pass_time(minutes=17)
        assert [] == problems(world)

        world.planner().sync_one("acme", "syn_1")
        assert ([], set()) == (problems(world), unnamed(world))
        if not death.dead:
            return
    pytest.fail("a run makes more calls than this test kills")


def test_an_erasure_keeps_manifests_true(world: World) -> None:
    """A reader that finds fewer rows than a manifest says would take the load for broken."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(
        an_event(id="a", profile=ProfileRef(id="ada")),
        an_event(id="b", profile=ProfileRef(id="bob")),
    )
    world.planner().sync_one("acme", "syn_1")
    before = manifests(world)

    erase_files(world, "ada")

    (made,) = manifests(world)
    assert before != [made]
    assert {1} == {file["rows"] for file in made["files"]}
    assert ([], set()) == (problems(world), unnamed(world))
