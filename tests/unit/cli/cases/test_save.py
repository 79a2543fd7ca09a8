"""A case made from a run: nothing of a person is left in it, and what was joined stays joined."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.cases import case, personal, save
from cli.cases.personal import Kind
from cli.project.functions import load_function
from runtime.core.events.envelope import IDENTIFIER

IDENTIFIERS = ("id", "external_id", "email", "phone")


def an_event(**changes: Any) -> dict[str, Any]:
    """An envelope as stored."""
    return {
        "id": "evt_1",
        "tenant": "acme",
        "topic": "metric.placed_order",
        "occurred_at": "2026-11-20T13:04:05.123Z",
        "received_at": "2026-11-20T13:04:06.000Z",
        "origin": "api",
        "hops": 0,
        "profile": {},
        "properties": {},
        **changes,
    }


def a_run(**changes: Any) -> dict[str, Any]:
    """A record of a run that returned nothing."""
    return {"outcome": "returned", "output": None, "error": None, "effects": [], **changes}


ADA = {"external_id": "c-1001", "email": "Ada@Lovelace.it", "phone": "+39 06 555 0001"}
EVENT = an_event(
    id="order-c-1001-7",
    profile=ADA,
    properties={
        "first_name": "Ada",
        "shipping_address": {"street": "Via Roma 1", "zip": "00100", "country": "IT"},
        "customer_id": 4711,
        "note": "call Ada (ada@lovelace.it) on +39065550001",
        "items": [{"sku": "A1", "quantity": 4711, "product_name": "Engine"}],
        "card": {"grace@navy.mil": {"to": "Grace"}},
    },
)
PROFILE = {
    "id": "prf_abcdefgh",
    **ADA,
    "properties": {"last_name": "King", "friend": "c-1001", "value": 12.5},
    "revision": 3,
    "updated_at": "2026-11-20T13:04:06.000Z",
}
RUN = a_run(
    output={"dear": "Ada King", "to": "ada@lovelace.it", "profile": "prf_abcdefgh", "n": 4711},
    effects=[
        {"op": "emit", "topic": "metric.greeted", "properties": {"who": "c-1001"}},
        {"op": "http", "method": "POST", "url": "https://crm.example.com/c/c-1001", "status": 201},
    ],
    http=[
        {"method": "POST", "host": "crm.example.com", "path": "/c/c-1001", "status": 503,
         "error": None, "ms": 3.0},
        {"method": "POST", "host": "crm.example.com", "path": "/c/c-1001", "status": 503,
         "error": None, "ms": 3.0},
        {"method": "POST", "host": "crm.example.com", "path": "/c/c-1001", "status": 201,
         "error": None, "ms": 3.0},
        {"method": "GET", "host": "slow.example.com", "path": "/ada%40lovelace.it", "status": None,
         "error": "timeout", "ms": 3.0},
        {"method": "GET", "host": "other.example.com", "path": "/", "status": None,
         "error": "host_not_allowed", "ms": 3.0},
    ],
)  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys and whole numbers too."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str) or type(value) is int:
        yield str(value)


def test_nothing_of_a_person_is_left() -> None:
    """Not in another case, not in a text, not in a URL, not in a key, not in the file's name."""
    saved = save.make(EVENT, RUN, PROFILE)
    text = save.text_of(saved.document) + saved.name

    for gone in (
        "ada", "lovelace", "king", "c-1001", "5550001", "via roma", "00100", "prf_abc", "grace@",
        "acme",
    ):  # fmt: skip
        assert gone not in text.lower(), gone
    for kept in ("A1", "Engine", '"IT"', "crm.example.com", "metric.placed_order", "12.5"):
        assert kept in text


def test_what_was_the_same_is_the_same_fake() -> None:
    """A function that compares two of them does what it did."""
    document = save.make(EVENT, RUN, PROFILE).document

    event, profile, expect = document["event"], document["profile"], document["expect"]
    assert event["profile"]["external_id"] == profile["external_id"]
    assert profile["external_id"] == profile["properties"]["friend"]
    assert profile["external_id"] == expect["effects"][0]["properties"]["who"]
    assert event["profile"]["email"] == profile["email"] == expect["output"]["to"]
    assert event["profile"]["phone"] == profile["phone"]
    assert profile["phone"] in event["properties"]["note"]
    assert profile["id"] == expect["output"]["profile"]
    first, last = event["properties"]["first_name"], profile["properties"]["last_name"]
    assert f"{first} {last}" == expect["output"]["dear"]
    assert re.fullmatch(r"person\d+@example\.com", profile["email"])
    assert re.fullmatch(r"\+1\d{3}55501\d\d", profile["phone"])


@pytest.mark.parametrize(
    ("properties", "output", "expected"),
    [
        ({"last_name": "Ross"}, "Ross went across; ROSS", "Person1 went across; Person1"),
        ({"last_name": "Ross"}, "a_ross-b", "a_Person1-b"),
        ({"city": "Rome"}, ["Rome", "Romeo", "to rome"], ["Place1", "Romeo", "to Place1"]),
        ({"name": "Ada King"}, "Dear Ada", "Dear Person1"),
        ({"customer_id": "c-1"}, ["abc-12", "/c-1/"], ["abc-12", "/customer-1/"]),
        ({"customer_id": "cu-1"}, "xcu-17", "xcustomer-17"),
        ({"customer_id": "42"}, ["42", "42 pieces", 42], ["900000", "42 pieces", 42]),
        ({"phone": "+1 (212) 555-7788"}, "12125557788", "12015550100"),
        ({"ip": "203.0.113.9"}, "from 203.0.113.9", "from 192.0.2.1"),
        ({"name": {"first": "Ada"}}, "Ada", "Person1"),
        ({"emails": ["a@b.it", "c@d.it"]}, "c@d.it", "person2@example.com"),
        ({"product_name": "Rome"}, "Rome", "Rome"),
        ({"zip": "  "}, "  ", "  "),
    ],
)  # fmt: skip
def test_a_value_is_replaced_as_far_as_it_is_one(
    properties: dict[str, Any], output: Any, expected: Any
) -> None:
    """Part of a word is no name, and few digits are many things."""
    saved = save.make(an_event(properties=properties), a_run(output=output), None)

    assert expected == saved.document["expect"]["output"]


def test_a_number_stays_a_number_and_a_small_one_what_it_is() -> None:
    """The type is part of what a function sees; and 3 pieces are not customer 3."""
    properties = {"customer_id": 4711, "user_id": 3, "quantity": 3, "order": 4711}
    event = save.make(an_event(properties=properties), a_run(), None).document["event"]

    after = event["properties"]
    assert {int} == {type(value) for value in after.values()}
    assert 4711 != after["customer_id"] == after["order"]
    assert (3, True) == (after["quantity"], after["user_id"] != 3)


def test_the_calls_become_recorded_answers_to_fill_in() -> None:
    """In their order and number, as patterns: queries and bodies are on no record."""
    saved = save.make(EVENT, RUN, PROFILE)

    who = saved.document["profile"]["external_id"]
    email = saved.document["profile"]["email"].replace("@", "%40")
    post = {"method": "POST", "url": f"https://crm.example.com/c/{who}*"}
    assert [
        {**post, "status": 503, "times": 2, "json": {}},
        {**post, "status": 201, "times": 1, "json": {}},
        {"method": "GET", "url": f"https://slow.example.com/{email}*", "error": "timeout",
         "times": 1},
    ] == saved.document["http"]  # fmt: skip
    assert 2 == saved.open_answers


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost:9000", "http://localhost:9000/"),
        ("127.0.0.1", "http://127.0.0.1/"),
        ("[::1]:9000", "http://[::1]:9000/"),
        ("localhost.example.com", "https://localhost.example.com/"),
        ("127.0.0.1.example.com:8443", "https://127.0.0.1.example.com:8443/"),
        ("[no-address", "https://[no-address/"),
    ],
)
def test_a_call_goes_by_http_only_to_this_machine(host: str, url: str) -> None:
    """The record has no scheme. An answer with the wrong one would answer no call."""
    call = {"method": "GET", "host": host, "path": "/", "status": 200, "error": None, "ms": 3.0}

    [answer] = save.make(an_event(), a_run(http=[call]), None).document["http"]

    assert f"{url}*" == answer["url"]


def test_what_was_replaced_is_listed_by_its_place() -> None:
    """The author sees what to look at; no line repeats what it hides."""
    saved = save.make(EVENT, RUN, PROFILE)

    emails = [line for line in saved.replaced if line.startswith("event.profile.email: ")]
    assert ["event.profile.email: e-mail address, now person1@example.com"] == emails
    assert any(line.startswith("profile.properties.last_name: name") for line in saved.replaced)
    assert any("event.properties.card (a key)" in line for line in saved.replaced)
    listed = "\n".join(saved.replaced).lower()
    assert all(gone not in listed for gone in ("lovelace", "c-1001", "grace@", "via roma"))


def test_the_same_run_makes_the_same_file() -> None:
    """A case that is saved again shows what has changed, and nothing else."""
    once = save.text_of(save.make(EVENT, RUN, PROFILE).document)

    assert once == save.text_of(save.make(EVENT, RUN, PROFILE).document)


def test_a_saved_case_is_a_case(tmp_path: Path) -> None:
    """It can be run at once."""
    saved = save.make(EVENT, RUN, PROFILE)
    file = tmp_path / "case.json"
    file.write_text(save.text_of(saved.document), "utf-8")

    loaded = case.load(file, load_function(tmp_path / "function.py"))

    assert ("returned", 3) == (loaded.expect["outcome"], len(loaded.http))


def test_a_failed_run_is_expected_to_fail_in_the_same_way() -> None:
    """By the kind of its error: the message may quote a person."""
    error = {"type": "KeyError", "message": "'ada'", "traceback": "…"}

    saved = save.make(EVENT, a_run(outcome="raised", error=error), PROFILE)

    assert {"outcome": "raised", "error": {"type": "KeyError"}} == saved.document["expect"]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("email", Kind.EMAIL), ("$email", Kind.EMAIL), ("CustomerEmail", Kind.EMAIL),
        ("home_phone", Kind.PHONE), ("phoneNumber", Kind.PHONE), ("external_id", Kind.ID),
        ("customerId", Kind.ID), ("name", Kind.NAME), ("shipping_name", Kind.NAME),
        ("billing-first-name", Kind.NAME), ("shippingCity", Kind.ADDRESS), ("Zip", Kind.ADDRESS),
        ("client_ip", Kind.IP), ("birthday", Kind.BIRTH), ("profile_id", Kind.PROFILE_ID),
        ("product_name", None), ("last_login", None), ("country", None), ("id", None),
        ("order_id", None), ("value", None), ("shipping", None), ("", None), ("é", None),
    ],
)  # fmt: skip
def test_a_field_is_personal_by_its_name(field: str, kind: Kind | None) -> None:
    """However its words are joined; what only sounds like it is left alone."""
    assert kind is personal.kind_of(field)


LETTERS = st.text("abcdefgXYZ0123456789éß .+-_@/'\"\\%&", min_size=1, max_size=12)
OPAQUE = LETTERS.filter(lambda text: IDENTIFIER.fullmatch(text) and re.search(r"\w", text))
TEXTS = OPAQUE.filter(lambda text: len(text.strip()) >= 4 and any(map(str.isalpha, text)))
EMAILS = st.emails().filter(lambda text: len(text) <= 60)
PHONES = st.integers(10**7, 10**12).map(lambda number: f"+{number}")


@st.composite
def people(draw: st.DrawFn) -> dict[str, str]:
    """Identifiers of somebody."""
    return {
        "id": draw(TEXTS),
        "external_id": draw(TEXTS | st.integers(1000, 10**9).map(str)),
        "email": draw(EMAILS | TEXTS),
        "phone": draw(PHONES | TEXTS),
    }


@st.composite
def holders(draw: st.DrawFn, of: tuple[str, ...]) -> Any:
    """JSON that mentions these identifiers: alone, inside texts, in keys, in another case."""
    said = st.sampled_from(of)
    mention = (
        said
        | said.map(str.upper)
        | st.builds(lambda a, b, c: f"{a}{b}{c}", LETTERS, said, LETTERS)
        | st.builds(lambda a, b: f"{a} {b}", said, said)
        | LETTERS
    )
    leaf = mention | st.integers(0, 99) | st.booleans()
    return draw(
        st.recursive(
            leaf,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(mention | st.just("first_name"), inner, max_size=3)
            ),
            max_leaves=6,
        )
    )


@settings(max_examples=60, deadline=None)
@given(st.data(), people())
def test_no_identifier_of_the_profile_survives_anywhere(
    data: st.DataObject, person: dict[str, str]
) -> None:
    """Whatever it is, and wherever the function or the event put it."""
    whole = tuple(dict.fromkeys(person.values()))
    properties = {"p": data.draw(holders(whole)), "first_name": "Ada"}
    event = an_event(profile=person, properties=properties)
    effects = [{"op": "emit", "topic": "metric.x", "properties": {"p": data.draw(holders(whole))}}]
    run = a_run(output=data.draw(holders(whole)), effects=effects)
    profile = {**person, "properties": {"p": data.draw(holders(whole))}}

    saved = save.make(event, run, profile)

    document = json.loads(save.text_of(saved.document))
    parts = [
        document["event"]["profile"].values(),
        document["event"]["properties"].values(),
        [document["event"]["id"]],
        [document["profile"][name] for name in (*IDENTIFIERS, "properties")],
        [document["expect"].get("output")],
        [effect["properties"] for effect in document["expect"]["effects"]],
    ]
    left = [text.casefold() for part in parts for value in part for text in texts(value)]
    own = {"first_name", "p"}
    for identifier in whole:
        gone = identifier.strip().casefold()
        assert [] == [text for text in left if gone in text and text not in own], identifier
        assert gone not in "\n".join(saved.replaced).casefold().replace("first_name", "")
