"""Types of events. Import them from `penstock`; this module's name is not part of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    # Type checkers bring this module along; at run time nothing imports it.
    from typing_extensions import ReadOnly, TypeVar

    Properties = TypeVar("Properties", default=dict[str, Any])
else:
    from typing import TypeVar

    Properties = TypeVar("Properties")

EmailTopic: TypeAlias = Literal[
    "message.email.received",
    "message.email.opened",
    "message.email.clicked",
    "message.email.bounced",
    "message.email.dropped",
    "message.email.marked_spam",
    "message.email.unsubscribed",
]
SmsTopic: TypeAlias = Literal[
    "message.sms.sent",
    "message.sms.received",
    "message.sms.clicked",
    "message.sms.failed",
    "message.sms.unsubscribed",
]
PushTopic: TypeAlias = Literal[
    "message.push.received", "message.push.opened", "message.push.bounced"
]
ProfileTopic: TypeAlias = Literal[
    "profile.created",
    "profile.updated",
    "profile.merged",
    "profile.deleted",
    "profile.erased",
    "profile.subscribed",
    "profile.unsubscribed",
]
ListTopic: TypeAlias = Literal["list.member_added", "list.member_removed"]
SegmentTopic: TypeAlias = Literal["segment.entered", "segment.left"]
WebhookTopic: TypeAlias = Literal[
    "webhook.failing",
    "webhook.recovered",
    "webhook.disabled",
    "webhook.enabled",
    "webhook.test",
]
FunctionTopic: TypeAlias = Literal[
    "function.failing", "function.recovered", "function.canary_failed"
]
SyncTopic: TypeAlias = Literal["sync.failing", "sync.recovered", "sync.gap"]
MonitorTopic: TypeAlias = Literal["monitor.usage"]


class Identifiers(TypedDict, total=False):
    """Who an event is about: the profile's id and the names that it gives the person, or none."""

    id: str  # the platform's own, such as `prf_…`
    external_id: str  # yours
    email: str
    phone: str
    anonymous_id: str  # a device's or a browser's, of before somebody logged in
    names: dict[str, str]  # names of your own kinds, such as {"loyalty_card": "…"}


class Event(TypedDict, Generic[Properties]):
    """Any event. `Event[Order]` is one whose properties are an `Order`, a TypedDict of yours.

    Where a function takes one family of topics only, annotate with that family, such as
    `EmailEvent`: a checker then knows its topics, too. An event of a family is an `Event`.
    """

    id: str  # two events with the same id are the same event
    tenant: str
    topic: ReadOnly[str]  # such as `metric.placed_order`
    occurred_at: str  # RFC 3339: when it happened, as the producer says
    received_at: str  # RFC 3339: when the platform received it
    origin: Literal["api", "bus", "function", "import", "system"]  # the way by which it came
    hops: int  # how many functions, one after another, have led to it
    profile: Identifiers  # empty if the event is about nobody
    properties: Properties


class MetricEvent(Event[Properties], Generic[Properties]):
    """An event of your own, such as `metric.placed_order`; `MetricEvent[Order]` has your fields."""


class EmailEvent(Event[Properties], Generic[Properties]):
    """What became of an email."""

    topic: ReadOnly[EmailTopic]


class SmsEvent(Event[Properties], Generic[Properties]):
    """What became of a text message, or one that a person sent."""

    topic: ReadOnly[SmsTopic]


class PushEvent(Event[Properties], Generic[Properties]):
    """What became of a push notification."""

    topic: ReadOnly[PushTopic]


class ProfileEvent(Event[Properties], Generic[Properties]):
    """A profile was created, changed, merged or deleted, or its consent changed."""

    topic: ReadOnly[ProfileTopic]


class ListEvent(Event[Properties], Generic[Properties]):
    """A profile joined or left a list."""

    topic: ReadOnly[ListTopic]


class SegmentEvent(Event[Properties], Generic[Properties]):
    """A profile came to match a segment, or no longer does."""

    topic: ReadOnly[SegmentTopic]


class WebhookNotice(TypedDict, total=False):
    """The properties of a `webhook.*` event; each is left out where it does not apply."""

    webhook_id: str  # always there
    name: str  # the webhook's; only of `webhook.test`
    reason: str  # why it was switched, such as `gone`; of `webhook.disabled` and `.enabled`
    failures: int  # attempts that failed in a row by then
    failing_since: str  # RFC 3339: when the first of them failed
    after_s: int  # for how many seconds it has failed; only of `webhook.failing`


class WebhookEvent(Event[WebhookNotice]):
    """An event of the platform about one of your webhooks."""

    topic: ReadOnly[WebhookTopic]


class FunctionNotice(TypedDict, total=False):
    """The properties of a `function.*` event; each is left out where it does not apply."""

    function: str  # its name; always there
    version: int  # the version that failed or recovered
    run_id: str  # an example: the run that led to the event
    outcome: str  # of the example, such as `raised`
    error_type: str  # of the example's error, such as `KeyError`
    failures: int  # runs that failed in a row by then, at least
    failing_since: str  # RFC 3339: when the first of them failed
    after_s: int  # for how many seconds it has failed; only of `function.failing`
    # Only of `function.canary_failed`:
    live_version: int  # the version that the canary was compared with
    canary_id: str
    reason: str  # why the canary was ended
    canary_runs: int
    canary_failures: int
    live_runs: int
    live_failures: int


class FunctionEvent(Event[FunctionNotice]):
    """An event of the platform about one of your functions."""

    topic: ReadOnly[FunctionTopic]


class SyncNotice(TypedDict, total=False):
    """The properties of a `sync.*` event; each is left out where it does not apply."""

    sync_id: str  # always there
    name: str  # the sync's; always there
    kind: str  # of its destination, such as `redshift`; always there
    failures: int  # runs that failed in a row by then; always there
    failing_since: str  # RFC 3339: when the first of them failed
    error: str  # of the last failure, in the warehouse's own words; not of `sync.recovered`
    error_code: str  # likewise, such as `permission`
    advice: str  # what to do about it; likewise
    # Only of `sync.gap`:
    first_seq: int  # the number of the first raw batch that is gone
    last_seq: int  # of the last one
    batches: int  # how many raw batches with your rows are gone
    rows: int  # how many of your rows were in them
    arrived_from: str  # RFC 3339: when the first of them arrived
    arrived_until: str  # RFC 3339: when the last of them arrived


class SyncEvent(Event[SyncNotice]):
    """An event of the platform about one of your syncs."""

    topic: ReadOnly[SyncTopic]


class UsageNotice(TypedDict):
    """What you used on one day: the properties of the events `monitor.usage`."""

    day: str  # in UTC, such as 2026-11-20; it has ended
    events: int  # each id once
    event_bytes: int  # of their properties and names, as JSON
    deliveries: int  # that had their first attempt
    attempts: int  # of deliveries, the first ones too
    runs: int  # of functions, each attempt of one


class MonitorEvent(Event[UsageNotice]):
    """An event of the platform about what you use."""

    topic: ReadOnly[MonitorTopic]
