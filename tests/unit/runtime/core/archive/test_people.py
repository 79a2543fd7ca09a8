"""The index of people never hides anybody, and a batch without somebody is the rest of it."""

import gzip

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.archive import people, raw_log, rewrite
from runtime.core.archive.raw_log import EncodedBatch, Kind, RawBatch
from runtime.core.events.envelope import ProfileRef
from runtime.core.ids import Key
from tests.builders import a_profile, an_event

_PEOPLE = st.sets(
    st.builds(Key, st.sampled_from(["acme", "other"]), st.text(max_size=5)), max_size=50
)


def _stored(batch: EncodedBatch) -> RawBatch:
    return RawBatch(
        seq=1,
        key="key",
        kind=batch.kind,
        digest=batch.digest,
        size_bytes=len(batch.data),
        counts=batch.counts,
        appended_at="2026-11-20T13:04:05.123Z",
        people=batch.people,
    )


@given(held=_PEOPLE, asked=_PEOPLE)
def test_an_index_finds_everybody_whom_it_was_made_of(held: set[Key], asked: set[Key]) -> None:
    """Somebody who is missed is not erased; a stranger who is found costs one look."""
    index = people.index(held)
    assert all(people.may_hold(index, [person]) for person in held)
    assert people.may_hold(index, asked) or not held & asked
    assert len(index) <= people.ENTRY_BYTES * len(held)


def test_an_index_tells_strangers_apart() -> None:
    """Also the same id of another tenant; and without an index everybody may be there."""
    index = people.index([Key("acme", f"prf_{n}") for n in range(1000)])
    strangers = [Key("other", f"prf_{n}") for n in range(1000)]
    assert not people.may_hold(index, strangers)
    assert not people.may_hold(b"", strangers)
    assert people.may_hold(None, strangers)


def test_what_is_left_of_a_batch_is_there_byte_for_byte() -> None:
    """Neighbours, the same id at another tenant, and rows about nobody; an old spelling, too."""
    ada, bob = ProfileRef(id="ada"), ProfileRef(id="bob")
    events = [
        an_event(id="1", profile=ada),
        an_event(id="2", profile=bob, properties={"n": 1.0}),
        an_event(id="3", profile=ada, tenant="other"),
        an_event(id="4", profile=ProfileRef()),
        an_event(id="5", profile=ada),
    ]
    batch = raw_log.encode_events(events)
    lines = gzip.decompress(batch.data).splitlines(keepends=True)

    after = rewrite.without(batch.data, {Key("acme", "ada")}, before=_stored(batch))

    assert after.removed == 2
    assert gzip.decompress(after.batch.data) == b"".join(lines[1:4])
    assert after.batch == raw_log.encode_events(events[1:4])


def test_that_a_profile_is_deleted_stays() -> None:
    """It has nothing of the person but an id, and keeps late snapshots of her from coming back."""
    snapshots = [a_profile(revision=1), a_profile(revision=2, deleted=True)]
    batch = raw_log.encode_profiles(snapshots)
    person = Key(snapshots[0].tenant, snapshots[0].id)

    after = rewrite.without(batch.data, {person}, before=_stored(batch))

    assert after.batch == raw_log.encode_profiles(snapshots[1:])
    assert after.removed == 1


def test_a_tenant_that_has_lost_all_rows_keeps_its_count() -> None:
    """A load may have been planned of the batch, and looks for it by the tenant's name."""
    batch = raw_log.encode_events([an_event(profile=ProfileRef(id="ada"))])
    once = rewrite.without(batch.data, {Key("acme", "ada")}, before=_stored(batch))
    twice = rewrite.without(once.batch.data, {Key("acme", "ada")}, before=_stored(once.batch))
    assert (once.removed, twice.removed) == (1, 0)
    assert {"acme": 0} == once.batch.counts == twice.batch.counts
    assert (Kind.EVENTS, b"") == (twice.batch.kind, twice.batch.people)


def test_discards_that_do_not_say_whom_they_are_about_go_too() -> None:
    """They are from before discards had whole rows; the lake has them."""
    of_nobody = b'{"key": "1", "row": {"profile_id": null}}\n{"key": "2", "row": {}}\n'
    of_ada = b'{"key": "3", "row": {"profile_id": "ada"}}\n'
    data = gzip.compress(of_nobody + of_ada + b'{"key": "4"}\n', mtime=0)
    after, removed = rewrite.discards_without(data, {"ada"})
    assert (of_nobody, 2) == (gzip.decompress(after), removed)
