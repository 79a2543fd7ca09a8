"""A merge is told, once, and the notice of it changes nothing."""

from dataclasses import replace

from runtime.core.events import envelope
from runtime.core.profiles import attributes, names, profile_change
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile_change import ProfileChange
from tests.builders import NOW, TENANT, a_profile, an_event

LOSER = a_profile(id="prf_2")
REDIRECT = profiles.stored(profiles.redirect(LOSER, into="prf_1"))
MERGE = ProfileChange(before=LOSER, after=REDIRECT, at=NOW)


def test_the_notice_of_a_merge_is_an_event_that_the_door_lets_in() -> None:
    """Its consumers read it as any other; it is about the profile that survives."""
    notice = profile_change.notice(MERGE)

    assert notice is not None
    assert notice == envelope.parse(notice.to_json(), now=NOW)
    assert ("prf_1", {"from": "prf_2", "into": "prf_1"}) == (notice.profile.id, notice.properties)


def test_the_same_merge_is_told_under_the_same_id_and_another_under_its_own() -> None:
    """The stream hands a write over twice; and who was un-merged may be merged again."""
    again = ProfileChange(before=LOSER, after=replace(REDIRECT, revision=9), at=NOW)

    one, same, other = map(profile_change.notice, (MERGE, MERGE, again))

    assert one is not None
    assert other is not None
    assert one == same
    assert one.id != other.id


def test_nothing_else_is_told() -> None:
    """Neither a change, nor a new profile, nor another write of the redirect."""
    others = [
        ProfileChange(before=LOSER, after=replace(LOSER, revision=2), at=NOW),
        ProfileChange(before=None, after=LOSER, at=NOW),
        ProfileChange(before=REDIRECT, after=replace(REDIRECT, merged_into="prf_3"), at=NOW),
        ProfileChange(before=REDIRECT, after=LOSER, at=NOW),
    ]

    assert [None] * 4 == [profile_change.notice(change) for change in others]


def test_what_comes_out_of_a_backup_is_not_told_again() -> None:
    """Receivers have heard of it, and a replay of the bus brings what they have not."""
    erased = profiles.tombstone(LOSER, now=NOW)
    later = replace(LOSER, revision=REDIRECT.revision)
    others = [
        ProfileChange(before=None, after=REDIRECT, at=NOW),
        ProfileChange(before=later, after=REDIRECT, at=NOW),
        ProfileChange(before=None, after=erased, at=NOW),
    ]

    assert [None] * 3 == [profile_change.notice(change) for change in others]


def test_a_notice_says_nothing_of_a_profile() -> None:
    """Else `from` and `into` were properties of everybody who was merged."""
    notice = profile_change.notice(MERGE)
    assert notice is not None
    named = names.of(notice.profile, NameRules())
    told = an_event(id="e", topic="profile.merged", properties={"x": 1}, profile=notice.profile)
    survivor = attributes.project(profiles.unknown(TENANT, "prf_1"), told, named)

    assert {"x": 1} == survivor.properties
    assert survivor is attributes.project(survivor, notice, named)


def test_an_erasure_is_told_once_and_says_nothing_but_ids() -> None:
    """It is about nobody, because events about an erased person are dropped."""
    before = a_profile(merged_ids=("prf_2",))
    after = profiles.tombstone(before, now=NOW)

    told = profile_change.notice(ProfileChange(before=before, after=after, at=NOW))

    assert told is not None
    assert ("profile.erased", {}) == (told.topic, told.profile.to_json())
    assert {"profile_id": before.id, "merged_ids": ["prf_2"]} == told.properties
    assert profile_change.notice(ProfileChange(before=after, after=after, at=NOW)) is None
