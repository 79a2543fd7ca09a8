"""What one attempt means: the whole matrix."""

from datetime import UTC, datetime

import pytest

from runtime.core.deliveries import attempt
from runtime.core.deliveries.attempt import (
    Answered,
    Dead,
    Delivered,
    Disable,
    Failed,
    RetryAt,
    judge,
)

NOW = datetime(2026, 11, 20, 13, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def outcome(
    happening: attempt.Happening, *, number: int = 1
) -> Delivered | RetryAt | Dead | Disable:
    """What follows on a schedule of one retry after 100 s, without jitter."""
    return judge(happening, attempt=number, now=NOW, dice=0.5, schedule_s=(100,))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_any_2xx_is_success(status: int) -> None:
    """Receivers answer what their framework answers."""
    assert outcome(Answered(status=status)) == Delivered()


@pytest.mark.parametrize(
    "status",
    [
        101,
        *range(300, 309),
        400,
        401,
        403,
        404,
        408,
        409,
        422,
        425,
        429,
        451,
        *range(500, 512),
        599,
    ],
)
def test_everything_else_is_tried_again(status: int) -> None:
    """Receivers deploy wrong routes and expire tokens; three days give them time to notice."""
    assert outcome(Answered(status=status)) == RetryAt(NOW_MS + 100_000)
    assert outcome(Answered(status=status), number=2) == Dead("attempts_exhausted")
    assert attempt.error_code(Answered(status=status)) == f"http_{status}"


def test_410_disables_the_webhook_at_once() -> None:
    """Gone is the one word that means never again."""
    assert outcome(Answered(status=410)) == Disable("gone")


@pytest.mark.parametrize(
    "code", ["dns_failure", "connect_refused", "tls_error", "reset", "timeout"]
)
def test_a_failure_without_an_answer_is_tried_again(code: str) -> None:
    """Networks heal."""
    failed = Failed(code=code, sentence="it broke")

    assert outcome(failed) == RetryAt(NOW_MS + 100_000)
    assert outcome(failed, number=2) == Dead("attempts_exhausted")
    assert (attempt.error_code(failed), attempt.sentence(failed)) == (code, "it broke")


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_retry_after_is_honoured_where_it_means_wait(status: int) -> None:
    """These four say: I am there, come later."""
    assert outcome(Answered(status=status, retry_after=("600",))) == RetryAt(NOW_MS + 600_000)
    assert outcome(Answered(status=status, retry_after=("1",))) == RetryAt(NOW_MS + 100_000)


@pytest.mark.parametrize("status", [302, 400, 404, 500, 502])
def test_retry_after_is_ignored_elsewhere(status: int) -> None:
    """A header on an error page is not a promise."""
    assert outcome(Answered(status=status, retry_after=("600",))) == RetryAt(NOW_MS + 100_000)


def test_a_success_has_no_error() -> None:
    """The log shows an error exactly when there was one."""
    assert attempt.error_code(Answered(status=204)) is None
    assert attempt.sentence(Answered(status=204)) == "the receiver answered 204"


@pytest.mark.parametrize(("status", "hint"), [(302, "final URL"), (410, "disabled"), (500, "500")])
def test_the_sentence_says_what_to_do(status: int, hint: str) -> None:
    """It is what the receiver's developer reads first."""
    assert hint in attempt.sentence(Answered(status=status))
