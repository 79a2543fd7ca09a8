"""Idempotency keys: whatever becomes of the requests that carry one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from queue import Queue
from threading import Thread
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from runtime.core.tenancy.idempotency import Claim
from runtime.errors import BadInput, Conflict
from runtime.stores.tenancy.claims import Claims
from runtime.usecases.tenancy.answer_once import Answered, AnswerOnce, Ask
from tests.builders import TENANT
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play

LEASE_S = 60
KEPT_S = 24 * 3600
WAIT_S = 20  # for a thread that has something to say at once


class Name(NamedTuple):
    """What a claim is for: the same key of another caller is another claim."""

    caller: str
    key: str


class KilledError(Exception):
    """The process that served a request has ended."""


class Ended(NamedTuple):
    """How a request ended: with an answer, or with an error."""

    answer: Answered | None
    problem: BaseException | None = None


class MortalClaims:
    """The store as one request sees it, until the request's process is killed."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.killed = False

    def take(self, claim: Claim, *, now_s: int) -> Claim | None:
        """The store's."""
        return self._alive().take(claim, now_s=now_s)

    def finish(self, claim: Claim) -> None:
        """The store's."""
        self._alive().finish(claim)

    def release(self, claim: Claim) -> None:
        """The store's."""
        self._alive().release(claim)

    def _alive(self) -> Claims:
        if self.killed:
            raise KilledError
        return self.claims


@dataclass(eq=False, kw_only=True)
class Request:
    """A request in a thread of its own, which runs only while the machine waits for it."""

    name: Name
    body: bytes
    claims: MortalClaims
    began_s: float  # epoch seconds
    orders: "Queue[Callable[[], Answered]]" = field(default_factory=Queue)
    news: "Queue[Ended | None]" = field(default_factory=Queue)  # None: it does its work now

    def standing(self, answer: Answered | None = None) -> "Standing":
        """The claim as this request has made it; with an answer once its work is done."""
        return Standing(
            body=self.body,
            owner=self,
            lease_ends_s=self.began_s + LEASE_S,
            expires_s=self.began_s + KEPT_S,
            answer=answer,
        )

    def start(self, once: AnswerOnce, ask: Ask) -> Ended | None:
        """Run until it does its work, or has ended without."""
        Thread(target=self._serve, args=(once, ask), daemon=True).start()
        return self.news.get(timeout=WAIT_S)

    def go_on(self, order: Callable[[], Answered]) -> Ended:
        """Let its work come to this, and run to the end."""
        self.orders.put(order)
        ended = self.news.get(timeout=WAIT_S)
        assert ended is not None
        return ended

    def _serve(self, once: AnswerOnce, ask: Ask) -> None:
        try:
            self.news.put(Ended(once(ask, self._work)))
        except (BadInput, Conflict, KilledError) as problem:
            self.news.put(Ended(None, problem))

    def _work(self) -> Answered:
        self.news.put(None)
        return self.orders.get(timeout=WAIT_S)()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the model knows of a claim."""

    body: bytes
    owner: Request
    lease_ends_s: float
    expires_s: float
    answer: Answered | None = None  # None while its owner is at work


class IdempotencyKeys(StoreMachine):
    """Requests of two callers with the same key, which overlap, fail, are killed and come late."""

    working = Bundle("working")

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.claims = Claims(config=self.cloud.config)
        self.clock = FakeClock("2026-11-20T13:04:05.000Z")
        self.standing: dict[Name, Standing] = {}
        self.at_work: list[Request] = []
        self.answers = 0

    @rule(
        target=working,
        name=st.builds(Name, st.sampled_from(["ci", "ci", "shop"]), st.just("k1")),
        body=st.sampled_from([b"a", b"a", b"a", b"b"]),
    )
    def a_request_comes(self, name: Name, body: bytes) -> object:
        """It does its work only if no answer is kept and nobody is at it."""
        request = Request(
            name=name, body=body, claims=MortalClaims(self.claims), began_s=self.now_s
        )
        ask = Ask(tenant=TENANT, caller=name.caller, key=name.key, path="/v1/x", body=body)
        ended = request.start(self.once(request), ask)
        if ended is None:
            self.at_work.append(request)
        earlier = self.stands(name)
        if earlier is None:
            assert ended is None
            self.standing[name] = request.standing()
            return request
        assert ended is not None
        self.is_a_repeat(ended, earlier, body)
        return multiple()

    @rule(target=working, request=working)
    def a_repeat_overtakes_it(self, request: Request) -> object:
        """Its lease is over, so it counts as killed; it may be at work all the same."""
        self.clock.advance(LEASE_S + 1)
        return self.a_request_comes(request.name, request.body)

    @rule(request=consumes(working), has_secret=st.booleans())
    def its_work_is_done(self, request: Request, *, has_secret: bool) -> None:
        """The first answer is kept, although its request may have been overtaken by a repeat."""
        self.answers += 1
        answer = Answered(
            status=201,
            body={"number": self.answers},
            once={"secret": f"s{self.answers}"} if has_secret else None,
        )
        assert request.go_on(lambda: answer) == Ended(answer)
        self.at_work.remove(request)
        claim = self.standing.get(request.name)
        if claim is None or (claim.body == request.body and claim.answer is None):
            self.standing[request.name] = request.standing(answer)
        self.a_repeat_meets_what_stands(request.name)

    @rule(request=consumes(working))
    def its_work_is_refused(self, request: Request) -> None:
        """Nothing has happened, so the caller may mend the request and send it again at once."""
        problem = BadInput("is not good", field="name")

        assert request.go_on(partial(_raise, problem)) == Ended(None, problem)
        self.at_work.remove(request)
        claim = self.standing.get(request.name)
        if claim is not None and claim.owner is request and claim.answer is None:
            del self.standing[request.name]
        self.a_repeat_meets_what_stands(request.name)

    @rule(request=consumes(working))
    def it_is_killed(self, request: Request) -> None:
        """Nobody lets the claim go, so its lease has to end."""
        request.claims.killed = True
        request.go_on(partial(_raise, KilledError()))
        self.at_work.remove(request)

    @rule(wait_s=st.sampled_from([1, LEASE_S, LEASE_S + 1]))
    def time_passes(self, wait_s: int) -> None:
        """Leases end."""
        self.clock.advance(wait_s)

    # The function that serves a request is ended after 30 s, so none is at work for a day.
    @precondition(lambda self: not self.at_work)
    @rule(wait_s=st.sampled_from([KEPT_S - LEASE_S, KEPT_S, KEPT_S + 1]))
    def a_day_passes(self, wait_s: int) -> None:
        """A day after a request its answer is forgotten."""
        self.clock.advance(wait_s)

    @invariant()
    def a_request_is_at_work_alone_while_its_lease_lasts(self) -> None:
        """Two at once would do twice what the caller asked for once."""
        lasting = [each.name for each in self.at_work if self.now_s <= each.began_s + LEASE_S]

        assert len(lasting) == len(set(lasting))

    def teardown(self) -> None:
        """Let no thread wait for ever."""
        for request in [*self.at_work]:
            self.it_is_killed(request)
        super().teardown()

    def a_repeat_meets_what_stands(self, name: Name) -> None:
        """Whoever ends leaves the claim of another as it was: a repeat is where that shows."""
        claim = self.stands(name)
        if claim is not None:
            self.a_request_comes(name, claim.body)

    @property
    def now_s(self) -> float:
        """The time in epoch seconds."""
        return self.clock().timestamp()

    def once(self, request: Request) -> AnswerOnce:
        """The use case; its seal is one that a test can read."""
        return AnswerOnce(
            claims=request.claims,
            seal=lambda tenant, text: f"{tenant}:{text}",
            unseal=lambda tenant, text: text.removeprefix(f"{tenant}:"),
            clock=self.clock,
        )

    def stands(self, name: Name) -> Standing | None:
        """The claim that a new request meets."""
        claim = self.standing.get(name)
        if claim is None or claim.expires_s < self.now_s:
            return None
        abandoned = claim.answer is None and claim.lease_ends_s < self.now_s
        return None if abandoned else claim

    def is_a_repeat(self, ended: Ended, earlier: Standing, body: bytes) -> None:
        """A repeat hears the first answer, unless it is none or comes too early."""
        if earlier.body != body:
            assert isinstance(ended.problem, BadInput)
            assert ended.problem.code == "idempotency_key_reused"
        elif earlier.answer is None:
            assert isinstance(ended.problem, Conflict)
            assert ended.problem.code == "idempotency_in_progress"
        else:
            first, again = earlier.answer, ended.answer
            assert again is not None
            assert again.repeated
            assert (first.status, first.body) == (again.status, again.body)
            assert first.once == again.once


def _raise(problem: Exception) -> Answered:
    raise problem


def test_a_request_with_a_key_is_done_once_and_answered_the_same(account: Cloud) -> None:
    """At most one at work, one answer for all repeats, and a refused one may come again."""
    play(lambda: IdempotencyKeys(account), histories=100, steps=40)
