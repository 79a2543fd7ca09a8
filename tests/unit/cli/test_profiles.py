"""`penstock profiles show`: a person by the name that people know."""

import json
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.profiles import profile as profiles
from runtime.core.timeline.entry import AttributeChange, EntryKind
from tests.builders import NOW, a_delivery, a_profile, a_run
from tests.timeline import an_entry
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


def test_a_person_is_found_by_every_name(penstock: Command) -> None:
    """Whoever calls has one of them at hand."""
    penstock("identity", "set", "--own-kind", "card")
    names = {"profile": {"external_id": "c-1", "email": "ada@example.com", "names": {"card": "7"}}}
    path = penstock.write("people.jsonl", json.dumps(names) + "\n")
    assert 0 == penstock("profiles", "bulk", path).code

    ids = {
        penstock("profiles", "show", *words, "--json").json["id"]
        for words in (
            ("--external-id", "c-1"), ("--email", "ADA@example.com"), ("--name", "card=7"),
        )
    }  # fmt: skip
    assert 1 == len(ids)
    assert [*ids] == [each["id"] for each in penstock("profiles", "list", "--json").json["data"]]
    assert 1 == penstock("profiles", "show", "--email", "bob@example.com").code


def test_a_profile_is_changed_in_every_way(penstock: Command) -> None:
    """A number is a number, and what is no JSON is a text."""
    mine = known(penstock, {"external_id": "c-1"})

    changed = penstock(
        *("profiles", "set", mine, "city=Turin", "n=1", "--append", "tags=vip"),
        *("--append", "tags=7", "--increment", "n2=2", "--subscribe", "email"),
        *("--unsubscribe", "sms", "--source", "hotline", "--add-name", "email=ada@example.com"),
        "--json",
    ).json

    shown = {"city": "Turin", "n": 1, "tags": ["vip", 7], "n2": 2}
    assert shown == {name: changed["properties"][name] for name in shown}
    assert ("unsubscribed", "hotline") == tuple(
        changed["consent"]["sms"][name] for name in ("status", "source")
    )
    assert "ada@example.com" == changed["email"]
    away = ("--unset", "city", "--remove", "tags=7", "--remove-name", "email=ada@example.com")
    less = penstock("profiles", "set", mine, *away, "--json").json
    assert (["vip"], None) == (less["properties"]["tags"], less["email"])
    assert "city" not in less["properties"]


def test_two_profiles_become_one_and_two_again(penstock: Command) -> None:
    """By hand."""
    one, other = (known(penstock, {"external_id": name}) for name in ("c-1", "c-2"))

    merged = penstock("profiles", "merge", one, other, "--json").json
    [gone] = merged["merged_ids"]

    assert {one, other} == {merged["id"], gone}
    assert gone == penstock("profiles", "unmerge", gone, "--json").json["id"]
    assert 1 == penstock("profiles", "unmerge", gone).code


def test_many_records_are_stored_but_those_that_fail(penstock: Command) -> None:
    """The command says which, and ends so that a script notices."""
    path = penstock.write(
        "people.jsonl",
        '{"profile": {"external_id": "c-1"}, "set": {"a": 1}}\n\n{"profile": {}}\n',
    )

    done = penstock("profiles", "bulk", path, "--json")

    assert 1 == done.code
    assert (1, 0, 1) == tuple(done.json[name] for name in ("created", "updated", "failed"))
    assert (2, "no_usable_name") == tuple(
        done.json["failures"][0][name] for name in ("record", "code")
    )
    for text in ("no json\n", "[1]\n"):
        assert 2 == penstock("profiles", "bulk", penstock.write("bad.jsonl", text)).code


@pytest.mark.parametrize("words", [(), ("city",), ("--append", "tags"), ("--increment", "n=x")])
def test_a_change_that_cannot_be_read_is_refused(penstock: Command, words: tuple[str, ...]) -> None:
    """Nothing is guessed."""
    assert 0 != penstock("profiles", "set", known(penstock, {"external_id": "c-1"}), *words).code


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
        api.get("/v1/profiles", email="a", phone="1"),
        api.get("/v1/profiles", name="a"),
        api.get("/v1/profiles", email=""),
    ]

    codes = ["not_one_name", "unknown_kind"]
    assert [422] * 3 == [each.status for each in refused]
    assert codes == [each.json["code"] for each in refused[:2]]
    assert 1 == len(api.get("/v1/profiles", email="ada@example.com").json["data"])
    assert [] == api.newcomer().get("/v1/profiles", email="ada@example.com").json["data"]
    assert [] == api.get("/v1/profiles", email="deleted@example.com").json["data"]


def test_a_profile_is_shown_with_its_timeline(penstock: Command) -> None:
    """In the words of people: what happened, and what changed from what to what."""
    profile_id = known(penstock, {"email": "ada@example.com"})
    bare = an_entry(tenant=penstock.api.tenant, profile_id=profile_id, topic=None)
    change = AttributeChange("properties.city", None, "Köln")
    cut = AttributeChange("properties.text", 1, '"abc', is_cut=True)
    refusal: dict[str, Any] = {
        "event_id": "evt_9",
        "name_kind": "email",
        "name_value": "x\x1b[2J",
        "rule": "full",
    }
    penstock.api.cloud.timelines.put(
        [
            replace(bare, topic="message.email.clicked"),
            replace(
                bare,
                id="c",
                kind=EntryKind.CHANGE,
                cause="evt_1",
                changes=(change, cut),
                changes_left_out=3,
            ),
            replace(bare, id="m", kind=EntryKind.MERGE, profile_ids=("prf_2", "prf_3")),
            replace(bare, id="u", kind=EntryKind.UNMERGE, profile_ids=("prf_2",)),
            replace(bare, id="r", kind=EntryKind.REFUSAL, other_id="prf_4", **refusal),
        ]
    )
    words = ("profiles", "show", "--email", "ada@example.com", "--timeline")

    text = penstock(*words).out
    document = penstock(*words, "--kind", "event", "--json").json

    assert [
        f"{NOW}  un-merged: {profile_id} parted from prf_2",
        f'{NOW}  refused: email "x\\u001b[2J" of evt_9 (full); it leads to prf_4',
        f"{NOW}  merged: prf_2, prf_3 became part of {profile_id}",
        f"{NOW}  event message.email.clicked (evt_1)",
        f"{NOW}  changed by evt_1",
        '  properties.city: nothing → "Köln"',
        '  properties.text: 1 → "abc…',
        "  and 3 more attributes",
    ] == text.splitlines()[-8:]
    assert (profile_id, ["evt_1"]) == (
        document["id"],
        [entry["id"] for entry in document["timeline"]],
    )


def test_a_timeline_shows_what_was_run_and_sent(penstock: Command) -> None:
    """With the ids, by which the rest is found."""
    profile_id, tenant = known(penstock, {"email": "ada@example.com"}), penstock.api.tenant
    penstock.api.cloud.timelines.put([an_entry(tenant=tenant, profile_id=profile_id)])
    topics = {"topics": ["message.email.clicked"]}
    penstock.api.post("/v1/functions", {"name": "vip", **topics})
    hook = {"name": "n", "url": "https://hooks.example.com/", **topics}
    hook_id = str(penstock.api.post("/v1/webhooks", hook).json["id"])
    run = a_run(id=ids.run_id(tenant, "evt_1", "vip"), tenant=tenant, function="vip")
    penstock.api.cloud.runs.commit(replace(run, event_id="evt_1"))
    delivery = a_delivery(
        id=ids.delivery_id(tenant, "evt_1", hook_id),
        tenant=tenant,
        webhook_id=hook_id,
        event_id="evt_1",
        status=Status.DEAD,
        reason="attempts_exhausted",
        due_at_ms=None,
    )
    penstock.api.cloud.deliveries.add(delivery)

    text = penstock("profiles", "show", profile_id, "--timeline").out

    assert [
        f"  run of vip: returned in attempt 1 ({run.id})",
        f"  to webhook {hook_id}: dead, attempts_exhausted ({delivery.id})",
    ] == text.splitlines()[-2:]
