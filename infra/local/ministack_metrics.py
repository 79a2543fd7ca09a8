"""Lets ministack's CloudWatch tell how old the oldest message of each queue is, as AWS's does.

Loaded by ministack_main.py by its path; it imports nothing of ours.
"""

import importlib
import time
from typing import Any, Final

AGE: Final = "ApproximateAgeOfOldestMessage"


def know_ages_of_queues() -> None:
    """Measure every queue when somebody asks for metrics; AWS does so each minute."""
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    queues: Any = importlib.import_module("ministack.services.sqs")
    get = cloudwatch._get_metric_data

    def get_measured(*arguments: Any, **options: Any) -> Any:
        now = time.time()
        for queue in queues._queues.values():
            sent = [message["sent_at"] for message in queue["messages"]]
            about = {"QueueName": queue["attributes"]["QueueArn"].rpartition(":")[2]}
            # An older age of the same minute would hide that the queue is empty again.
            cloudwatch._metric_bucket(("AWS/SQS", AGE, cloudwatch._dims_key(about))).clear()
            age_s = now - min(sent, default=now)
            cloudwatch.record_metric("AWS/SQS", AGE, age_s, "Seconds", about)
        return get(*arguments, **options)

    cloudwatch._get_metric_data = get_measured
