"""Records for tests: valid by default, any field by keyword."""

import hashlib
from dataclasses import replace
from typing import Any

from runtime.core import ids
from runtime.core.deliveries.delivery import Attempt, Delivery, Status
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.functions.function import Canary, Engine, Function, FunctionVersion
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Outcome, Run
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobKind
from runtime.core.json_text import dump
from runtime.core.matching.trigger import Trigger
from runtime.core.profiles import names as names_of_people
from runtime.core.profiles.identity import Draft, Subject
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import IDENTIFIERS, NameClaim, Profile
from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.core.webhooks.webhook import SealedSecret, Webhook
from runtime.stores.functions.items import function_item

NOW = "2026-11-20T13:04:05.123Z"
NOW_MS = 1_795_179_845_123
TENANT = "acme"


def an_event(**changes: Any) -> Event:
    """A clicked email of a known customer."""
    event = Event(
        id="evt_1",
        tenant=TENANT,
        topic="message.email.clicked",
        occurred_at=NOW,
        received_at=NOW,
        profile=ProfileRef(external_id="customer-1", email="ada@example.com"),
        properties={"url": "https://shop.example.com/", "campaign": "autumn"},
    )
    return replace(event, **changes)


def an_envelope(**changes: Any) -> dict[str, Any]:
    """The same event as its producer sends it; a field set to `...` is left out."""
    raw = an_event().to_json() | changes
    return {name: value for name, value in raw.items() if value is not ...}


def a_bus_event(detail: Any = None, **changes: Any) -> dict[str, Any]:
    """What an EventBridge rule puts on a queue."""
    detail = an_envelope() if detail is None else detail
    topic = detail.get("topic", "unknown") if isinstance(detail, dict) else "unknown"
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": topic,
        "source": "penstock.events",
        "account": "000000000000",
        "time": "2026-11-20T13:04:05Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    } | changes


def an_sqs_event(
    *bodies: object, receive_count: int = 1, sent_at_ms: int = NOW_MS
) -> dict[str, Any]:
    """What a queue hands to its Lambda; bodies that are not text are written as JSON."""
    return {
        "Records": [
            {
                "messageId": f"message-{n}",
                "receiptHandle": f"receipt-{n}",
                "body": body if isinstance(body, str) else dump(body),
                "attributes": {
                    "ApproximateReceiveCount": str(receive_count),
                    "SentTimestamp": str(sent_at_ms),
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": str(NOW_MS),
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:queue",
                "awsRegion": "eu-central-1",
            }
            for n, body in enumerate(bodies)
        ]
    }


def a_webhook(**changes: Any) -> Webhook:
    """An enabled endpoint that hears every click."""
    webhook = Webhook(
        id="whk_1",
        tenant=TENANT,
        name="orders to the CRM",
        url="https://hooks.example.com/penstock",
        topics=("message.email.clicked",),
        created_at=NOW,
        secrets=(SealedSecret(ciphertext="sealed", created_at=NOW),),
    )
    return replace(webhook, **changes)


def a_trigger(*topics: str, **changes: Any) -> Trigger:
    """A trigger on these topics."""
    return replace(Trigger(topics=topics), **changes)


def a_function(**changes: Any) -> Function:
    """A published trigger; `topics` and `filter` are short for its one trigger."""
    if "topics" in changes or "filter" in changes:
        topics = changes.pop("topics", ("message.email.clicked",))
        trigger = Trigger(topics=topics, filter=changes.pop("filter", None))
        changes["triggers"] = (trigger,) if topics else ()
    function = Function(
        name="vip-orders",
        tenant=TENANT,
        created_at=NOW,
        triggers=(Trigger(topics=("message.email.clicked",)),),
        latest_version=1,
        live_version=1,
    )
    return replace(function, **changes)


def a_canary(**changes: Any) -> Canary:
    """A trial of version 2 on a tenth of the events."""
    canary = Canary(
        id="can_1", version=2, percent=10, margin_points=5, min_runs=100, started_at=NOW
    )
    return replace(canary, **changes)


def as_of_before(function: Function, **settings: Any) -> dict[str, Any]:
    """The item of a function as it was stored when it had one trigger at most."""
    kept = ("name", "tenant", "created_at", "http_hosts", "environment", "secrets", "limits")
    names = {*kept, "latest_version", "live_version", "sk"}
    item = {key: text for key, text in function_item(function).items() if key in names}
    return item | {name: {"S": dump(value)} for name, value in settings.items()}


def a_version(**changes: Any) -> FunctionVersion:
    """An upload of that trigger: the first one, or the one of that number, with its own source."""
    number = changes.get("version", 1)
    source = changes.get("source", f"def handler(event):\n    return event['id'], {number}\n")
    version = FunctionVersion(
        tenant=TENANT,
        function="vip-orders",
        version=number,
        source=source,
        source_sha256=hashlib.sha256(source.encode()).hexdigest(),
        engine=Engine.RESTRICTED,
        created_at=NOW,
    )
    return replace(version, **changes)


def an_attempt(**changes: Any) -> Attempt:
    """A first POST that was answered 200."""
    attempt = Attempt(
        number=1, started_at=NOW, duration_ms=42, status=200, error=None, sentence="200 OK"
    )
    return replace(attempt, **changes)


def a_delivery(**changes: Any) -> Delivery:
    """A delivery that waits for its first retry."""
    delivery = Delivery(
        id=ids.delivery_id(TENANT, "evt_1", "whk_1"),
        tenant=TENANT,
        webhook_id="whk_1",
        event_id="evt_1",
        topic="message.email.clicked",
        status=Status.PENDING,
        body='{"type":"message.email.clicked"}',
        created_at=NOW,
        attempts=(an_attempt(status=503, sentence="503 Service Unavailable"),),
        due_at_ms=NOW_MS + 5_000,
    )
    return replace(delivery, **changes)


def a_deliver_message(**changes: Any) -> DeliverMessage:
    """The hint for a delivery's first attempt."""
    message = DeliverMessage(
        tenant=TENANT,
        delivery_id=ids.delivery_id(TENANT, "evt_1", "whk_1"),
        webhook_id="whk_1",
        event_id="evt_1",
        topic="message.email.clicked",
        body='{"type":"message.email.clicked"}',
    )
    return replace(message, **changes)


def a_run_message(**changes: Any) -> RunMessage:
    """The hint for a trigger's first run."""
    message = RunMessage(
        tenant=TENANT,
        run_id=ids.run_id(TENANT, "evt_1", "vip-orders"),
        function="vip-orders",
        event=an_envelope(),
    )
    return replace(message, **changes)


def a_run(**changes: Any) -> Run:
    """A run that returned."""
    run = Run(
        id=ids.run_id(TENANT, "evt_1", "vip-orders"),
        tenant=TENANT,
        function="vip-orders",
        version=1,
        event_id="evt_1",
        topic="message.email.clicked",
        outcome=Outcome.RETURNED,
        attempt=1,
        created_at=NOW,
        duration_ms=3.5,
        output="evt_1",
        engine=Engine.RESTRICTED,
        isolation="seccomp",
    )
    return replace(run, **changes)


def a_job(**changes: Any) -> Job:
    """An export that has just been started."""
    job = Job(
        id=jobs.job_id(NOW, ids.derive("job", "1")),
        tenant=TENANT,
        kind=JobKind.PROFILE_EXPORT,
        created_at=NOW,
        params={"format": "csv", "filter": None},
        counts={"written": 0},
        due_at_ms=NOW_MS,
    )
    return replace(job, **changes)


def a_profile(**changes: Any) -> Profile:
    """A customer whose first name came with a profile event."""
    profile = Profile(
        id=ids.derive("prf", TENANT, "external_id", "customer-1"),
        tenant=TENANT,
        revision=1,
        external_id="customer-1",
        email="ada@example.com",
        properties={"first_name": "Ada"},
        created_at=NOW,
        updated_at=NOW,
    )
    changed = replace(profile, **changes)
    named = [(kind, getattr(changed, kind)) for kind in IDENTIFIERS]
    names = sorted(
        NameClaim(kind, value, f"-{NOW}|evt_0", present=True)
        for kind, value in named
        if value is not None
    )
    return replace(changed, names=changes.get("names", tuple(names)))


def a_subject(event: Event | None = None, profile: Profile | None = None) -> Subject:
    """Whom an event is about: a person of whom nothing is known, or whoever has this profile."""
    event = event or an_event()
    named = names_of_people.of(event.profile, NameRules())
    read = {} if profile is None else {profile.id: profile}
    draft = Draft(
        tenant=TENANT, rules=NameRules(), derive=lambda _profile: {}, read=read, holders={}
    )
    if profile is None:
        return draft.subject(event, named)
    return Subject(profile_id=profile.id, profile=profile, named=named, draft=draft)


def a_sync(**changes: Any) -> Sync:
    """An hourly load into Redshift."""
    sync = Sync(
        id="syn_1",
        tenant=TENANT,
        name="warehouse",
        kind=DestinationKind.REDSHIFT,
        created_at=NOW,
        schema="penstock_acme",
    )
    return replace(sync, **changes)


def an_api_key(**changes: Any) -> ApiKey:
    """A key that may do everything but administer."""
    key = ApiKey(
        sha256=api_key.digest("psk_test"),
        tenant=TENANT,
        name="ci",
        scopes=("events", "webhooks", "functions", "deliveries", "profiles", "syncs"),
        created_at=NOW,
    )
    return replace(key, **changes)
