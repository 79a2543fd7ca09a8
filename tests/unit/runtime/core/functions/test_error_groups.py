"""Failed runs, gathered by what failed and where, and never into too many groups."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions import error_groups
from runtime.core.functions.error_groups import MAX_A_DAY, OTHERS, ErrorGroup
from runtime.core.functions.run import Outcome, Run
from tests.builders import NOW, NOW_MS, a_run

LATER = "2026-11-20T14:00:00.000Z"
FRAMES = (
    "Traceback (most recent call last):\n"
    '  File "function.py", line 9, in handler\n'
    "    return price(event)\n"
    '  File "function.py", line 4, in price\n'
    "    return 1 / event['count']\n"
)


def failed(
    kind: str = "ZeroDivisionError", message: str = "division by zero", **changes: Any
) -> Run:
    """A run that raised at line 4."""
    frames = changes.pop("frames", FRAMES)
    error = {"type": kind, "message": message, "traceback": f"{frames}{kind}: {message}"}
    return replace(a_run(outcome=Outcome.RAISED, output=None, error=error), **changes)


def only(*runs: Run) -> ErrorGroup:
    """The one group of these runs."""
    (group,) = error_groups.group(runs, function_created_at=NOW)
    return group


class TestWhichGroup:
    """One fault, one group."""

    def test_runs_that_fail_alike_are_one_group(self) -> None:
        """Counted, with the newest as the example and the oldest as the beginning."""
        newest = failed(message="by zero", id="run_2", created_at=LATER)
        group = only(newest, failed(id="run_1"))
        assert (group.count, group.first_seen, group.last_seen) == (2, NOW, LATER)
        assert (group.run_id, group.message) == ("run_2", "by zero")

    def test_the_line_is_the_last_of_the_users_own(self) -> None:
        """Not that of the handler, which all failures have in common."""
        group = only(failed())
        assert (group.line, group.text) == (4, "return 1 / event['count']")

    def test_version_type_and_line_tell_groups_apart(self) -> None:
        """A mend in a new version does not hide that the old one failed."""
        elsewhere = FRAMES.replace("line 4", "line 5")
        runs = [failed(), failed(version=2), failed("KeyError"), failed(frames=elsewhere)]
        assert len(error_groups.group(runs, function_created_at=NOW)) == 4

    def test_a_run_that_was_stopped_or_refused_has_no_line(self) -> None:
        """Its type and its code tell it apart."""
        bad_topic = {"type": "BadEffect", "code": "bad_topic", "message": "x", "traceback": ""}
        refused = replace(failed(), outcome=Outcome.REFUSED, error=bad_topic)
        other = replace(refused, error=bad_topic | {"code": "no_profile"})
        stopped = replace(failed("TimedOut", frames=""), outcome=Outcome.TIMED_OUT)
        groups = error_groups.group([refused, other, stopped], function_created_at=NOW)
        assert [(each.type, each.code, each.line) for each in groups] == [
            ("BadEffect", "bad_topic", None),
            ("BadEffect", "no_profile", None),
            ("TimedOut", None, None),
        ]

    def test_a_message_cannot_pass_for_a_line(self) -> None:
        """It is the user's text and stands in the traceback too."""
        message = 'no\n  File "function.py", line 99, in handler\n    x'
        assert only(failed(message=message)).line == 4
        assert only(failed(message=message, frames="")).line is None

    def test_functions_that_had_one_name_after_the_other_share_no_group(self) -> None:
        """The new one has neither the faults of the old one nor its counts."""
        old, new = (
            error_groups.group([failed(), failed("KeyError")], function_created_at=at)
            for at in (NOW, LATER)
        )

        assert {group.id for group in old}.isdisjoint(group.id for group in new)
        others = [error_groups.bounded(groups, admitted=()) for groups in (old, new)]
        assert others[0][0].id != others[1][0].id

    def test_what_did_well_did_not_run_or_waits_is_in_no_group(self) -> None:
        """A `RetryError` is a failure when nothing follows it."""
        retry = failed("RetryError", outcome=Outcome.RETRY)
        waiting = replace(retry, due_at_ms=NOW_MS)
        skipped = failed("FunctionDisabled", outcome=Outcome.SKIPPED)
        assert error_groups.group([a_run(), waiting, skipped], function_created_at=NOW) == []
        assert only(retry).type == "RetryError"

    def test_an_error_without_anything_has_a_group(self) -> None:
        """A record may be older than the fields."""
        assert only(replace(failed(), error=None)).type == "raised"

    def test_long_texts_are_cut(self) -> None:
        """A group is one small item."""
        group = only(failed("E" * 500, "m" * 5000))
        assert (len(group.type), len(group.message)) == (100, 300)


class TestHowMany:
    """Code that makes up a new class for each event."""

    def test_what_may_not_be_opened_is_counted_under_others(self) -> None:
        """Nothing is lost but the distinction."""
        groups = error_groups.group(
            [failed(f"E{n}", id=f"run_{n}") for n in range(10)], function_created_at=NOW
        )
        within = error_groups.bounded(groups, admitted=[groups[0].id])
        assert [(each.type, each.count, each.line) for each in within] == [
            ("E0", 1, 4),
            (OTHERS, 9, None),
        ]

    @given(st.lists(st.lists(st.integers(0, 200), max_size=10), max_size=60))
    def test_a_day_opens_so_many_groups_and_no_more(self, batches: list[list[int]]) -> None:
        """Those that came first; and they stay open."""
        open_ids: frozenset[str] = frozenset()
        for batch in batches:
            after = error_groups.opened(open_ids, [f"err_{n}" for n in batch])
            assert after >= open_ids
            open_ids = after
        asked = {f"err_{n}" for batch in batches for n in batch}
        assert open_ids <= asked
        assert len(open_ids) == min(MAX_A_DAY, len(asked))
