"""An account with the resources of the template: in this process, or on the local cloud."""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from infra.local.emulator import REGION, aws_environment, start_ministack
from infra.local.place import ROOT, Place
from infra.local.processes import stop
from runtime.core.profiles.change import Change, NameMove
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import Profile
from runtime.stores.audit.audit_log import AuditLog
from runtime.stores.aws.clients import Clients, Wire
from runtime.stores.aws.s3 import Bucket
from runtime.stores.bodies import Bodies
from runtime.stores.bus import Bus
from runtime.stores.deliveries.deliveries import Deliveries
from runtime.stores.deliveries.delivery_log import DeliveryLog
from runtime.stores.erasure.erasures import Erasures
from runtime.stores.events.events import Events
from runtime.stores.functions.runs import Runs
from runtime.stores.jobs.jobs import Jobs
from runtime.stores.profiles.name_rows import MergeRecords, NameRows
from runtime.stores.profiles.people import People
from runtime.stores.profiles.profiles import Profiles
from runtime.stores.profiles.salts import Salts
from runtime.stores.queues import Hints, Parked, Queue
from runtime.stores.secrets import Secrets
from runtime.stores.tables import config, records
from runtime.stores.tables.config import Config
from runtime.stores.tables.table import Table
from runtime.stores.timeline.timelines import Timelines

RETENTION_DAYS: Final = 30
US_EAST_1: Final = "us-east-1"
_TEXT: Final = {
    name: {"AttributeName": name, "AttributeType": "S"}
    for name in (
        "pk",
        "sk",
        "by_status_pk",
        "by_event_pk",
        "replays_pk",
        "by_function_pk",
        "failed_pk",
        "by_profile_pk",
        "list_sk",
        "due_shard",
    )
}
_NUMBER: Final = {"due_at_ms": {"AttributeName": "due_at_ms", "AttributeType": "N"}}


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Names of what exists, and stores on it."""

    clients: Clients = field(default_factory=Clients)
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")
    made: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """The config table."""
        return config.table(self.clients.tables, self._table("config", sort="sk"))

    @property
    def events(self) -> Events:
        """The events table."""
        return Events(
            table=self.table("events", sort="sk"),
            bodies=self.bodies,
            retention_days=RETENTION_DAYS,
            clock=lambda: datetime.now(UTC),
        )

    @property
    def profiles(self) -> Profiles:
        """The profiles table."""
        names = self.table("names")
        return Profiles(
            table=self.table("profiles", sort="sk"),
            names=NameRows(table=names, salts=Salts(table=names, random=os.urandom)),
            merges=MergeRecords(table=names, retention_days=RETENTION_DAYS),
            clock=lambda: datetime.now(UTC),
        )

    @property
    def erasures(self) -> Erasures:
        """Who was erased."""
        return Erasures(
            profiles=self.profiles,
            rules=lambda _tenant: NameRules(),
            clock=lambda: datetime.now(UTC),
            retention_days=RETENTION_DAYS,
        )

    def people(self, rules: NameRules | None = None) -> People:
        """The same profiles, in tenants with these rules and without data transforms."""
        return People(
            profiles=self.profiles,
            rules=lambda _tenant: rules or NameRules(),
            derive=lambda _tenant: lambda _profile: {},
        )

    def keep(self, *profiles: Profile) -> None:
        """Store profiles over what is there, with the names that they have got since."""
        for profile in profiles:
            stored = self.profiles.find(profile.tenant, profile.id)
            held = () if stored is None else stored.held_names
            moves = [NameMove(n, None, profile.id) for n in profile.held_names if n not in held]
            revision = 0 if stored is None else stored.revision
            change = Change(
                tenant=profile.tenant, profiles=((revision, profile),), moves=tuple(moves)
            )
            assert self.profiles.commit(change)

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries table."""
        lists = ("by_status", "by_event", "replays")
        return Deliveries(
            table=self.table("deliveries", lists=lists),
            log=DeliveryLog(
                table=self.table("delivery-log", sort="sk"), retention_days=RETENTION_DAYS
            ),
            bodies=self.bodies,
        )

    @property
    def runs(self) -> Runs:
        """The runs table."""
        return Runs(
            table=self.table("runs", lists=("by_function", "failed", "by_profile")),
            profiles=self.profiles,
            bodies=self.bodies,
            retention_days=RETENTION_DAYS,
        )

    @property
    def timelines(self) -> Timelines:
        """The timelines of profiles."""
        return Timelines(
            table=self.table("timeline", sort="sk"),
            retention_days=RETENTION_DAYS,
            clock=lambda: datetime.now(UTC),
        )

    @property
    def audit(self) -> AuditLog:
        """The audit log's table."""
        return AuditLog(
            table=self.table("audit", sort="sk", due="KEYS_ONLY"), retention_days=RETENTION_DAYS
        )

    @property
    def jobs(self) -> Jobs:
        """The jobs' table."""
        return Jobs(
            table=self.table("jobs", sort="sk", due="KEYS_ONLY"), retention_days=RETENTION_DAYS
        )

    @property
    def bodies(self) -> Bodies:
        """What is too large for its record; the bucket is made when it is first needed."""
        return Bodies(bucket=lambda: self.bucket)

    @property
    def bucket(self) -> Bucket:
        """The bucket."""
        if "bucket" not in self.made:
            self.made["bucket"] = f"{self.prefix}-bucket"
            self._make_bucket(self.made["bucket"])
        return Bucket(client=self.clients.s3, name=self.made["bucket"])

    def objects(self) -> list[str]:
        """The keys in the bucket."""
        listed = self.clients.s3.list_objects_v2(Bucket=self.bucket.name)
        return [each["Key"] for each in listed.get("Contents", [])]

    @property
    def secrets(self) -> Secrets:
        """Sealing under a key of this account."""
        if "key" not in self.made:
            self.made["key"] = self.clients.kms.create_key()["KeyMetadata"]["KeyId"]
        return Secrets(client=self.clients.kms, key_id=self.made["key"], random=os.urandom)

    def queue(self, name: str) -> Queue:
        """A queue."""
        return Queue(client=self.clients.queues, url=self.queue_url(name))

    def hints(self, name: str) -> Hints:
        """A work queue."""
        return Hints(queue=self.queue(name))

    def parked(self, name: str) -> Parked:
        """A dead-letter queue."""
        return Parked(queue=self.queue(name))

    @property
    def bus(self) -> Bus:
        """A bus whose every event lands on the queue `landed`."""
        if "bus" not in self.made:
            self.made["bus"] = self._make_bus()
        return Bus(client=self.clients.events, name=self.made["bus"])

    def queue_url(self, name: str) -> str:
        """The URL of a queue."""
        if f"queue {name}" not in self.made:
            made = self.clients.sqs.create_queue(QueueName=f"{self.prefix}-{name}")
            self.made[f"queue {name}"] = made["QueueUrl"]
        return self.made[f"queue {name}"]

    @property
    def watched_queues(self) -> dict[str, str]:
        """The variables by which `sweep` knows the queues that it looks at: those of this account.

        They have the names that the template gives them.
        """
        work = {"DeliverQueue": "deliver", "RunQueue": "run", "MatchQueue": "match"}
        pairs = (f"{name}={self.prefix}-{queue}" for name, queue in work.items())
        for queue in (*work.values(), "dead"):
            self.queue_url(queue)
        return {"QUEUES": ",".join(pairs), "DEAD_LETTERS": f"{self.prefix}-dead"}

    def received(self, name: str) -> list[Any]:
        """What is visible on a queue now; it stays there, invisible."""
        found: list[Any] = []
        while True:
            answer = self.clients.sqs.receive_message(
                QueueUrl=self.queue_url(name),
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
                WaitTimeSeconds=0,
            )
            if not answer.get("Messages"):
                return found
            found += answer["Messages"]

    def parked_codes(self, name: str) -> list[str]:
        """The codes of what is parked on a queue."""
        return sorted(
            message["MessageAttributes"]["code"]["StringValue"] for message in self.received(name)
        )

    def table(
        self, name: str, *, sort: str = "", lists: tuple[str, ...] = (), due: str = ""
    ) -> Table:
        """A table; with a due index when it has age lists, or when `due` says its projection."""
        full = self._table(name, sort=sort, lists=lists, due=due)
        return Table(client=self.clients.tables, name=full)

    def _table(
        self, name: str, *, sort: str = "", lists: tuple[str, ...] = (), due: str = ""
    ) -> str:
        full = f"{self.prefix}-{name}"
        if full not in self.made:
            self.made[full] = full
            self._make_table(full, sort=sort, lists=lists, due=due)
        return full

    def delete(self) -> None:
        """Delete the tables, the queues and the bucket; nothing else of it counts."""
        for what, name in self.made.items():
            if what == name:
                self.clients.dynamodb.delete_table(TableName=name)
            elif what.startswith("queue "):
                self.clients.sqs.delete_queue(QueueUrl=name)
            elif what == "bucket":
                for key in self.objects():
                    self.clients.s3.delete_object(Bucket=name, Key=key)
                self.clients.s3.delete_bucket(Bucket=name)

    def _make_bucket(self, name: str) -> None:
        region = self.clients.s3.meta.region_name
        if region == US_EAST_1:  # where none may be named
            self.clients.s3.create_bucket(Bucket=name)
            return
        where: Any = {"LocationConstraint": region}
        self.clients.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)

    def _make_table(self, name: str, *, sort: str, lists: tuple[str, ...], due: str) -> None:
        keys = [("pk", sort) if sort else ("pk",)]
        indexes = {index: (f"{index}_pk", "list_sk") for index in lists}
        if lists or due:
            indexes["due"] = ("due_shard", "due_at_ms")
        used = {attribute for key in (*keys, *indexes.values()) for attribute in key}
        extra: dict[str, Any] = {}
        if indexes:
            extra["GlobalSecondaryIndexes"] = [
                {
                    "IndexName": index,
                    "KeySchema": _schema(key),
                    "Projection": ({"ProjectionType": due} if due else _projection(index, lists)),
                }
                for index, key in indexes.items()
            ]
        self.clients.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[(_TEXT | _NUMBER)[attribute] for attribute in sorted(used)],  # type: ignore[misc]
            KeySchema=_schema(keys[0]),
            **extra,
        )

    def _make_bus(self) -> str:
        name = f"{self.prefix}-bus"
        self.clients.events.create_event_bus(Name=name)
        self.clients.events.put_rule(
            Name=f"{name}-all", EventBusName=name, EventPattern='{"source":[{"prefix":""}]}'
        )
        arn = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.queue_url("landed"), AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        self._let_in(arn)
        self.clients.events.put_targets(
            Rule=f"{name}-all", EventBusName=name, Targets=[{"Id": "landed", "Arn": arn}]
        )
        return name

    def _let_in(self, queue_arn: str) -> None:
        # As in the account: a rule may send only to a queue whose policy says so.
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
            },
        }
        self.clients.sqs.set_queue_attributes(
            QueueUrl=self.queue_url("landed"), Attributes={"Policy": json.dumps(policy)}
        )


def _projection(index: str, lists: tuple[str, ...]) -> Any:
    if index in ("by_event", "by_profile"):
        return {"ProjectionType": "KEYS_ONLY"}
    if index == "due" and "by_status" in lists:  # that of the deliveries; runs have all of theirs
        return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(records.DUE_ATTRIBUTES)}
    return {"ProjectionType": "ALL"}


def _schema(key: tuple[str, ...]) -> Any:
    kinds = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(key, kinds, strict=False)
    ]


@contextmanager
def in_process(wire: Wire = "direct") -> Iterator[Cloud]:
    """An account in this process, whose tables and queues are spoken to by this wire."""
    from moto import mock_aws

    from tests import cheap_moto

    cheap_moto.install()
    with mock_aws():
        yield Cloud(clients=Clients(wire=wire))


@contextmanager
def emulator(name: str) -> Iterator[str]:
    """The local cloud's emulator with nothing deployed, in a folder of that name: its address."""
    place = Place(ROOT / ".local" / name)
    place.prepare()
    running, endpoint = start_ministack(place)
    try:
        yield endpoint
    finally:
        stop(running)
        shutil.rmtree(place.root)


@contextmanager
def on_local_cloud(endpoint: str, wire: Wire = "direct") -> Iterator[Cloud]:
    """Resources of one test on the local cloud, deleted behind it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws_environment(endpoint).items():
            patch.setenv(name, value)
        patch.setenv("AWS_REGION", REGION)
        account = Cloud(clients=Clients(wire=wire))
        try:
            yield account
        finally:
            account.delete()
