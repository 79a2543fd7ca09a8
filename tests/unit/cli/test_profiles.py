"""`penstock profiles show`: a person by the name that people know."""

import pytest

from runtime.core.profiles import profile as profiles
from tests.builders import a_profile
from tests.unit.cli.conftest import Command


def known(penstock: Command, identifiers: dict[str, str], *, deleted: bool = False) -> str:
    """Store a profile as events with these identifiers make it; returns its id."""
    tenant = penstock.api.tenant
    profile_id = profiles.id_by(tenant, identifiers)
    assert profile_id is not None
    empty = dict.fromkeys(profiles.IDENTIFIERS)
    profile = a_profile(
        id=profile_id, tenant=tenant, revision=1, deleted=deleted, **{**empty, **identifiers}
    )
    penstock.api.cloud.keep(profile)
    return profile_id


@pytest.mark.parametrize(
    ("name", "value"),
    [("external_id", "c/1?x"), ("email", "ada+shop@example.com"), ("phone", "+49301234")],
)
def test_a_profile_is_shown_by_a_name_of_the_person(
    penstock: Command, name: str, value: str
) -> None:
    """Nobody knows a profile's id by heart."""
    profile_id = known(penstock, {name: value})
    option = f"--{name.replace('_', '-')}"

    by_name = penstock("profiles", "show", option, value, "--json")
    by_id = penstock("profiles", "show", profile_id, "--json")

    assert (profile_id, value) == (by_name.json["id"], by_name.json[name])
    assert by_name.json == by_id.json


def test_a_profile_that_goes_by_a_stronger_name_is_found_by_that_only(penstock: Command) -> None:
    """The error says so: otherwise people would think that nothing is known of the person."""
    profile_id = known(penstock, {"external_id": "c-1", "email": "ada@example.com"})

    weaker = penstock("profiles", "show", "--email", "ada@example.com")
    stronger = penstock("profiles", "show", "--external-id", "c-1")

    assert (1, True) == (weaker.code, "found by that only" in weaker.err)
    assert (0, True) == (stronger.code, profile_id in stronger.out)


@pytest.mark.parametrize(
    "words", [(), ("prf_1", "--email", "a@b.c"), ("--email", "a", "--phone", "1")]
)
def test_one_name_is_asked_for(penstock: Command, words: tuple[str, ...]) -> None:
    """Two names may be two people."""
    assert 2 == penstock("profiles", "show", *words).code


def test_the_api_finds_nobody_by_several_names_or_elsewhere_or_deleted(penstock: Command) -> None:
    """An e-mail address must not tell who else's customer somebody is."""
    known(penstock, {"email": "ada@example.com"})
    known(penstock, {"email": "deleted@example.com"}, deleted=True)
    api = penstock.api

    refused = [
        api.get("/v1/profiles"),
        api.get("/v1/profiles", email="a", phone="1"),
        api.get("/v1/profiles", name="a"),
        api.get("/v1/profiles", email=""),
    ]

    assert [422] * 4 == [each.status for each in refused]
    assert {"not_one_identifier"} == {each.json["code"] for each in refused[:2]}
    assert 1 == len(api.get("/v1/profiles", email="ada@example.com").json["data"])
    assert [] == api.newcomer().get("/v1/profiles", email="ada@example.com").json["data"]
    assert [] == api.get("/v1/profiles", email="deleted@example.com").json["data"]
