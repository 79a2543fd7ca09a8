"""Plays Lambda for workers that are real processes and die by SIGKILL; queues and tables are real.

They are the local cloud's. The parent takes from the queues and starts the sweeps; each worker does
as it is told until it kills itself, and then a fresh one goes on.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from runtime.core.deliveries.delivery import Delivery
from runtime.core.webhooks.webhook import SealedSecret
from runtime.stores.queues import Outgoing
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.sweep import GRACE_S
from tests.builders import NOW, TENANT, an_sqs_event
from tests.chaos import events, receivers
from tests.chaos.checker import Evidence
from tests.chaos.commits import Commits
from tests.chaos.faults import Fault, Kind
from tests.chaos.receivers import Receivers
from tests.cloud import Cloud
from tests.scripted_receiver import ScriptedReceiver
from tests.vectors import SECRET_A

ROOT: Final = Path(__file__).resolve().parents[2]
VISIBILITY_S: Final = 1
MAX_JOBS: Final = 5_000
# By point. A sweep has dozens of them, and a new process takes its second to start.
KILL_RATES: Final = {"fanout": 0.08, "deliver": 0.01, "sweep": 0.002}
LEAP_S: Final = 1800  # further than the first that is due: a sweep for each would take for ever
READERS: Final = {"match": "fanout", "deliver": "deliver", "slow": "deliver"}


@dataclass(kw_only=True)
class Lambda:
    """Runs the handlers, one at a time, each in the life that there is."""

    seed: int
    environment: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    lives: int = 0
    _process: "subprocess.Popen[str] | None" = None

    def invoke(self, worker: str, event: Mapping[str, Any], *, ahead_s: float) -> Any:
        """What the handler says; None when it was killed."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        job = {
            "worker": worker,
            "event": event,
            "ahead_s": ahead_s,
            "kill_rate": KILL_RATES[worker],
        }
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            said = json.loads(line)
            if "done" in said:
                return said["done"]
            fault = Fault(kind=Kind.KILLED, life=self.lives, point=said["killed"])
            self.faults.append(fault)
        self.close()
        return None

    def close(self) -> None:
        """End the worker, unless it has done so itself."""
        if self._process is None:
            return
        self._process.communicate()
        assert self._process.returncode in (0, -signal.SIGKILL)
        self._process = None

    def _start(self) -> "subprocess.Popen[str]":
        self.lives += 1
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-m", "tests.chaos.worker", str(self.lives), str(self.seed)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process


class ProcessStage:
    """Everything that survives the workers."""

    def __init__(self, seed: int, cloud: Cloud, server: ScriptedReceiver, *, count: int) -> None:
        self.cloud = cloud
        self.count = count
        self.ahead_s = 0.0
        self.commits = Commits()
        self.receivers = Receivers(seed=seed, clock=self._now, opened_s=self._now().timestamp())
        self._add_webhooks(server)
        self.workers = Lambda(seed=seed, environment=self._environment())

    def run(self) -> Evidence:
        """Until every delivery has ended and the queues are empty; what is left behind."""
        bodies = events.bodies(self.count)
        self.cloud.queue("match").send(Outgoing(body=body) for body in bodies)
        for _ in range(MAX_JOBS):
            busy = [self._serve(queue) for queue in READERS]
            if not any(busy) and not self._wait_and_sweep():
                break
        else:
            raise AssertionError("it never ends")
        self.workers.close()
        return Evidence(
            expected=events.expected(self.count),
            records=self._records(),
            posts=self.receivers.log,
            writes=self.commits.writes,
            faults=self.workers.faults,
        )

    def _serve(self, queue: str) -> bool:
        """One batch of a queue, if it has any; what the worker has settled is deleted."""
        url, sqs = self.cloud.queue_url(queue), self.cloud.clients.sqs
        batch = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=VISIBILITY_S
        ).get("Messages", [])
        if not batch:
            return False
        event = an_sqs_event(*(message["Body"] for message in batch))
        answer = self._invoke(READERS[queue], event)
        if answer is not None:
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
            for record, message in zip(event["Records"], batch, strict=True):
                if record["messageId"] not in failed:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _wait_and_sweep(self) -> bool:
        """To when something is due, and a sweep; False when nothing is and the queues are empty."""
        due_ms = self.commits.due_ms.values()
        if not due_ms:
            return any(map(self._waiting, READERS))
        wait_s = min(due_ms) / 1000 + GRACE_S + 1 - self._now().timestamp()
        self.ahead_s += max(0.0, wait_s) + LEAP_S
        self._invoke("sweep", {})
        return True

    def _invoke(self, worker: str, event: Mapping[str, Any]) -> Any:
        answer = self.workers.invoke(worker, event, ahead_s=self.ahead_s)
        # Seen from outside: a worker that dies while a write is under way cannot tell of it.
        for record in self._records().values():
            if self.commits.latest.get(record.id) != record:
                self.commits(record)
        return answer

    def _waiting(self, queue: str) -> bool:
        """Whether a message waits, be it unseen until its time."""
        url = self.cloud.queue_url(queue)
        counts = self.cloud.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return any(
            int(count)
            for name, count in counts["Attributes"].items()
            if name.startswith("ApproximateNumberOfMessages")
        )

    def _records(self) -> dict[str, Delivery]:
        return self.cloud.deliveries.get(events.expected(self.count))

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def _add_webhooks(self, server: ScriptedReceiver) -> None:
        sealed = SealedSecret(ciphertext=self.cloud.secrets.seal(TENANT, SECRET_A), created_at=NOW)
        base = server.url("/").rstrip("/")
        for webhook in receivers.webhooks(events.topics_of(), base=base):
            Webhooks(config=self.cloud.config).add(replace(webhook, secrets=(sealed,)))
            server.script(f"/{webhook.id}", self.receivers.behave)

    def _environment(self) -> dict[str, str]:
        cloud = self.cloud
        given = {
            "BUS": cloud.bus.name,
            "BUCKET": cloud.bucket.name,
            "CONFIG_TABLE": cloud.config.table.name,
            "DELIVERIES_TABLE": cloud.deliveries.table.name,
            "DELIVERY_LOG_TABLE": cloud.deliveries.log.table.name,
            "EVENTS_TABLE": cloud.events.table.name,
            "RUNS_TABLE": cloud.runs.table.name,
            "PROFILES_TABLE": cloud.profiles.table.name,
            "NAMES_TABLE": cloud.profiles.names.table.name,
            "TIMELINE_TABLE": cloud.timelines.table.name,
            "AUDIT_TABLE": cloud.audit.table.name,
            "DELIVER_QUEUE_URL": cloud.queue_url("deliver"),
            "SLOW_QUEUE_URL": cloud.queue_url("slow"),
            "BACKLOG_QUEUE_URL": cloud.queue_url("backlog"),
            "RUN_QUEUE_URL": cloud.queue_url("run"),
            "PARK_QUEUE_URL": cloud.queue_url("parked"),
            **cloud.watched_queues,
            "KMS_KEY_ID": cloud.secrets.key_id,
            "ALLOW_LOCAL_HTTP": "true",
            "QUEUE_DELAY_MAX_S": "0",  # every retry waits for a sweep: the queue's clock is real
        }
        return {
            **os.environ,
            **{f"PENSTOCK_{name}": value for name, value in given.items()},
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        }
