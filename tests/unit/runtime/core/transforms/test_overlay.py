"""What a chain reads of a profile, and lays over it."""

from dataclasses import replace

from runtime.core.profiles.profile import Profile
from runtime.core.transforms import overlay
from runtime.core.transforms.chain import Chain
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Choice, Merge
from runtime.core.transforms.transform import Definition

PROFILE = Profile(id="prf_1", tenant="acme", revision=1, email="ada@example.com")
HASHED = Chain([Definition(name="h", sources=("email",), target="h", settings=Hash())])


def test_a_source_may_be_an_identifier() -> None:
    """Audiences of advertisers are made of hashed e-mail addresses."""
    values = {"h": "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"}
    assert overlay.of(PROFILE, HASHED).values == values
    named = replace(PROFILE, email=None, properties={"email": "ada@example.com"})
    assert overlay.of(named, HASHED).values == values
    assert overlay.of(replace(PROFILE, email=None), HASHED).values == {}


def test_a_property_that_is_called_like_an_identifier_goes_first() -> None:
    """It is what its producer meant by the name."""
    other = replace(PROFILE, properties={"email": "work@example.com"})
    assert overlay.of(other, HASHED).values != overlay.of(PROFILE, HASHED).values


def test_a_merge_by_time_reads_the_stamps_of_the_profile() -> None:
    """The value that was set last, whatever its name."""
    latest = Definition(
        name="l", sources=("a", "b"), target="c", settings=Merge(choice=Choice.LATEST)
    )
    profile = replace(
        PROFILE,
        properties={"a": 1, "b": 2},
        stamps={"properties.a": "2026-02|evt_2", "properties.b": "2026-01|evt_1"},
    )
    assert overlay.of(profile, Chain([latest])).values == {"c": 1}


def test_overlays_are_compared_as_json() -> None:
    """A backfill must not write each profile again, and must see that true is not 1."""
    assert overlay.are_same({"a": [1.0]}, {"a": [1]})
    assert not overlay.are_same({"a": 1}, {"a": True})
    assert not overlay.are_same({"a": 1}, {})
