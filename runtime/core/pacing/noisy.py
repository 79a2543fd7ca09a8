"""Which tenants are noisy: they have so much of what waits on a queue that others wait for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

# Of an event between the bus and a worker, in seconds. A queue without a backlog hands an event on
# within a fraction of a second, or after the cold start of a worker; the bus's time has no
# fractions, so that an event seems to have waited up to a second longer than it has.
LATE_AFTER_S: Final = 3
REMEMBERED: Final = 300  # late events, the last that a worker took: thirty batches of ten
# Events of one tenant among those. SQS calls a group noisy as soon as it has a tenth of the
# messages that are in work, and 30 at least.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
NOISY_FROM: Final = 30


def remember(late: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    """The tenants of the last late events, after `more` have come."""
    return (*late, *more)[-REMEMBERED:]


def noisy(late: Iterable[str]) -> frozenset[str]:
    """The tenants that are noisy, by whose the last late events were."""
    return frozenset(tenant for tenant, count in Counter(late).items() if count >= NOISY_FROM)
