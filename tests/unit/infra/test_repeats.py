"""A delivery that comes twice without a reason is found."""

import json
from pathlib import Path

import pytest

from infra.local.ministack_journal import Journal
from tests.repeats import Evidence, Kill, Reason, kill_of, superseded

KILL = Kill(at_s=100.0, over_s=103.0, attempted={"dlv_1": 90.0}, matched={"evt_2"})
EVIDENCE = Evidence(kills=[KILL], sent_again={"evt_3"}, superseded={"dlv_2", "dlv_3", "dlv_4"})


def test_an_attempt_whose_worker_was_killed_is_made_again() -> None:
    """Nobody knows whether the receiver got it."""
    assert [] == EVIDENCE.reasons("dlv_1", "evt_1", [99.0])
    assert [Reason.KILLED] == EVIDENCE.reasons("dlv_1", "evt_1", [99.0, 110.0])


@pytest.mark.parametrize("number", [2, 3])
def test_two_hints_that_are_served_at_once_make_two_attempts(number: int) -> None:
    """Its event was being matched when it was killed, or its producer has sent the event again."""
    arrivals_s = [120.0, 120.3]

    assert [Reason.TWO_HINTS] == EVIDENCE.reasons(f"dlv_{number}", f"evt_{number}", arrivals_s)


@pytest.mark.parametrize(
    ("delivery", "event", "arrivals_s"),
    [
        ("dlv_1", "evt_1", [89.0, 110.0]),  # it came before its worker had the hint
        ("dlv_1", "evt_1", [98.0, 99.0]),  # again before the kill
        ("dlv_1", "evt_1", [104.0, 110.0]),  # both when all was over
        ("dlv_1", "evt_1", [99.0, 110.0, 115.0]),  # a third time
        ("dlv_5", "evt_2", [120.0, 120.3]),  # all its attempts are on record
        ("dlv_2", "evt_2", [120.0, 176.0]),  # longer apart than a worker has a batch
        ("dlv_4", "evt_4", [120.0, 120.3]),  # its event was matched once
        ("dlv_4", "evt_4", [99.0, 110.0]),
    ],
)
def test_any_other_repeat_is_a_fault(delivery: str, event: str, arrivals_s: list[float]) -> None:
    """A test that explains everything finds nothing."""
    with pytest.raises(AssertionError, match=f"{delivery} of {event} came again"):
        EVIDENCE.reasons(delivery, event, arrivals_s)


def test_what_workers_had_is_read_from_the_journal(tmp_path: Path) -> None:
    """A message that waits, or that has become visible again, was with nobody."""
    journal = Journal(file=tmp_path / "journal.sqlite")
    for number, (queue, received, visible_at) in enumerate(
        [
            ("a-DeliverQueue-1", 1, 150.0),
            ("a-SlowQueue-1", 2, 130.0),
            ("a-DeliverQueue-1", 0, 90.0),
            ("a-DeliverQueue-1", 1, 99.0),
            ("a-MatchQueue-1", 1, 155.0),
            ("a-MatchQueue-1", 0, 90.0),
            ("a-ArchiveQueue-1", 1, 155.0),
        ]
    ):
        body = {"delivery_id": f"dlv_{number}", "detail": {"id": f"evt_{number}"}}
        message = {
            "id": str(number),
            "body": json.dumps(body),
            "receive_count": received,
            "visible_at": visible_at,
        }
        journal.put(("message", queue, str(number)), message)
    journal.flush()
    journal.close()

    kill = kill_of(tmp_path, at_s=100.0, over_s=103.0)

    assert {"dlv_0": 90.0, "dlv_1": 70.0} == kill.attempted
    assert {"evt_4"} == kill.matched


def test_attempts_that_were_not_put_on_record_are_read_from_the_log() -> None:
    """Each line of a function is one JSON document; the others are the emulator's own."""
    lines = [
        "INFO [lambda] ESM: Lambda deliver output:",
        json.dumps({"delivery_id": "dlv_1", "outcome": "superseded"}, separators=(",", ":")),
        json.dumps({"delivery_id": "dlv_2", "outcome": "delivered"}, separators=(",", ":")),
    ]

    assert {"dlv_1"} == superseded("\n".join(lines))
