"""A function is switched, deleted and restored; each verb may be said twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.errors import Conflict
from tests.builders import a_function

NOW = "2026-11-20T13:04:05.123Z"
LATER = "2026-11-22T00:00:00.000Z"
FUNCTIONS = st.builds(a_function, enabled=st.booleans(), live_version=st.none() | st.just(1))


@given(enabled=st.booleans(), wanted=st.booleans())
def test_a_switch_that_stands_so_already_changes_nothing(*, enabled: bool, wanted: bool) -> None:
    """Whoever lost an answer asks again, and the time of the real change stays on record."""
    function = a_function(enabled=enabled, switched_at=NOW)

    switched = life.switched(function, enabled=wanted, now=LATER)

    assert wanted == switched.enabled
    assert (function is switched) == (enabled == wanted)
    assert switched.switched_at == (NOW if enabled == wanted else LATER)


@given(FUNCTIONS)
def test_a_function_comes_back_as_it_was(before: Function) -> None:
    """Undo that loses a setting is another accident."""
    assert before == life.restored(life.deleted(before, now=NOW))
    assert before is life.restored(before)


def test_a_second_deletion_does_not_begin_the_days_of_grace_anew() -> None:
    """The day that the first answer named stays the day."""
    once = life.deleted(a_function(), now=NOW)

    assert once is life.deleted(once, now=LATER)
    assert "2026-11-27T13:04:05.123Z" == once.purged_at
    assert life.purge(a_function()) is None


def test_a_purge_is_of_one_deletion_and_of_no_other() -> None:
    """A function that was restored and deleted again has another seven days."""
    first = life.deleted(a_function(), now=NOW)
    second = life.deleted(life.restored(first), now=LATER)

    purge = life.purge(first)

    assert purge is not None
    assert purge.is_of(first)
    assert not purge.is_of(life.restored(first))
    assert not purge.is_of(second)


def test_what_is_deleted_is_not_changed_and_the_error_says_how_to_get_it_back() -> None:
    """A setting of a deleted function would be a change that nobody sees."""
    function = life.deleted(a_function(name="vip"), now=NOW)

    with pytest.raises(Conflict, match="penstock functions restore vip") as refusal:
        life.kept(function)
    with pytest.raises(Conflict):
        life.switched(function, enabled=False, now=LATER)

    assert "function_deleted" == refusal.value.code
    assert life.kept(a_function()) == a_function()


def test_a_function_whose_purge_has_begun_does_not_come_back() -> None:
    """It might lack the version that it is to run."""
    function = replace(life.deleted(a_function(), now=NOW), purging=True)

    with pytest.raises(Conflict, match="being removed"):
        life.restored(function)
    with pytest.raises(Conflict, match="its name is free"):
        life.kept(function)
