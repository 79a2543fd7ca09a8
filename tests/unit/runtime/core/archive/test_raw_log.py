"""Raw batches: nothing is lost on the way in, and the same rows give the same object."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.archive import raw_log
from runtime.core.events.envelope import ProfileRef
from runtime.core.json_text import load
from runtime.core.profiles import profile
from runtime.core.profiles.profile import NameClaim, Profile
from tests.builders import NOW as STAMPED
from tests.builders import TENANT, a_profile, an_event

NOON = datetime(2026, 11, 20, 13, 4, 5, tzinfo=UTC)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=10,
)


@given(properties=st.dictionaries(_texts, _json, max_size=5), email=_texts.filter(bool))
def test_an_event_comes_back_from_its_row_as_it_was(
    properties: dict[str, object], email: str
) -> None:
    """The raw log is what loads and replays are made from: it must hold everything."""
    event = an_event(properties=properties, profile=ProfileRef(email=email))
    batch = raw_log.encode_events([event])
    assert [raw_log.event(row) for row in raw_log.rows(batch.data)] == [event]


def test_the_same_events_give_the_same_object() -> None:
    """A redelivered batch must meet its own object, not lie beside it."""
    first, second = (raw_log.encode_events([an_event(), an_event(id="b")]) for _ in range(2))
    assert first == second
    assert raw_log.key(first, now=NOON) == raw_log.key(second, now=NOON)


def test_the_key_says_when_the_batch_arrived_and_of_what_kind_it_is() -> None:
    """Lifecycle rules, erasure and people find batches by their hour."""
    key = raw_log.key(raw_log.encode_events([an_event()]), now=NOON)
    assert key.startswith("raw/v1/dt=2026-11-20/hh=13/events-")
    assert key.endswith(".jsonl.gz")


def test_rows_are_counted_by_tenant() -> None:
    """The planner skips batches that hold nothing of a tenant without opening them."""
    batch = raw_log.encode_events(
        [an_event(tenant="b"), an_event(tenant="a"), an_event(tenant="b")]
    )
    assert batch.counts == {"a": 1, "b": 2}


def test_a_deleted_profile_leaves_nothing_of_the_person() -> None:
    """What is deleted must not travel on into the warehouse."""
    deleted = Profile(
        id="prf_1",
        tenant="acme",
        revision=7,
        email="ada@example.com",
        properties={"city": "Köln"},
        deleted=True,
    )
    (row,) = raw_log.rows(raw_log.encode_profiles([deleted]).data)
    assert (row["profile_id"], row["revision"], row["deleted"]) == ("prf_1", 7, True)
    assert (row["email"], row["properties"]) == (None, "{}")


def test_a_profile_has_its_names_with_the_ids_that_events_have_by_them() -> None:
    """Events keep the id that their name began; only the names join them to their person."""
    names = (
        NameClaim("crm", "17", f"{STAMPED}|evt_1", present=True),
        NameClaim("email", "ada@example.com", f"{STAMPED}|evt_1", present=True),
        NameClaim("email", "old@example.com", f"{STAMPED}|evt_2", present=False),
    )
    (row,) = raw_log.rows(raw_log.encode_profiles([a_profile(names=names)]).data)

    event = an_event(profile=ProfileRef(email="ada@example.com"))
    assert load(row["names"]) == [
        {
            "kind": "email",
            "value": "ada@example.com",
            "event_profile_id": profile.id_of(event),
        },
        {"kind": "crm", "value": "17", "event_profile_id": None},
    ]
    assert row["merged_into"] is None


def test_a_merged_profile_says_into_which_and_has_no_name() -> None:
    """Its names are the other's now."""
    merged = profile.redirect(a_profile(), into="prf_2")
    (row,) = raw_log.rows(raw_log.encode_profiles([merged]).data)

    assert (row["tenant"], row["deleted"], row["merged_into"]) == (TENANT, True, "prf_2")
    assert row["names"] == "[]"


def test_a_json_object_keeps_its_numbers_to_the_last_digit() -> None:
    """A number that a reader in between would round must survive as text."""
    batch = raw_log.encode_events([an_event(properties={"n": 12345678901234567890123})])
    (row,) = raw_log.rows(batch.data)
    assert row["properties"] == '{"n":12345678901234567890123}'
