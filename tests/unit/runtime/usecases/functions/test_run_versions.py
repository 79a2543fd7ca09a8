"""Which version runs on an event, and what its record says of it."""

import hashlib
from dataclasses import replace

import pytest

from runtime.core.functions import canary
from runtime.core.functions.function import Secret
from runtime.core.functions.run import Outcome
from runtime.core.profiles import profile
from tests.builders import a_canary, a_version
from tests.cloud import Cloud
from tests.runs import Platform, a_planned_run


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """The use case on real stores."""
    return Platform(cloud)


def test_a_record_names_what_the_code_saw(platform: Platform) -> None:
    """Version, source, environment and the versions of secrets; never a value."""
    platform.publish(
        environment_version=4,
        secrets={"TOKEN": Secret(version=3, sealed="sealed"), "LATER": Secret()},
    )

    platform.run(a_planned_run(person="c-1"))

    record = platform.record(a_planned_run())
    assert (1, hashlib.sha256(b"").hexdigest(), 4) == (
        record.version,
        record.source_sha256,
        record.environment_version,
    )
    assert {"TOKEN": 3} == record.secret_versions
    assert profile.id_of(a_planned_run(person="c-1").event) == record.profile_id


def test_a_canary_takes_its_share_and_a_pinned_run_neither(platform: Platform) -> None:
    """The event's id decides, and a record says of which canary it was."""
    live = platform.publish()
    two = platform.functions.add_version(live, a_version(version=2))
    trial = a_canary(version=2, percent=50)
    platform.functions.replace(two, replace(two, canary=trial))
    runs = [a_planned_run(number) for number in range(1, 31)]
    pinned = a_planned_run(31, version=1)

    assert {None} == set(platform.run(*runs, pinned))

    records = [platform.record(each) for each in runs]
    expected = [2 if canary.takes(trial, each.event_id) else 1 for each in records]
    assert expected == [each.version for each in records]
    assert {1, 2} == set(expected)
    assert {1: None, 2: trial.id} == {each.version: each.canary_id for each in records}
    assert (1, None) == (platform.record(pinned).version, platform.record(pinned).canary_id)


def test_a_pinned_version_that_was_deleted_refuses_its_run(platform: Platform) -> None:
    """Only the run that asked for it; the platform is not at fault."""
    platform.publish()

    assert [None] == platform.run(a_planned_run(version=9))

    record = platform.record(a_planned_run())
    assert (Outcome.REFUSED, "NoVersion") == (record.outcome, (record.error or {})["type"])
