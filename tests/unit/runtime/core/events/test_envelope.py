"""The envelope's one door."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import json_text
from runtime.core.events import envelope
from runtime.core.events.envelope import MAX_EVENT_BYTES, MAX_HOPS
from runtime.core.json_text import MAX_DEPTH
from runtime.errors import BadInput
from tests.builders import NOW, an_envelope, an_event

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text("\ud800\ufffe\0")
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)
FIELDS = sorted(an_envelope())


def nested(levels: int) -> dict[str, Any]:
    """An object with this many levels below itself."""
    value: Any = 0
    for _ in range(levels - 1):
        value = [value]
    return {"x": value}


class TestLaws:
    """Whatever comes in."""

    @given(JSON)
    def test_anything_parses_or_is_refused(self, raw: object) -> None:
        """No input may surface as a crash: a crash comes again for ever."""
        with contextlib.suppress(BadInput):
            envelope.parse(raw, now=NOW)

    @given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sets(st.sampled_from(FIELDS)))
    def test_a_damaged_envelope_parses_or_is_refused(
        self, changes: dict[str, Any], missing: set[str]
    ) -> None:
        """Close to valid is where parsers break; what parses dumps and parses the same."""
        raw = an_envelope(**changes, **dict.fromkeys(missing - set(changes), ...))
        with contextlib.suppress(BadInput):
            event = envelope.parse(raw, now=NOW)
            again = json_text.load(json_text.dump(event.to_json()))
            assert event == envelope.parse(again, now="2030-01-01T00:00:00.000Z")

    @given(st.one_of(st.text(), st.binary()))
    def test_any_bytes_load_or_are_refused(self, text: str | bytes) -> None:
        """Nothing but BadInput leaves the reader."""
        with contextlib.suppress(BadInput):
            json_text.load(text)

    def test_an_event_comes_back_as_it_went(self) -> None:
        """Fan-out, run queue and archive all pass it on."""
        assert an_event() == envelope.parse(an_event().to_json(), now=NOW)

    def test_it_names_a_person_by_every_kind(self) -> None:
        """What is null or empty is not there, so an envelope has one form."""
        person = {"external_id": "c-1", "anonymous_id": "browser-1", "names": {"card": "4711"}}
        raw = person | {"email": None, "names": {"card": "4711", "badge": None}}

        event = envelope.parse(an_envelope(profile=raw), now=NOW)

        assert person == event.to_json()["profile"]
        assert {
            "external_id": "c-1", "anonymous_id": "browser-1", "card": "4711",
        } == event.profile.names_by_kind()  # fmt: skip
        assert {} == envelope.parse(an_envelope(profile={"names": {}}), now=NOW).profile.to_json()


class TestRefusals:
    """Each fault has its code and names its field."""

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"id": ...}, "missing_id", "id"),
            ({"id": "two words"}, "bad_id", "id"),
            ({"id": "x" * 129}, "bad_id", "id"),
            ({"tenant": ...}, "missing_tenant", "tenant"),
            ({"tenant": "Acme"}, "bad_tenant", "tenant"),
            ({"topic": ...}, "bad_topic", "topic"),
            ({"topic": "nodots"}, "bad_topic", "topic"),
            ({"occurred_at": "yesterday"}, "bad_time", "occurred_at"),
            ({"occurred_at": "2026-11-20T13:04:05"}, "bad_time", "occurred_at"),
            ({"occurred_at": 5}, "bad_time", "occurred_at"),
            ({"origin": "moon"}, "bad_origin", "origin"),
            ({"hops": -1}, "bad_hops", "hops"),
            ({"hops": True}, "bad_hops", "hops"),
            ({"hops": MAX_HOPS + 1}, "loop", "hops"),
            ({"profile": "ada"}, "bad_profile", "profile"),
            ({"profile": {"email": 5}}, "bad_profile", "profile.email"),
            ({"profile": {"id": "a\0b"}}, "bad_profile", "profile.id"),
            ({"profile": {"external_id": "a\n"}}, "bad_profile", "profile.external_id"),
            ({"profile": {"email": "\x7fa@b.c"}}, "bad_profile", "profile.email"),
            ({"profile": {"phone": "\x85+49"}}, "bad_profile", "profile.phone"),
            ({"profile": {"phone": "x" * 257}}, "bad_profile", "profile.phone"),
            ({"profile": {"phone": ""}}, "bad_profile", "profile.phone"),
            ({"profile": {"name": "Ada"}}, "unknown_field", "profile.name"),
            ({"profile": {"anonymous_id": 7}}, "bad_profile", "profile.anonymous_id"),
            ({"profile": {"names": ["4711"]}}, "bad_profile", "profile.names"),
            ({"profile": {"names": {"Card": "4711"}}}, "bad_profile", "profile.names.Card"),
            ({"profile": {"names": {"email": "a@b.c"}}}, "bad_profile", "profile.names.email"),
            ({"profile": {"names": {"x" * 33: "1"}}}, "bad_profile", f"profile.names.{'x' * 33}"),
            ({"profile": {"names": {"card": "a\0"}}}, "bad_profile", "profile.names.card"),
            ({"profile": {"names": dict.fromkeys("abcdef", "1")}}, "bad_profile", "profile.names"),
            ({"properties": []}, "bad_properties", "properties"),
            ({"surprise": 1}, "unknown_field", "surprise"),
            ({"properties": {"x": float("nan")}}, "not_json", "properties.x"),
            ({"properties": {"x": ["\ud800"]}}, "lone_surrogate", "properties.x[0]"),
            ({"properties": {"x": float("1e400")}}, "not_json", "properties.x"),
            ({"properties": {"n": 12345678901234567890123}}, "integer_too_large", "properties.n"),
            (
                {"properties": {"deep": [{"m": -99999999999999999999}]}},
                "integer_too_large",
                "properties.deep[0].m",
            ),
            ({"properties": {"n": 1 << 64}}, "integer_too_large", "properties.n"),
            ({"properties": {"n": -(1 << 64)}}, "integer_too_large", "properties.n"),
            ({"properties": {"x": "x" * MAX_EVENT_BYTES}}, "too_large", ""),
        ],
    )
    def test_a_fault_is_named(self, changes: dict[str, Any], code: str, field: str) -> None:
        """Producers mend what is named."""
        with pytest.raises(BadInput) as refusal:
            envelope.parse(an_envelope(**changes), now=NOW)

        assert (code, field) == (refusal.value.code, refusal.value.field)

    @pytest.mark.parametrize("raw", [None, 1, "text", [], [an_envelope()]])
    def test_what_is_no_object_is_no_event(self, raw: object) -> None:
        """JSON is more than objects."""
        with pytest.raises(BadInput) as refusal:
            envelope.parse(raw, now=NOW)

        assert "not_an_object" == refusal.value.code

    @pytest.mark.parametrize(
        "text", ["NaN", "[Infinity]", "{", "", '"\\ud800"', b"\xff", "[" * 99_999]
    )
    def test_what_is_no_json_is_refused(self, text: str | bytes) -> None:
        """Python's reader is more forgiving than the standard, and less robust."""
        with pytest.raises(BadInput):
            json_text.load(text)

    def test_the_last_allowed_level_is_allowed_wherever_it_is_wrapped(self) -> None:
        """The bus wraps an envelope once more; the limit is the envelope's own."""
        envelope.parse(an_envelope(properties=nested(MAX_DEPTH - 1)), now=NOW)
        text = json.dumps({"detail": an_envelope(properties=nested(MAX_DEPTH - 1))})
        json_text.load(text, wrapped=1)

        with pytest.raises(BadInput) as refusal:
            envelope.parse(an_envelope(properties=nested(MAX_DEPTH)), now=NOW)

        assert "too_deep" == refusal.value.code
