"""Idempotency keys when things go wrong in between."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from runtime.core.tenancy import idempotency
from runtime.errors import BadInput, Conflict
from runtime.stores.tenancy.claims import Claims
from runtime.usecases.tenancy.answer_once import Answered, AnswerOnce, Ask
from tests.cloud import Cloud, in_process
from tests.doubles import FakeClock

ASK = Ask(tenant="acme", caller="0" * 64, key="k1", path="/v1/webhooks", body=b"{}")


class Killed(BaseException):
    """The process ends here; nothing after it runs."""


class Effects:
    """Counts how often it was really done."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Answered:
        """Do it once more."""
        self.count += 1
        return Answered(status=201, body={"n": self.count}, once={"secret": f"s{self.count}"})


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account."""
    with in_process() as account:
        yield account


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture
def once(cloud: Cloud, clock: FakeClock) -> AnswerOnce:
    """The use case on a real table."""
    secrets = cloud.secrets
    return AnswerOnce(
        claims=Claims(config=cloud.config), seal=secrets.seal, unseal=secrets.open, clock=clock
    )


def test_a_repeat_gets_the_first_answer_with_its_secret(once: AnswerOnce) -> None:
    """A lost answer must not mean a lost secret."""
    effects = Effects()

    first, again = once(ASK, effects), once(ASK, effects)

    assert (1, False, True) == (effects.count, first.repeated, again.repeated)
    assert (first.status, first.body, first.once) == (again.status, again.body, again.once)


def test_another_caller_of_the_tenant_does_not_get_the_kept_answer(once: AnswerOnce) -> None:
    """An answer may hold what only the first caller's scopes reach."""
    effects = Effects()

    first, other = once(ASK, effects), once(replace(ASK, caller="1" * 64), effects)

    assert (2, False) == (effects.count, other.repeated)
    assert first.once != other.once


def test_a_repeat_while_the_first_still_runs_is_told_to_wait(once: AnswerOnce) -> None:
    """Two at once would both have their effect."""
    effects = Effects()

    def slow() -> Answered:
        with pytest.raises(Conflict) as refusal:
            once(ASK, effects)
        assert "idempotency_in_progress" == refusal.value.code
        return effects()

    once(ASK, slow)
    assert 1 == effects.count


@pytest.mark.parametrize("problem", [BadInput("no"), RuntimeError("a defect")])
def test_a_failed_request_may_be_sent_again_at_once(once: AnswerOnce, problem: Exception) -> None:
    """An error is not an answer worth keeping."""
    effects = Effects()
    with pytest.raises(type(problem)):
        once(ASK, failing(problem))

    assert not once(ASK, effects).repeated
    assert 1 == effects.count


def test_a_killed_request_blocks_its_repeat_only_until_the_lease_ends(
    once: AnswerOnce, clock: FakeClock, cloud: Cloud
) -> None:
    """Whoever died cannot clean up; time does."""
    claims = Claims(config=cloud.config)
    effects = Effects()
    dying = AnswerOnce(
        claims=KilledBeforeRelease(claims), seal=once.seal, unseal=once.unseal, clock=clock
    )
    with pytest.raises(Killed):
        dying(ASK, failing(Killed()))

    with pytest.raises(Conflict):
        once(ASK, effects)
    clock.advance(idempotency.LEASE_S + 1)
    assert 201 == once(ASK, effects).status


def test_a_key_is_forgotten_after_a_day(once: AnswerOnce, clock: FakeClock) -> None:
    """DynamoDB deletes late, so the age is judged and not the presence."""
    effects = Effects()
    once(ASK, effects)
    clock.advance(idempotency.KEEP_S + 1)

    assert not once(ASK, effects).repeated
    assert 2 == effects.count


def test_a_request_that_was_overtaken_does_not_let_go_of_the_claim_of_another(
    cloud: Cloud,
) -> None:
    """A third one would do its work while the second is still at it."""
    claims = Claims(config=cloud.config)
    late, second = a_claim(at_s=0), a_claim(at_s=idempotency.LEASE_S + 1)
    assert claims.take(late, now_s=0) is None
    assert claims.take(second, now_s=idempotency.LEASE_S + 1) is None

    claims.release(late)

    assert second == claims.take(second, now_s=idempotency.LEASE_S + 2)


def test_an_answer_that_repeats_have_been_given_does_not_change(cloud: Cloud) -> None:
    """Two callers would hold two answers to one request."""
    claims = Claims(config=cloud.config)
    late, second = a_claim(at_s=0), a_claim(at_s=idempotency.LEASE_S + 1)
    claims.take(late, now_s=0)
    claims.take(second, now_s=idempotency.LEASE_S + 1)
    kept = replace(second, state=idempotency.State.DONE, status=201, body={"n": 2})
    claims.finish(kept)

    claims.finish(replace(late, state=idempotency.State.DONE, status=201, body={"n": 1}))

    assert kept == claims.take(second, now_s=idempotency.LEASE_S + 2)


def a_claim(*, at_s: int) -> idempotency.Claim:
    """The claim of a request that began then."""
    return idempotency.Claim(
        tenant=ASK.tenant,
        key_sha256="0" * 64,
        request_sha256="1" * 64,
        state=idempotency.State.RUNNING,
        lease_until_s=at_s + idempotency.LEASE_S,
        expires_at=at_s + idempotency.KEEP_S,
    )


class KilledBeforeRelease(Claims):
    """Claims of a process that dies before it can let go."""

    def __init__(self, claims: Claims) -> None:
        super().__init__(config=claims.config)

    def release(self, claim: idempotency.Claim) -> None:
        """Never happens."""


def failing(problem: BaseException) -> Callable[[], Answered]:
    """A request that ends like this."""

    def do() -> Answered:
        raise problem

    return do
