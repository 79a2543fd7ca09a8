"""The time that calls are signed with: this machine's, or the service's where the two disagree.

AWS refuses a signature that is more than five minutes old or early, and names the reason by codes
that also mean a wrong key. Whether it was the clock is seen by the `Date` of the refusal.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-clock-skew.html
"""

from datetime import UTC, datetime, timedelta
from typing import Final

REFUSALS: Final = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
# Less is no reason for a refusal: `Date` has whole seconds, and an answer takes its time to come.
LEAST_SKEW: Final = timedelta(minutes=1)
_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"  # RFC 9110 5.6.7, the one form that servers may send


class ServerClock:
    """A clock that a refusal can set; for threads and event loops alike."""

    def __init__(self) -> None:
        self._offset = timedelta()  # of the service's clock before this machine's

    def now(self) -> datetime:
        """The time by the service's clock, as far as it is known; UTC."""
        return datetime.now(UTC) + self._offset

    def set_by(self, date: str | None, *, signed_at: datetime) -> bool:
        """Set it by the `Date` of an answer; False when the clock was not why a call was refused.

        `signed_at` is the time that the call was signed with, not the present: while it was under
        way another call may have set the clock already.
        """
        service_time = _moment(date)
        if service_time is None or abs(service_time - signed_at) < LEAST_SKEW:
            return False
        self._offset = service_time - datetime.now(UTC)
        return True


def _moment(date: str | None) -> datetime | None:
    try:
        return datetime.strptime(date or "", _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
