"""The breaker of an endpoint: whatever the attempts come to, and whenever."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Closed, Health, NoticeKind, Open, Probe, Seen
from tests.builders import NOW_MS, TENANT
from tests.machines.playing import play

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WAITS_MS = (1, 1_000, 29_999, 30_000, MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS, 5 * DAY_MS)
OUTCOMES = st.sampled_from(["http_500", "timed_out", None])
BATCHES = st.lists(OUTCOMES, min_size=1, max_size=12) | st.lists(
    st.just("http_500"), min_size=5, max_size=12
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a reader of the documentation expects of an endpoint."""

    failures: int = 0  # in a row
    since_ms: int | None = None  # epoch ms of the first of them
    next_probe_ms: int | None = None  # epoch ms; None while the breaker is closed
    trips: int = 0  # how often in a row the breaker has opened
    noticed: int = 0  # how many notices this row of failures has led to
    ended: bool = False  # whether the webhook is disabled for good
    notices: tuple[tuple[NoticeKind, int | None], ...] = ()  # not sent yet, in order

    def telling(self, kind: NoticeKind, after_s: int | None = None) -> "Expected":
        """With one notice more."""
        return replace(self, notices=(*self.notices, (kind, after_s)))

    def disabled(self) -> "Expected":
        """At the end."""
        return replace(self.telling(NoticeKind.DISABLED), ended=True, next_probe_ms=None)

    def after(self, error: str | None, *, now_ms: int, probe: bool = False) -> "Expected":
        """Behind one attempt."""
        if self.ended:
            return self
        if error is None:
            well = Expected(notices=self.notices)
            return well.telling(NoticeKind.RECOVERED) if self.noticed else well
        since_ms = now_ms if self.since_ms is None else self.since_ms
        failing = replace(self, failures=self.failures + 1, since_ms=since_ms)
        if now_ms - since_ms >= 5 * DAY_MS and failing.failures >= 10:
            return failing.disabled()
        return failing.heard(now_ms - since_ms).tripped(now_ms, probe=probe)

    def heard(self, lasted_ms: int) -> "Expected":
        """With word after an hour and after a day; what was missed is not told late."""
        passed = (lasted_ms >= HOUR_MS) + (lasted_ms >= DAY_MS)
        if passed <= self.noticed:
            return self
        after_s = 3600 if passed == 1 else 24 * 3600
        return replace(self, noticed=passed).telling(NoticeKind.FAILING, after_s)

    def tripped(self, now_ms: int, *, probe: bool) -> "Expected":
        """With the breaker open, twice as long as the last time, up to half an hour."""
        if self.failures < 10 or (self.next_probe_ms is not None and not probe):
            return self
        delay_s = (30, 60, 120, 240, 480, 960, 1800)[min(self.trips, 6)]
        return replace(self, trips=self.trips + 1, next_probe_ms=now_ms + delay_s * 1000)


class Endpoint(RuleBasedStateMachine):
    """An endpoint that is attempted, probed and switched, beside what is expected of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.health = Health(tenant=TENANT, webhook_id="whk_1")
        self.expected = Expected()
        self.probing = False  # whether a probe is under way

    @rule(wait_ms=st.sampled_from(WAITS_MS))
    def time_passes(self, wait_ms: int) -> None:
        """A probe whose lease ends was killed, and another may go."""
        self.now_ms += wait_ms

    @precondition(lambda self: self.is_open and not self.may_probe)
    @rule(early_ms=st.sampled_from([0, 1]))
    def the_time_of_the_probe_comes(self, early_ms: int) -> None:
        """To the millisecond, or one before."""
        self.now_ms = (self.expected.next_probe_ms or 0) - early_ms

    @precondition(lambda self: not self.is_open)
    @rule(errors=BATCHES)
    def a_batch_is_attempted(self, errors: list[str | None]) -> None:
        """While the breaker is closed whole batches go; one failure of many is an accident."""
        after = self.expected
        for error in errors:
            after = after.after(error, now_ms=self.now_ms)
        accident = not self.expected.failures and after.failures == 1 and len(errors) > 1
        self.expected = self.expected if accident else after
        self.observe([Seen(error=error) for error in errors])

    @precondition(lambda self: self.is_open)
    @rule(error=OUTCOMES)
    def an_attempt_ends_that_was_under_way(self, error: str | None) -> None:
        """It began before the breaker opened, so its failure does not prolong anything."""
        self.expected = self.expected.after(error, now_ms=self.now_ms)
        self.observe([Seen(error=error)])

    @precondition(lambda self: self.is_open and not self.may_probe)
    @rule()
    def nobody_goes_before_its_time(self) -> None:
        """An open breaker names the time, so that who waits need not ask again before."""
        assert self.gate() == Open(self.expected.next_probe_ms or 0)

    @precondition(lambda self: self.is_open and self.may_probe)
    @rule()
    def one_probe_goes(self) -> None:
        """Whoever stores the claim goes, and all others wait for its lease."""
        gate = self.gate()
        assert isinstance(gate, Probe)
        self.health = gate.claim
        lease_ends_ms = self.now_ms + MINUTE_MS
        self.expected = replace(self.expected, next_probe_ms=lease_ends_ms)
        self.probing = True
        assert self.gate() == Open(lease_ends_ms)

    @precondition(lambda self: self.is_open and self.probing)
    @rule(error=OUTCOMES)
    def the_probe_ends(self, error: str | None) -> None:
        """Its outcome closes the breaker, or opens it for twice as long."""
        self.probing = False
        self.expected = self.expected.after(error, now_ms=self.now_ms, probe=True)
        self.observe([Seen(error=error, probe=True)])

    @precondition(lambda self: self.expected.failures > 10)
    @rule()
    def the_receiver_is_gone(self) -> None:
        """410 says: never again."""
        if not self.expected.ended:
            failures = self.expected.failures + 1
            since_ms = self.expected.since_ms or self.now_ms
            failing = replace(self.expected, failures=failures, since_ms=since_ms)
            self.expected = failing.disabled()
        self.observe([Seen(error="http_410", gone=True)])

    @rule()
    def notices_are_sent(self) -> None:
        """Each goes out once."""
        self.health = replace(self.health, notices=())
        self.expected = replace(self.expected, notices=())

    @precondition(lambda self: self.expected.ended)
    @rule()
    def it_is_switched_on_again(self) -> None:
        """Nothing bad is known of it then, and nothing is left to say."""
        self.health = endpoint_health.reset(self.health)
        self.expected = Expected()

    @invariant()
    def failures_are_those_in_a_row(self) -> None:
        """Neither a success before them nor one after them is among them."""
        assert self.expected.failures == self.health.failures
        assert self.expected.since_ms == self.health.failing_since_ms

    @invariant()
    def it_is_open_after_ten_failures_and_not_before(self) -> None:
        """Else one bad minute would hold back a sound receiver's deliveries."""
        assert self.expected.next_probe_ms == self.health.open_until_ms
        assert not self.is_open or self.health.failures >= 10
        assert self.is_open or isinstance(self.gate(), Closed)

    @invariant()
    def each_notice_is_told_once_and_in_order(self) -> None:
        """A tenant hears of the failures, then of their end, and of nothing twice."""
        told = tuple((notice.kind, notice.after_s) for notice in self.health.notices)
        assert self.expected.notices == told

    @invariant()
    def it_has_ended_for_good_or_not_at_all(self) -> None:
        """A breaker that is open is one of an endpoint that somebody will try again."""
        assert self.expected.ended == self.health.ended
        assert not (self.health.ended and self.health.open_until_ms is not None)

    @property
    def is_open(self) -> bool:
        """Whether the breaker is expected to be open."""
        return self.expected.next_probe_ms is not None

    @property
    def may_probe(self) -> bool:
        """Whether the time of the next probe has come."""
        return self.now_ms >= (self.expected.next_probe_ms or 0)

    def gate(self) -> Closed | Probe | Open:
        """What the breaker says now."""
        return endpoint_health.gate(self.health, now_ms=self.now_ms)

    def observe(self, seen: list[Seen]) -> None:
        """Tell the product how attempts went; once it has ended, nothing changes any more."""
        before = self.health
        self.health = endpoint_health.observe(before, seen, now_ms=self.now_ms)
        assert self.health is before or not before.ended


def test_an_endpoints_health_is_what_its_attempts_say() -> None:
    """Open after ten failures in a row, one probe at a time, each notice once, and an end."""
    play(Endpoint, histories=150, steps=60)
