"""What is live and on trial after each verb of a release, and what the log says of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Change, ReleaseKind, Trial
from runtime.errors import BadInput, Conflict, NotFound
from tests.builders import NOW, a_canary, a_function

VERSIONS = st.integers(1, 4)


def live(version: int | None, *before: int, trial: int | None = None) -> Function:
    """A function with this live version, those that were live before, and one on trial."""
    canary = None if trial is None else a_canary(version=trial)
    return a_function(live_version=version, live_before=before, latest_version=9, canary=canary)


def published(function: Function, version: int) -> Change:
    """The change by a publish."""
    change = releases.published(function, version, at=NOW)
    assert change is not None
    return change


def test_a_publish_remembers_what_was_live() -> None:
    """So that a rollback needs no number."""
    change = published(live(3, 1), 7)

    assert (7, (1, 3)) == (change.function.live_version, change.function.live_before)
    assert (ReleaseKind.PUBLISHED, 7, 3, 7) == (
        change.release.kind,
        change.release.version,
        change.release.live_before,
        change.release.live_after,
    )


def test_twenty_versions_are_remembered() -> None:
    """The record of a function does not grow without end."""
    function = live(None)
    for version in range(1, 40):
        function = published(function, version).function

    assert tuple(range(19, 39)) == function.live_before


def test_the_first_publish_has_nothing_to_remember() -> None:
    """Nothing was live before it."""
    assert published(live(None), 1).function.live_before == ()


@pytest.mark.parametrize("verb", ["published", "promoted"])
def test_a_publish_of_the_version_on_trial_promotes_it(verb: str) -> None:
    """Both verbs say the same, and the log names the canary that ended so."""
    function = live(1, trial=2)
    change = published(function, 2) if verb == "published" else releases.promoted(function, at=NOW)

    assert change.function.canary is None
    assert change.function.live_version == 2
    assert (ReleaseKind.CANARY_PROMOTED, a_canary().id, None) == (
        change.release.kind,
        change.release.canary_id,
        change.release.percent,
    )


def test_a_rollback_to_a_version_drops_what_came_after_it() -> None:
    """The next one goes further back, and does not return to what was left."""
    change = releases.rolled_back(live(4, 1, 2, 3), to=2, at=NOW)

    assert (2, (1,)) == (change.function.live_version, change.function.live_before)


def test_a_rollback_to_a_version_that_never_was_live_forgets_the_one_it_leaves() -> None:
    """The version that it leaves was bad: no later rollback goes there."""
    change = releases.rolled_back(live(4, 1, 2), to=7, at=NOW)

    assert (7, (1, 2)) == (change.function.live_version, change.function.live_before)


def test_a_rollback_to_a_version_ends_a_canary_too() -> None:
    """Whoever names a version wants every event on it."""
    change = releases.rolled_back(live(3, 1, trial=5), to=1, at=NOW)

    assert (1, None) == (change.function.live_version, change.function.canary)
    assert a_canary().id == change.release.canary_id


def test_a_rollback_passes_over_the_live_version_itself() -> None:
    """Versions 1, 2 and 1 were live, and 2 was deleted: to go from 1 to 1 is no way back."""
    function = releases.deleted(live(1, 1, 2), 2, at=NOW).function

    with pytest.raises(Conflict) as refusal:
        releases.rolled_back(function, to=None, at=NOW)

    assert refusal.value.code == "nothing_to_roll_back_to"
    further = releases.rolled_back(live(1, 3, 1), to=None, at=NOW)
    assert (3, ()) == (further.function.live_version, further.function.live_before)


def test_a_changed_share_stays_the_same_canary() -> None:
    """Its events go on meeting it, and what was counted of it still counts."""
    function = live(1, trial=2)
    change = releases.tried(
        function, Trial(version=2, percent=80), canary_id="can_new", at="2027-01-01T00:00:00Z"
    )

    assert replace(a_canary(version=2), percent=80, margin_points=5, min_runs=100) == (
        change.function.canary
    )
    assert (ReleaseKind.CANARY_CHANGED, 80) == (change.release.kind, change.release.percent)


@pytest.mark.parametrize(
    ("trial", "code"),
    [
        (Trial(version=2, percent=101), "bad_share"),
        (Trial(version=2, percent=0), "bad_share"),
        (Trial(version=2, percent=float("nan")), "bad_share"),
        (Trial(version=2, percent=float("inf")), "bad_share"),
        (Trial(version=2, margin_points=-1), "bad_margin"),
        (Trial(version=2, margin_points=float("nan")), "bad_margin"),
        (Trial(version=2, min_runs=100_001), "bad_min_runs"),
    ],
)
def test_a_trial_out_of_bounds_is_refused(trial: Trial, code: str) -> None:
    """Before anything is compared with it."""
    with pytest.raises(BadInput) as refusal:
        releases.tried(live(1), trial, canary_id="can_1", at=NOW)

    assert refusal.value.code == code


def test_a_canary_that_failed_ends_once_and_only_that_one() -> None:
    """Two workers may come to the same verdict, and another canary may run by then."""
    change = releases.failed(live(1, trial=2), a_canary().id, reason="5 of 10", at=NOW)

    assert change is not None
    assert (ReleaseKind.CANARY_FAILED, "5 of 10") == (change.release.kind, change.release.reason)
    assert releases.failed(change.function, a_canary().id, reason="again", at=NOW) is None
    assert releases.failed(live(1, trial=2), "can_other", reason="late", at=NOW) is None


@pytest.mark.parametrize(
    "refused",
    [
        lambda: published(live(1, trial=2), 3),
        lambda: releases.tried(live(1, trial=2), Trial(version=3), canary_id="c", at=NOW),
        lambda: releases.deleted(live(1, trial=2), 2, at=NOW),
        lambda: releases.deleted(live(1), 1, at=NOW),
        lambda: releases.rolled_back(live(1), to=None, at=NOW),
        lambda: releases.tried(live(None), Trial(version=3), canary_id="c", at=NOW),
        lambda: releases.promoted(live(1), at=NOW),
        lambda: releases.stopped(live(1), at=NOW),
    ],
)
def test_a_refusal_names_the_command_that_leads_on(refused: Callable[[], object]) -> None:
    """With the function's name, to be copied."""
    with pytest.raises(Conflict) as refusal:
        refused()

    assert "`penstock functions " in str(refusal.value)
    assert f" {a_function().name}" in str(refusal.value)


def test_a_number_of_a_function_without_versions_says_that_none_was_pushed() -> None:
    """There is no latest one to name."""
    with pytest.raises(NotFound, match="none was pushed yet"):
        releases.check_number(a_function(latest_version=0), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb of a release and the version that it names."""

    name: str
    version: int

    def __call__(self, function: Function) -> Change | None:
        """What it changes; None for nothing, be it refused or without effect."""
        trial = Trial(version=self.version)
        verbs: dict[str, Callable[[], Change | None]] = {
            "publish": lambda: releases.published(function, self.version, at=NOW),
            "roll back": lambda: releases.rolled_back(function, to=None, at=NOW),
            "roll back to": lambda: releases.rolled_back(function, to=self.version, at=NOW),
            "try": lambda: releases.tried(function, trial, canary_id="can_1", at=NOW),
            "promote": lambda: releases.promoted(function, at=NOW),
            "stop": lambda: releases.stopped(function, at=NOW),
            "fail": lambda: releases.failed(function, "can_1", reason="fails", at=NOW),
            "delete": lambda: releases.deleted(function, self.version, at=NOW),
        }
        try:
            return verbs[self.name]()
        except Conflict:
            return None


NAMES = ("publish", "roll back", "roll back to", "try", "promote", "stop", "fail", "delete")
VERBS = st.builds(Verb, name=st.sampled_from(NAMES), version=VERSIONS)


@given(verbs=st.lists(VERBS, max_size=40))
def test_whatever_happens_the_log_is_a_chain_and_rollbacks_come_to_an_end(
    verbs: list[Verb],
) -> None:
    """Each entry begins where the one before ended; nothing deleted is ever live or on trial."""
    function, log, gone = live(None), [], set[int]()
    for verb in verbs:
        if verb.version in gone and verb.name in {"publish", "roll back to", "try", "delete"}:
            continue  # the use cases refuse what is deleted
        change = verb(function)
        if change is None:
            continue
        log.append(change.release)
        if change.release.kind is ReleaseKind.VERSION_DELETED:
            gone.add(verb.version)
        function = change.function
        trial = function.canary
        assert function.live_version not in gone
        assert gone.isdisjoint(function.live_before)
        assert trial is None or trial.version not in {function.live_version, *gone}

    assert [each.seq for each in log] == list(range(1, function.releases + 1))
    begins = [each.live_before for each in log]
    assert begins == [None, *(each.live_after for each in log)][: len(log)]

    for _ in range(len(function.live_before) + 1):
        change = Verb(name="roll back", version=1)(function)
        if change is None:
            break
        ends_a_trial = change.release.kind is ReleaseKind.CANARY_STOPPED
        assert ends_a_trial == (change.function.live_version == function.live_version)
        function = change.function
    assert Verb(name="roll back", version=1)(function) is None
