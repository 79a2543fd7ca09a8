"""The installation that the game day is played on, and the minutes that go by in a scene."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import httpx

from cli._connection import Connection
from cli.client import Client
from infra.demo.bad_input import queue_url
from infra.demo.patience import Patience
from infra.demo.progress import Progress
from infra.local import deploy
from infra.local.bootstrap import bootstrap
from infra.local.ministack_alarms import Datum
from infra.local.place import Place
from infra.local.unread import unread
from infra.removal.ground import Ground
from runtime.core import ids
from tests.game_day import alarms
from tests.game_day.alarms import Alarms, Fired
from tests.game_day.copies import Answer, Copy
from tests.game_day.receivers import Endpoint

MINUTE: Final = timedelta(minutes=1)
TRIES: Final = 20  # of a call that is turned away: a scene needs its answer
HOUR_MIN: Final = 60
BATCH: Final = 10
VISIBILITY_S: Final = 60
ALL: Final = 100_000  # more than any scene makes
SWEEP: Final = "SweepFunction"
# The function that works each queue off, as the template has it.
READERS: Final[Mapping[str, str]] = {
    "MatchQueue": "FanoutFunction",
    "DeliverQueue": "DeliverFunction",
    "SlowQueue": "DeliverFunction",
    "SyncQueue": "SyncFunction",
}


@dataclass(kw_only=True)
class Tenant:
    """A tenant that only one scene knows."""

    name: str
    api: Client
    key: str

    def subscribe(self, endpoint: Endpoint, topic: str) -> str:
        """Make a webhook; its id."""
        body = {"name": endpoint.path.strip("/"), "url": endpoint.url, "topics": [topic]}
        return str(self.api.post("/v1/webhooks", body)["id"])

    def send(self, word: str, topic: str, *, numbers: range) -> list[str]:
        """Send events with these numbers by the API; the ids of all, which were all accepted."""
        events = [
            {"id": f"{word}-{number}", "topic": topic, "properties": {"number": number}}
            for number in numbers
        ]
        answer = self.api.post("/v1/events", {"events": events})
        assert answer["rejected"] == []
        return [each["id"] for each in answer["accepted"]]

    def delivery_ids(self, events: Iterable[str], webhook: str) -> set[str]:
        """The ids that the deliveries of these events have, and no others."""
        return {ids.delivery_id(self.name, event, webhook) for event in events}

    def deliveries(self, webhook: str, **query: Any) -> list[Any]:
        """All deliveries of a webhook, as the API lists them."""
        return list(self.api.each("/v1/deliveries", {"webhook": webhook, **query}, limit=ALL))


@dataclass(kw_only=True)
class Installation:
    """The deployed template, and whatever a scene needs of it."""

    place: Place  # the folder of its local cloud
    ground: Ground
    progress: Progress
    patience: Patience  # how long the whole game day may take
    _copies: dict[str, Copy] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)  # connections to the API
    _urls: dict[str, str] = field(default_factory=dict)  # of queues
    _names: dict[str, str] = field(default_factory=dict)  # of functions

    @cached_property
    def sqs(self) -> Any:
        """A client of SQS."""
        return self.ground.client("sqs")

    def queue_url(self, queue: str) -> str:
        """The URL of a queue, as the template names it."""
        if queue not in self._urls:
            self._urls[queue] = queue_url(self.sqs, queue)
        return self._urls[queue]

    def name_of(self, function: str) -> str:
        """The deployed name of a function."""
        if function not in self._names:
            self._names[function] = deploy.function(self.ground.client("lambda"), function)
        return self._names[function]

    def tenant(self, name: str) -> Tenant:
        """A new tenant with a key that may do everything."""
        local = self.ground.local
        key = bootstrap(
            self.ground.session,
            endpoint=local.aws_endpoint,
            outputs=self.ground.outputs,
            tenant=name,
        )
        to = Connection(url=local.api_url, key=key, origin="the game day")
        transport = self._open.enter_context(httpx.HTTPTransport())
        api = Client(to, transport=transport, tries=TRIES)
        return Tenant(name=name, api=api, key=key)

    def copy(self, function: str, **variables: str) -> Copy:
        """The copy of a function, with these variables over its own."""
        known = "".join((function, *sorted(variables.values())))
        if known not in self._copies:
            self._copies[known] = Copy.of(self.ground, function, variables=variables)
        return self._copies[known]

    def by_hand(self, *queues: str) -> AbstractContextManager[None]:
        """Nothing but the scene takes messages from these queues."""
        return unread(self.ground.client("lambda"), *queues)

    def wait(self, what: str, until: Callable[[], bool], *, at_most_s: float = 120) -> None:
        """Wait until something is so.

        Raises:
            AssertionError: it was not in time.
        """
        assert self.patience.until(until, at_most_s=at_most_s), f"{what}: not in time"

    def close(self) -> None:
        """End all copies, and close what is open."""
        self._open.close()
        for copy in self._copies.values():
            copy.close()


@dataclass(kw_only=True)
class Play:
    """The minutes of one scene: its clock stands but for what the scene moves it by.

    It begins at a full hour to come: nothing that the deployed functions leave is due later.
    """

    installation: Installation
    at: datetime = field(default_factory=lambda: _next_hour(datetime.now(UTC)))
    alarms: Alarms = field(init=False)
    began: datetime = field(init=False)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)  # of copies, by function
    # The messages that come again: the URLs of their queues, and their receipts.
    _failed: list[tuple[str, str]] = field(default_factory=list)
    # How many lines of the logs of deployed functions are taken in, by the names of the groups.
    _taken: Counter[str] = field(default_factory=Counter)
    _since_ms: int = field(default_factory=lambda: int(time.time() * 1000))

    def __post_init__(self) -> None:
        """Begin with a normal hour behind."""
        self.alarms = Alarms(deployed=alarms.deployed(self.installation.ground))
        for _ in range(HOUR_MIN):
            self.count("Errors", 0, SWEEP)
            self.at += MINUTE
        self.began = self.at

    def call(self, function: str, event: Mapping[str, Any]) -> Answer:
        """Call a function at the scene's time; its metrics are those of this minute."""
        copy = self.installation.copy(function, **self.variables.get(function, {}))
        answer = copy.invoke(event, at=self.at)
        self.alarms.take_log(answer.log, at=self.at)
        return answer

    def minute(self, *queues: str, meanwhile: Callable[[], None] | None = None) -> None:
        """The next minute: the sweep, all that these queues have, what is done, then the alarms."""
        assert self.installation.patience.left_s > 0, "the game day takes too long"
        self.at += MINUTE
        for url, receipt in self._failed:
            self.installation.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        self._failed.clear()
        answer = self.call(SWEEP, {})
        self.count("Errors", answer.error is not None, SWEEP)
        self.work_off(*queues)
        if meanwhile is not None:
            meanwhile()
        self.judge()

    def pass_by(self, minutes: int) -> None:
        """Let minutes go by in which nothing is due: they are judged, and not played."""
        for _ in range(minutes):
            self.at += MINUTE
            self.count("Errors", 0, SWEEP)
            self.judge()

    def work_off(self, *queues: str) -> int:
        """Hand all visible messages of these queues to their functions; returns how many."""
        total = 0
        while count := sum(self._serve(queue) for queue in queues):
            total += count
        return total

    def minutes_since(self, then: datetime) -> int:
        """Minutes of the scene from then on; the minute that goes on counts."""
        return int((self.at - then) / MINUTE)

    def take_deployed(self) -> None:
        """Take in what the deployed functions have written, as metrics of this minute."""
        logs = self.installation.ground.client("logs")
        for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[]"):
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, startTime=self._since_ms
            )
            lines = [each["message"] for each in pages.search("events[]")]
            for line in lines[self._taken[name] :]:
                self.alarms.take_log(line, at=self.at)
            self._taken[name] = len(lines)

    def measured_by_lambda(self, name: str, function: str | None = None) -> float:
        """What Lambda has counted since the game day began, of a function or of all."""
        ground = self.installation.ground
        about = [] if function is None else [self._named(function)]
        answer = ground.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in about],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC) + MINUTE,
            Period=7200,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    def count(self, name: str, value: float, function: str | None = None) -> None:
        """What Lambda measures in this minute, of a function or of all."""
        about = frozenset({self._named(function)} if function is not None else ())
        datum = Datum(
            namespace="AWS/Lambda",
            name=name,
            dimensions=about,
            at_s=self.at.timestamp(),
            value=value,
        )
        self.alarms.take([datum])

    def _named(self, function: str) -> tuple[str, str]:
        return "FunctionName", self.installation.name_of(function)

    def judge(self) -> None:
        """Look at the alarms at the end of this minute."""
        self.alarms.judge(self.at)

    def fired(self) -> list[Fired]:
        """The alarms that have fired so far."""
        return self.alarms.fired

    def _serve(self, queue: str) -> int:
        """One batch; what failed comes again in the next minute, as by the queue's timeout."""
        sqs, url = self.installation.sqs, self.installation.queue_url(queue)
        batch = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=VISIBILITY_S,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            return 0
        answer = self.call(READERS[queue], {"Records": [self._record(each) for each in batch]})
        assert answer.error is None, answer.error
        failed = {each["itemIdentifier"] for each in answer.answer["batchItemFailures"]}
        done = [each for each in batch if each["MessageId"] not in failed]
        again = [each for each in batch if each["MessageId"] in failed]
        self._failed += [(url, each["ReceiptHandle"]) for each in again]
        if done:
            entries = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(done)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return len(batch)

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message as SQS hands it to Lambda; its stamp is moved, and the bus's on an event."""
        body = message["Body"]
        if '"detail-type"' in body:
            stamp = self.at.isoformat(timespec="seconds").replace("+00:00", "Z")
            body = json.dumps({**json.loads(body), "time": stamp})
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": body,
            "attributes": message["Attributes"]
            | {"SentTimestamp": str(int(self.at.timestamp() * 1000))},
            "messageAttributes": message.get("MessageAttributes", {}),
            "eventSource": "aws:sqs",
        }


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
