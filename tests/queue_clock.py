"""The clock by which the queues of an account in this process hide messages."""

import pytest

# When it starts, in seconds since 1970; any time serves.
START_S = 1_763_643_845.0


class QueueClock:
    """A clock that stands until a test moves it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now_s = START_S
        patch.setattr("moto.sqs.models.unix_time_millis", lambda: self.now_s * 1000)
        patch.setattr("moto.sqs.models.unix_time", lambda: self.now_s)

    def pass_by(self, seconds: float) -> None:
        """So much time passes."""
        self.now_s += seconds
