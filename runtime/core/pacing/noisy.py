"""Which tenants are noisy: they have so much of what waits on a queue that others wait for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

# In its queue. Without a backlog a message is taken at once, after the cold start of a worker, or
# when its queue has gathered others for five seconds, the most that an installation may choose.
LATE_AFTER_S: Final = 6
REMEMBERED: Final = 300  # late messages, the last that a worker took: thirty batches of ten
FORGOTTEN_AFTER_S: Final = 60  # after that a backlog is another one
# Messages of one tenant among those. Likewise SQS calls a group noisy that has a tenth of the
# messages which are in work, if those are 30 at least.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
NOISY_FROM: Final = 30
GAVE_WAY: Final = "gave_way"  # the attribute of a message that was put at the end of its queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that a worker has taken off a queue that all tenants share."""

    body: str
    sent_at_ms: int  # epoch ms when it was put on the queue
    tries: int  # how often the queue has handed it out, this time included
    gave_way: bool  # whether it was put at the end of the queue, so that others go first


class Late(NamedTuple):
    """A late message that a worker has taken."""

    tenant: str  # whose it was
    at_ms: int  # epoch ms when it was taken


def is_late(message: Waiting, *, now_ms: int) -> bool:
    """Whether a message has waited for others; one that failed before has waited for itself."""
    return message.tries == 1 and now_ms - message.sent_at_ms > LATE_AFTER_S * 1000


def remember(late: Sequence[Late], tenants: Iterable[str], *, now_ms: int) -> tuple[Late, ...]:
    """The last late messages, after some of these tenants have come."""
    since_ms = now_ms - FORGOTTEN_AFTER_S * 1000
    recent = (each for each in late if each.at_ms >= since_ms)
    return (*recent, *(Late(tenant, now_ms) for tenant in tenants))[-REMEMBERED:]


def noisy(late: Iterable[Late]) -> frozenset[str]:
    """The tenants that are noisy, by whose the last late messages were."""
    counts = Counter(each.tenant for each in late)
    return frozenset(tenant for tenant, count in counts.items() if count >= NOISY_FROM)
