"""The queues of an installation, as one of its own functions sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runtime.stores.aws import queue_depths
from runtime.stores.aws.clients import faults


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedQueues:
    """Queues whose URLs are known."""

    sqs: Any  # botocore's client
    cloudwatch: Any  # botocore's client
    urls: Mapping[str, str]  # by the name that the template gives the queue

    def counts(self) -> dict[str, int]:
        """How many messages are in each, waiting or with a worker.

        Raises:
            Transient: SQS does not answer.
        """
        with faults("look into the queues"):
            depths = {name: queue_depths.counts(url, self.sqs) for name, url in self.urls.items()}
        return {name: depth["waiting"] + depth["in_flight"] for name, depth in depths.items()}

    def ages_s(self, names: Iterable[str], /, *, now: datetime) -> dict[str, int]:
        """How old the oldest message of these queues is, in seconds, as far as a metric tells it.

        Raises:
            Transient: CloudWatch does not answer.
        """
        urls = {name: self.urls[name] for name in names}
        with faults("ask how long messages have waited"):
            return queue_depths.ages_s(urls, cloudwatch=self.cloudwatch, now=now)
