"""The sweep and the sync, as Lambda calls them."""

import json
from collections.abc import Iterator

import pytest

from functions import check_syncs, sweep, sync
from functions._batch import BatchHandler
from runtime.core.deliveries.messages import parse_deliver
from runtime.core.functions import life
from runtime.core.functions.messages import parse_run
from runtime.core.functions.run import Outcome
from runtime.core.json_text import dump
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import schedule
from runtime.core.warehouse.messages import SyncMessage
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Transient
from runtime.settings import SettingMissing, Settings
from runtime.stores.functions.deletions import Deletions
from runtime.stores.functions.functions import Functions
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.syncs import Syncs
from runtime.wiring import archive, worker
from runtime.wiring import sync as wiring_sync
from tests.audit import an_entry
from tests.builders import (
    NOW,
    TENANT,
    a_bus_event,
    a_delivery,
    a_function,
    a_run,
    a_sync,
    an_envelope,
    an_sqs_event,
)
from tests.cloud import Cloud
from tests.streams import rows

LONG_AGO_MS = 1_000
KINDS = ("deliveries", "runs", "endpoints", "functions", "replays", "purges", "audit", "queues")


@pytest.fixture
def installed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The environment of these functions, on an account of their own."""
    bucket = f"{cloud.prefix}-bucket"
    cloud.clients.s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    names = {
        "BUS": cloud.bus.name,
        "CONFIG_TABLE": cloud.config.table.name,
        "DELIVERIES_TABLE": cloud.deliveries.table.name,
        "DELIVERY_LOG_TABLE": cloud.deliveries.log.table.name,
        "RUNS_TABLE": cloud.runs.table.name,
        "EVENTS_TABLE": cloud.events.table.name,
        "PROFILES_TABLE": cloud.profiles.table.name,
        "NAMES_TABLE": cloud.profiles.names.table.name,
        "TIMELINE_TABLE": cloud.timelines.table.name,
        "LEDGER_TABLE": cloud.table("ledger", sort="sk").name,
        "AUDIT_TABLE": cloud.audit.table.name,
        "BUCKET": bucket,
        "DELIVER_QUEUE_URL": cloud.queue_url("deliver"),
        "RUN_QUEUE_URL": cloud.queue_url("run"),
        "SYNC_QUEUE_URL": cloud.queue_url("sync"),
        "PARK_QUEUE_URL": cloud.queue_url("dead"),
        **cloud.watched_queues,
    }
    for name, value in names.items():
        monkeypatch.setenv(f"PENSTOCK_{name}", value)
    # A warm process keeps its stores; each test is a cold start on an account of its own.
    caches = (sweep.sweeps, sync.plan, check_syncs.checks)
    for cached in caches:
        cached.cache_clear()
    yield cloud
    for cached in caches:
        cached.cache_clear()


class TestSweep:
    """Every minute."""

    def test_what_is_due_gets_a_hint_once_a_lease(self, installed: Cloud) -> None:
        """Deliveries and runs, each on its queue; the next sweep leaves them alone."""
        delivery = a_delivery(due_at_ms=LONG_AGO_MS)
        run = a_run(outcome=Outcome.RETRY, due_at_ms=LONG_AGO_MS, event=an_envelope())
        installed.deliveries.add(delivery)
        installed.runs.commit(run)

        swept = [sweep.handler({}, None) for _ in range(2)]

        assert [
            {**dict.fromkeys(KINDS, 0), "deliveries": 1, "runs": 1},
            dict.fromkeys(KINDS, 0),
        ] == swept
        (hint,) = installed.received("deliver")
        assert delivery.next_attempt == parse_deliver(hint["Body"]).attempt
        (again,) = installed.received("run")
        parsed = parse_run(again["Body"])
        assert (run.id, 2) == (parsed.run_id, parsed.attempt)

    def test_a_function_whose_days_of_grace_are_over_is_removed(self, installed: Cloud) -> None:
        """And one deleted today is not."""
        functions = Functions(config=installed.config)
        deletions = Deletions(config=installed.config)
        for name, at in (("old", "2020-01-01T00:00:00.000Z"), ("new", timestamp(worker.now()))):
            function = a_function(name=name)
            functions.add(function)
            deletions.delete(function, life.deleted(function, now=at))

        assert 1 == sweep.handler({}, None)["purges"]
        assert ["new"] == [each.name for each in functions.list(TENANT).items]

    def test_an_entry_of_the_audit_log_that_a_killed_call_has_left_is_ended(
        self, installed: Cloud
    ) -> None:
        """Nobody else would: its call is gone."""
        entry = an_entry(due_at_ms=LONG_AGO_MS)
        installed.audit.add(entry)

        assert [1, 0] == [sweep.handler({}, None)["audit"] for _ in range(2)]
        assert "abandoned" == installed.audit.get(TENANT, entry.id).code

    def test_trouble_with_one_kind_does_not_stop_the_other(self, installed: Cloud) -> None:
        """And the invocation fails, so that somebody hears of it."""
        installed.runs.commit(
            a_run(outcome=Outcome.RETRY, due_at_ms=LONG_AGO_MS, event=an_envelope())
        )
        installed.clients.dynamodb.delete_table(TableName=installed.deliveries.table.name)

        with pytest.raises(Transient):
            sweep.handler({}, None)

        assert 1 == len(installed.received("run"))


class TestArchive:
    """Events and profiles into the raw log."""

    def test_a_batch_of_events_is_archived_without_its_bad_record(self, installed: Cloud) -> None:
        """The warehouse gets what is an event; the rest is parked."""
        event = an_sqs_event(a_bus_event(), "garbage", a_bus_event(an_envelope(id="evt_2")))

        answer = BatchHandler(archive.build)(event, None)

        assert {"batchItemFailures": []} == answer
        assert {"evt_1", "evt_2"} == {row["id"] for row in rows(installed)}
        assert ["not_json"] == installed.parked_codes("dead")


class TestSync:
    """Loads."""

    def test_a_sync_that_is_due_is_asked_for_and_then_loads(self, installed: Cloud) -> None:
        """The planner and the loader know of each other by the queue alone."""
        BatchHandler(archive.build)(an_sqs_event(a_bus_event()), None)
        Tenants(config=installed.config).add(TENANT, created_at=NOW)
        Syncs(config=installed.config).add(
            a_sync(kind=DestinationKind.S3, schedule=schedule.parse("every 5 minutes"))
        )

        assert {"planned": 1} == sync.handler({}, None)
        [message] = installed.received("sync")
        answer = BatchHandler(wiring_sync.build)(an_sqs_event(message["Body"]), None)

        assert TENANT == message["Attributes"]["MessageGroupId"]
        assert {"batchItemFailures": []} == answer
        listed = installed.clients.s3.list_objects_v2(
            Bucket=f"{installed.prefix}-bucket", Prefix=f"lake/v1/{TENANT}/syn_1/events/"
        )
        assert 1 == listed["KeyCount"]

    def test_a_message_that_is_none_is_parked(self, installed: Cloud) -> None:
        """It would come again for an hour, and tell nobody."""
        answer = BatchHandler(wiring_sync.build)(an_sqs_event("garbage", '{"v":2}'), None)

        assert {"batchItemFailures": []} == answer
        assert ["bad_message", "not_json"] == installed.parked_codes("dead")

    def test_after_trouble_of_the_platform_the_sync_comes_again_a_minute_later(
        self, installed: Cloud
    ) -> None:
        """By a message of its own; where that cannot be sent either, the queue gives this again."""
        body = dump(SyncMessage(tenant=TENANT, sync_id="syn_1", trigger="api").to_json())
        run = BatchHandler(wiring_sync.build)
        installed.clients.dynamodb.delete_table(TableName=installed.config.table.name)

        assert {"batchItemFailures": []} == run(an_sqs_event(body), None)
        waiting = installed.clients.sqs.get_queue_attributes(
            QueueUrl=installed.queue_url("sync"),
            AttributeNames=["ApproximateNumberOfMessagesDelayed"],
        )
        assert "1" == waiting["Attributes"]["ApproximateNumberOfMessagesDelayed"]
        installed.clients.sqs.delete_queue(QueueUrl=installed.queue_url("sync"))
        assert [{"itemIdentifier": "message-0"}] == run(an_sqs_event(body), None)[
            "batchItemFailures"
        ]


class TestCheckSyncs:
    """The check of syncs."""

    def test_it_says_how_many_it_has_checked(
        self, installed: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And measures nothing where all is well, because a metric that is written costs."""
        Tenants(config=installed.config).add(TENANT, created_at=NOW)
        created_at = timestamp(worker.now())
        Syncs(config=installed.config).add(a_sync(kind=DestinationKind.S3, created_at=created_at))

        checked = check_syncs.handler({}, None)

        assert {"syncs": 1, "rows_missed": 0, "overdue_s": 0} == checked
        [line] = map(json.loads, capsys.readouterr().out.splitlines())
        assert 1 == line["syncs"]
        assert "_aws" not in line


class TestSettings:
    """The environment."""

    def test_a_missing_variable_is_named(self) -> None:
        """Whoever edits the template must not have to guess."""
        with pytest.raises(SettingMissing) as refusal:
            _ = Settings({}).bus

        assert "PENSTOCK_BUS is not set; the template must set it" == refusal.value.message

    @pytest.mark.parametrize(
        "environment",
        [
            {"PENSTOCK_ALLOW_LOCAL_HTTP": "yes"},
            {"PENSTOCK_RETENTION_DAYS": "a month"},
            {"PENSTOCK_API_CALLS_PER_S": "0"},
            {"PENSTOCK_API_CALLS_PER_S": "many"},
            {"PENSTOCK_EXTRA_PORTS": "0"},
            {"PENSTOCK_EXTRA_PORTS": "65536"},
            {"PENSTOCK_EXTRA_PORTS": "8443,"},
            {"PENSTOCK_EXTRA_PORTS": "8443;22"},
            {"PENSTOCK_EXTRA_PORTS": "-1"},
        ],
    )
    def test_nonsense_is_refused(self, environment: dict[str, str]) -> None:
        """A guess at what was meant could open loopback to users."""
        settings = Settings(environment)

        with pytest.raises(SettingMissing):
            _ = (
                settings.allow_local_http,
                settings.retention_days,
                settings.api_calls_per_s,
                settings.webhook_ports,
            )

    @pytest.mark.parametrize("value", ["boto3", "Direct", "direct,botocore"])
    def test_a_wire_that_there_is_none_of_is_refused_by_name(self, value: str) -> None:
        """A wrong word must not quietly mean the default: whoever wrote it wanted the other."""
        with pytest.raises(SettingMissing) as refusal:
            _ = Settings({"PENSTOCK_AWS_WIRE": value}).aws_wire

        sentence = f"PENSTOCK_AWS_WIRE is '{value}'; it must be direct or botocore"
        assert sentence == refusal.value.message

    def test_our_own_wire_is_the_one_that_needs_no_word(self) -> None:
        """It is the faster; and each function of an installation gets the word by the template."""
        assert "direct" == Settings({}).aws_wire
        assert "direct" == Settings({"PENSTOCK_AWS_WIRE": "direct"}).aws_wire
        assert "botocore" == Settings({"PENSTOCK_AWS_WIRE": "botocore"}).aws_wire

    def test_defaults_are_the_safe_ones(self) -> None:
        """No plain http and no other port unless the template says so."""
        settings = Settings({})

        assert (False, frozenset({443}), 900, 30, 100) == (
            settings.allow_local_http,
            settings.webhook_ports,
            settings.queue_delay_max_s,
            settings.retention_days,
            settings.api_calls_per_s,
        )

    def test_an_admins_ports_stand_beside_443(self) -> None:
        """They are added: nobody's webhook stops when another's port is opened."""
        assert {443, 8443, 9443} == Settings({"PENSTOCK_EXTRA_PORTS": "8443,9443"}).webhook_ports
