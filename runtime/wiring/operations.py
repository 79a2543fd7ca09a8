"""What an operator's machine does to an installation, by AWS and not by the API."""

import secrets as dice
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.service import BotocoreService
from runtime.stores.operations.switches import StoredSwitches
from runtime.stores.tables.table import Table
from runtime.wiring import worker

if TYPE_CHECKING:
    from runtime.core.functions.function import Function
    from runtime.core.webhooks.webhook import Webhook
    from runtime.stores.audit.audit_log import AuditLog
    from runtime.stores.functions.functions import Functions
    from runtime.stores.jobs.jobs import Jobs
    from runtime.stores.webhooks.webhooks import Webhooks
    from runtime.usecases.audit.record_deed import RecordDeed
    from runtime.usecases.matching.replay_events import ReplayEvents
    from runtime.usecases.operations.rotate_keys import RotateKeys
    from runtime.usecases.warehouse.refresh_all import RefreshAll


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What records deeds of whoever calls AWS now."""

    record: "RecordDeed"
    who: str  # the caller's ARN


def deeds(*, client: Callable[[str], Any], audit_table: str) -> Deeds:
    """What records what an admin does to an installation.

    Args:
        client: makes botocore's client of a service.
        audit_table: the name of its table of the audit log.

    Raises:
        Transient: AWS does not answer, or there are no credentials for it.
    """
    from runtime.stores.aws import caller
    from runtime.usecases.audit.record_deed import RecordDeed
    from runtime.wiring import parts

    log = audit_log(client("dynamodb"), audit_table=audit_table)
    return Deeds(
        record=RecordDeed(entries=log, clock=worker.now, new_id=parts.new_id),
        who=caller.name(client("sts")),
    )


def audit_log(dynamodb: Any, *, audit_table: str) -> "AuditLog":
    """The audit log of an installation.

    Args:
        dynamodb: botocore's client.
        audit_table: the table's name.
    """
    from runtime import settings
    from runtime.stores.audit.audit_log import AuditLog

    client = DynamoDB(BotocoreService(dynamodb))
    return AuditLog(
        table=Table(client=client, name=audit_table),
        retention_days=settings.DEFAULT_AUDIT_RETENTION_DAYS,
    )


def switches(dynamodb: Any, *, config_table: str) -> StoredSwitches:
    """The switches of the installation with this table of configuration.

    Args:
        dynamodb: botocore's client.
        config_table: the table's name.
    """
    client = DynamoDB(BotocoreService(dynamodb))
    return StoredSwitches(table=Table(client=client, name=config_table))


def rotate_keys(*, dynamodb: Any, kms: Any, config_table: str, key_id: str) -> "RotateKeys":
    """What rotates the data keys of an installation.

    Args:
        dynamodb: botocore's client.
        kms: likewise.
        config_table: the name of its table of configuration.
        key_id: the key of KMS that wraps its data keys.
    """
    from runtime.stores.functions.functions import Functions
    from runtime.stores.operations.rotations import Rotations
    from runtime.stores.secrets import Secrets
    from runtime.stores.tables import config
    from runtime.stores.tenancy.tenants import Tenants
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.stores.webhooks.webhooks import Webhooks
    from runtime.usecases.operations.rotate_keys import RotateKeys

    table = config.table(DynamoDB(BotocoreService(dynamodb)), config_table)
    return RotateKeys(
        records=Rotations(table=table.table),
        tenants=Tenants(config=table),
        things=(Webhooks(config=table), Functions(config=table), Syncs(config=table)),
        rewrap=Secrets(client=kms, key_id=key_id, random=dice.token_bytes).rewrap,
        clock=worker.now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """What replays events to one subscriber."""

    replay: "ReplayEvents"
    webhooks: "Webhooks"
    functions: "Functions"

    def subscriber(
        self, tenant: str, *, webhook_id: str | None, function: str | None
    ) -> "Webhook | Function":
        """The webhook with this id, or the function of this name.

        Raises:
            NotFound: code `webhook_not_found` or `function_not_found`.
        """
        if webhook_id is not None:
            return self.webhooks.get(tenant, webhook_id)
        return self.functions.get(tenant, function or "")


def replaying(
    *, client: Callable[[str], Any], stack: str, config_table: str, events_table: str, bucket: str
) -> Replaying:
    """What replays events of an installation to one subscriber.

    Args:
        client: makes botocore's client of a service.
        stack: the installation's name.
        config_table: the name of its table of configuration.
        events_table: the name of its table of events.
        bucket: its name.
    """
    from runtime.stores.aws import stack as stacks
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.aws.sqs import SQS
    from runtime.stores.bodies import Bodies
    from runtime.stores.events.events import Events
    from runtime.stores.functions.functions import Functions
    from runtime.stores.queues import Hints, Queue
    from runtime.stores.tables import config
    from runtime.stores.webhooks.webhooks import Webhooks
    from runtime.usecases.matching.replay_events import ReplayEvents

    tables, queues = (
        DynamoDB(BotocoreService(client("dynamodb"))),
        SQS(BotocoreService(client("sqs"))),
    )
    urls = stacks.queues(stack, cloudformation=client("cloudformation"))
    configured = config.table(tables, config_table)
    return Replaying(
        replay=ReplayEvents(
            events=Events(
                table=Table(client=tables, name=events_table),
                bodies=Bodies(bucket=lambda: Bucket(client=client("s3"), name=bucket)),
                retention_days=0,  # nothing is stored
                clock=worker.now,
            ),
            deliver=Hints(queue=Queue(client=queues, url=urls["DeliverQueue"])),
            run=Hints(queue=Queue(client=queues, url=urls["RunQueue"])),
        ),
        webhooks=Webhooks(config=configured),
        functions=Functions(config=configured),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnSchedule:
    """Starts no function: the one that works jobs off looks for them every minute."""

    def start(self, _tenant: str, _job_id: str, /) -> None:
        """Leave it to the next look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """What makes the warehouses of an installation anew."""

    start: "RefreshAll"
    jobs: "Jobs"  # to see how far they are


def refreshing(*, client: Callable[[str], Any], stack: str, config_table: str) -> Refreshing:
    """What makes the warehouses of an installation anew.

    Args:
        client: makes botocore's client of a service.
        stack: the installation's name.
        config_table: the name of its table of configuration.

    Raises:
        NotFound: code `table_not_found`: the stack has no table of jobs.
    """
    from runtime import settings
    from runtime.stores.aws import restored
    from runtime.stores.jobs.jobs import Jobs
    from runtime.stores.tables import config
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.refresh_all import RefreshAll
    from runtime.usecases.warehouse.start_refresh import StartRefresh
    from runtime.wiring import parts

    tables = DynamoDB(BotocoreService(client("dynamodb")))
    syncs = Syncs(config=config.table(tables, config_table))
    jobs = Jobs(
        table=Table(client=tables, name=restored.table_of(stack, "JobsTable", client=client)),
        retention_days=settings.DEFAULT_RETENTION_DAYS,
    )
    start = StartRefresh(
        syncs=syncs, jobs=jobs, starter=_OnSchedule(), new_id=parts.new_id, clock=worker.now
    )
    return Refreshing(start=RefreshAll(syncs=syncs, start=start), jobs=jobs)
