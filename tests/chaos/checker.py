"""Recomputes every delivery's end from its receiver's own log, and explains each repeated POST.

Three logs are laid side by side: the POSTs that receivers saw, the faults that were made, and the
writes that the table took. A POST that is on no record must have a fault of its own life to show.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.pacing import endpoint_health, rate_limit
from tests.chaos.commits import Write, is_limbo
from tests.chaos.faults import Fault, Kind
from tests.chaos.receivers import LIMIT, SCHEDULE_S, SCRIPTS, Post

Entry = TypeVar("Entry", Post, Write)
_END_NS: Final = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a run leaves behind; `expected` has the webhook of each delivery."""

    expected: Mapping[str, str]
    records: Mapping[str, Delivery]
    posts: Sequence[Post]
    writes: Sequence[Write]
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checker found, when it found nothing wrong.

    `lost_writes` are POSTs that no record knows of; `duplicates_explained` those sent again.
    """

    lost_writes: int
    duplicates_explained: int
    duplicates_after_terminal: int
    lost: int
    limbo: int
    ends: Mapping[str, int]


def check(evidence: Evidence) -> Verdict:
    """The verdict.

    Raises:
        AssertionError: something is lost, in limbo, doubled without need, or ended wrongly.
    """
    records = evidence.records
    lost, strange = evidence.expected.keys() - records.keys(), records.keys() - evidence.expected
    limbo = [record for record in records.values() if is_limbo(record)]
    limbo += [records[write.delivery_id] for write in evidence.writes if write.is_limbo]
    posts, writes = _by_delivery(evidence.posts), _by_delivery(evidence.writes)
    late = _after_terminal(evidence.posts, writes)
    found = (len(lost), len(limbo), len(late), len(strange))
    assert found == (0, 0, 0, 0), (found, sorted(lost)[:3], limbo[:3], late[:3])
    excuses = _Excuses(evidence.faults)
    answers: dict[str, list[Post]] = defaultdict(list)
    for post in evidence.posts:
        answers[post.webhook_id].append(post)
    lost_writes = duplicates = 0
    for record in records.values():
        mine = posts[record.id]
        on_record = _on_record(record, mine, writes=writes[record.id])
        for number, (post, recorded) in enumerate(zip(mine, on_record, strict=True)):
            assert recorded or excuses.has(post), ("doubled for no reason", post, record)
            lost_writes += not recorded
            duplicates += not recorded and number + 1 < len(mine)
        _check_end(record, answers[record.webhook_id])
    _check_limit(post.clock_s for post in evidence.posts if post.webhook_id == "whk_limited")
    return Verdict(
        ends=dict(sorted(Counter(str(record.status) for record in records.values()).items())),
        lost=len(lost),
        limbo=len(limbo),
        duplicates_after_terminal=len(late),
        lost_writes=lost_writes,
        duplicates_explained=duplicates,
    )


class _Excuses:
    """Which POSTs may have left no record."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        every = list(faults)
        self._killed = {fault.life for fault in every if fault.kind is Kind.KILLED}
        self._refused = {(fault.life, fault.about) for fault in every if fault.kind is Kind.REFUSED}

    def has(self, post: Post) -> bool:
        """Killed before the write, or the write was refused."""
        return post.life in self._killed or (post.life, post.delivery_id) in self._refused


def _after_terminal(posts: Iterable[Post], writes: Mapping[str, Sequence[Write]]) -> list[Post]:
    """POSTs that began when their record had ended."""
    ended_ns = {
        delivery_id: min(write.at_ns for write in each if write.is_terminal)
        for delivery_id, each in writes.items()
        if any(write.is_terminal for write in each)
    }
    return [post for post in posts if post.at_ns > ended_ns.get(post.delivery_id, _END_NS)]


def _on_record(record: Delivery, posts: Sequence[Post], *, writes: Sequence[Write]) -> list[bool]:
    """Whether each POST is one of the record's attempts, with the answer that was given."""
    found: list[bool] = []
    attempts = 0
    ends_ns = [post.at_ns for post in posts[1:]] + [_END_NS]
    for post, end_ns in zip(posts, ends_ns, strict=False):
        found.append(
            any(w.attempts == attempts + 1 and post.at_ns < w.at_ns < end_ns for w in writes)
        )
        if found[-1]:
            assert record.attempts[attempts].status == post.status, (record, post)
            attempts += 1
    assert attempts == len(record.attempts), ("attempts that no receiver saw", record)
    assert not any(one.is_terminal for one, _ in pairwise(writes)), ("ended twice", writes)
    return found


def _check_end(record: Delivery, posts: Sequence[Post]) -> None:
    """The end that the answers on record lead to; `posts` are all those of its webhook."""
    last = record.attempts[-1].status if record.attempts else None
    end: tuple[Status, str | None]
    if last == 200:
        end = (Status.DELIVERED, None)
    elif last == 410:
        end = (Status.DEAD, "gone")
    elif len(record.attempts) == len(SCHEDULE_S) + 1:
        end = (Status.DEAD, "attempts_exhausted")
    elif record.status is Status.PENDING:
        return
    else:
        end = (Status.SKIPPED, "webhook_disabled")
        _check_disabled(record.webhook_id, posts)
    assert (record.status, record.reason) == end, record


def _check_disabled(webhook_id: str, posts: Sequence[Post]) -> None:
    """Whoever is passed over has said so itself, or has failed for five days."""
    if SCRIPTS[webhook_id].otherwise == 410:
        assert any(post.status == 410 for post in posts)
        return
    failed_s = [post.clock_s for post in posts if post.status != 200]
    assert max(failed_s) - min(failed_s) >= endpoint_health.DISABLE_AFTER_S


def _check_limit(clock_s: Iterable[float]) -> None:
    """Each ticket once; late by at most what a ticket may be late."""
    seconds = Counter(int(at_s) for at_s in clock_s)
    span = rate_limit.LATE_MS // 1000 + 1
    assert max(seconds.values(), default=0) <= span * LIMIT.count


def _by_delivery(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: each.at_ns):
        grouped[entry.delivery_id].append(entry)
    return grouped
