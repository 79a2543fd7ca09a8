"""The catalogue of topics, the prefixes that a subscription may use, and Klaviyo's names."""

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from runtime.core.events.envelope import MAX_TOPIC_CHARS
from runtime.errors import BadInput

MAX_TOPICS: Final = 100  # in one subscription; for more, a prefix or a filter serves better

# What happened to a tenant's settings is for us alone to say: nobody else may send these.
RESERVED_FAMILY: Final = "audit."
# What callers of the API, and Penstock itself, change: the audit log has an entry for each.
_CHANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "webhook.created": "a webhook was created",
        "webhook.updated": "a webhook's settings were changed",
        "webhook.deleted": "a webhook was deleted",
        "webhook.secret_rotated": "a webhook's signing secret was changed",
        "webhook.enabled": "a webhook was switched on",
        "webhook.disabled": "a webhook was switched off",
        "webhook.tested": "a webhook was sent a test",
        "delivery.retried": "a delivery was sent again",
        "replay.started": "a replay of deliveries or runs was started",
        "replay.cancelled": "a replay was stopped",
        "job.created": "an import or an export was created",
        "job.started": "an import was started",
        "job.cancelled": "a job was stopped",
        "profile.erased": "the erasure of a person was asked for",
        "function.created": "a function was created",
        "function.updated": "a function's settings were changed",
        "function.deleted": "a function was deleted",
        "function.restored": "the deletion of a function was taken back",
        "function.enabled": "a function was switched on",
        "function.disabled": "a function was switched off",
        "function.published": "a version was made live",
        "function.rolled_back": "an earlier version was made live again",
        "function.invoked": "a function was run on one event",
        "environment.set": "a function's environment was replaced",
        "secret.set": "the value of a function's secret was set",
        "secret.unset": "the value of a function's secret was forgotten",
        "version.pushed": "a version of a function was pushed",
        "version.deleted": "the source of a version was forgotten",
        "canary.started": "a version was put on trial, or its trial was changed",
        "canary.promoted": "the version on trial was made live",
        "canary.stopped": "the trial of a version was ended",
        "run.retried": "a run was made again",
        "profile.updated": "a profile was changed by a caller",
        "profile.bulk_updated": "many profiles were made or changed by a caller",
        "profile.merged": "two profiles were merged by a caller",
        "profile.unmerged": "a profile was parted from the one that it was merged into",
        "identity.updated": "the rules of names were changed",
        "transform.created": "a data transform was created",
        "transform.updated": "a data transform was changed",
        "transform.reverted": "a data transform got the definition of an earlier version",
        "transform.backfilled": "profiles were to be brought up to date with the data transforms",
        "transform.deleted": "a data transform was deleted",
        "sync.created": "a sync was created",
        "sync.updated": "a sync's settings were changed",
        "sync.deleted": "a sync was deleted",
        "sync.paused": "a sync was paused",
        "sync.resumed": "a sync was resumed",
        "sync.started": "a load of a sync was started",
        "sync.gap_skipped": "a sync was let go on behind a gap, without the rows that are gone",
        "api_key.created": "an API key was created",
        "api_key.updated": "an API key got another name or other scopes",
        "api_key.rotated": "an API key was replaced by a new one",
        "api_key.revoked": "an API key was revoked",
        "tenant.created": "a tenant was created",
        "quotas.updated": "an admin has set how much a tenant may use on one day",
    }
)

KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "profile.created": "a profile was seen for the first time",
        "profile.updated": "a profile's identifiers or properties changed",
        "profile.merged": "two profiles turned out to be one person",
        "profile.deleted": "a profile was deleted",
        "profile.erased": "a person was erased; only the ids of the profile are told",
        "profile.subscribed": "a person agreed to marketing on a channel",
        "profile.unsubscribed": "a person withdrew that agreement",
        "message.email.received": "an email reached the mailbox",
        "message.email.opened": "an email was opened",
        "message.email.clicked": "a link in an email was clicked",
        "message.email.bounced": "an email came back",
        "message.email.dropped": "an email was not sent",
        "message.email.marked_spam": "an email was reported as spam",
        "message.email.unsubscribed": "a person unsubscribed through an email",
        "message.sms.sent": "a text message was sent",
        "message.sms.received": "a person sent a text message",
        "message.sms.clicked": "a link in a text message was clicked",
        "message.sms.failed": "a text message could not be delivered",
        "message.sms.unsubscribed": "a person unsubscribed by text message",
        "message.push.received": "a push notification arrived",
        "message.push.opened": "a push notification was opened",
        "message.push.bounced": "a push notification could not be delivered",
        "list.member_added": "a profile joined a list",
        "list.member_removed": "a profile left a list",
        "segment.entered": "a profile came to match a segment",
        "segment.left": "a profile no longer matches a segment",
        "function.failing": "a function has failed ten times in a row, for an hour, or for a day",
        "function.recovered": "a function of which you were told that it fails works again",
        "function.canary_failed": "a canary failed more often than it may, and was ended",
        "sync.failing": "a run of a sync failed: the first, the third or the tenth in a row",
        "sync.recovered": "a sync that failed has loaded all there was",
        "sync.gap": "raw rows are gone that a sync has not loaded; it waits for you to decide",
        "monitor.usage": "what your tenant used on a day that has ended",
        "webhook.failing": "an endpoint has failed for an hour, and again for a day",
        "webhook.recovered": "an endpoint of which you were told that it fails works again",
        "webhook.disabled": "a webhook was switched off: by somebody, by a 410, or after five days",
        "webhook.enabled": "a webhook was switched on",
        "webhook.test": "a test, sent to one webhook on request",
        **{
            f"{RESERVED_FAMILY}{action}": f"{what}, or somebody tried"
            for action, what in _CHANGES.items()
        },
    }
)
# Any topic below one of these exists. Customers name the metrics; the system names the others.
OPEN_FAMILIES: Final = ("metric.", "function.", "sync.", "monitor.")
_SLUG: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")

_KLAVIYO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "received_email": "message.email.received",
        "email_delivered": "message.email.received",
        "opened_email": "message.email.opened",
        "clicked_email": "message.email.clicked",
        "clicked_email_to_unsubscribe": "message.email.unsubscribed",
        "bounced_email": "message.email.bounced",
        "dropped_email": "message.email.dropped",
        "marked_email_as_spam": "message.email.marked_spam",
        "received_sms": "message.sms.received",
        "sent_sms": "message.sms.sent",
        "clicked_sms": "message.sms.clicked",
        "failed_to_deliver_sms": "message.sms.failed",
        "received_push": "message.push.received",
        "opened_push": "message.push.opened",
        "bounced_push": "message.push.bounced",
        "subscribed_to_email_marketing": "profile.subscribed",
        "subscribed_to_sms_marketing": "profile.subscribed",
        "unsubscribed_from_email_marketing": "profile.unsubscribed",
        "unsubscribed_from_sms_marketing": "profile.unsubscribed",
        "subscribed_to_list": "list.member_added",
        "merged_profile": "profile.merged",
    }
)

_FAMILIES: Final = sorted(
    {name[:end] for name in KNOWN for end, char in enumerate(name) if char == "."}
    | {family.removesuffix(".") for family in OPEN_FAMILIES}
)
# What a subscription may name: a topic, all topics below a name, or Klaviyo's id of either.
SUBSCRIBABLE: Final = re.compile(
    rf"(?:{'|'.join(map(re.escape, KNOWN))})(?:\.\*)?"
    rf"|(?:{'|'.join(map(re.escape, _FAMILIES))})\.\*"
    rf"|(?:{'|'.join(map(re.escape, OPEN_FAMILIES))}){_SLUG.pattern}(?:\.\*)?"
    rf"|event:(?:klaviyo|api)\.(?:{_SLUG.pattern}(?:\.\*)?|\*)"
)

_TO_KLAVIYO: Final[Mapping[str, str]] = MappingProxyType(  # the first one wins
    {ours: theirs for theirs, ours in reversed(tuple(_KLAVIYO.items()))}
)


def to_klaviyo(topic: str) -> str:
    """Klaviyo's id for `topic`. A topic that Klaviyo does not know keeps its own name in the id."""
    if topic in _TO_KLAVIYO:
        return f"event:klaviyo.{_TO_KLAVIYO[topic]}"
    if topic.startswith("metric."):
        return f"event:api.{topic.removeprefix('metric.')}"
    return f"event:penstock.{topic}"


def tells_of_change(topic: str) -> bool:
    """Whether an event of this topic tells that somebody has just changed something."""
    return topic.startswith(RESERVED_FAMILY)


def check_sendable(topic: object) -> None:
    """Refuse a topic of events that only we send.

    Raises:
        BadInput: code `reserved_topic`.
    """
    if isinstance(topic, str) and tells_of_change(topic):
        raise BadInput(
            "begins with audit., and only Penstock tells of changes",
            field="topic",
            code="reserved_topic",
        )


def parse_all(topics: Iterable[object], *, at: str = "topics") -> tuple[str, ...]:
    """Read the topics and prefixes of a subscription into our own names, without repeats.

    Raises:
        BadInput: code `no_topics`, `too_many_topics` or `unknown_topic`; the last names a topic
            that is spelled alike.
    """
    names = tuple(topics)
    if not names:
        raise BadInput("name at least one topic", field=at, code="no_topics")
    if len(names) > MAX_TOPICS:
        raise BadInput(f"at most {MAX_TOPICS} topics", field=at, code="too_many_topics")
    return tuple(dict.fromkeys(_parse(topic, at) for topic in names))


def is_prefix(topic: str) -> bool:
    """Whether `topic` stands for all topics below a name, as `message.email.*` does."""
    return topic.endswith(".*")


def covers(name: str, topic: str) -> bool:
    """Whether `name`, a topic or a prefix of a subscription, takes events of `topic`."""
    return topic.startswith(name[:-1]) if is_prefix(name) else topic == name


def _parse(topic: object, at: str) -> str:
    if not isinstance(topic, str) or not topic or len(topic) > MAX_TOPIC_CHARS:
        raise _unknown(topic, at)
    name = _from_klaviyo(topic)
    if _covers_known(name[:-1]) if is_prefix(name) else _is_known(name):
        return name
    raise _unknown(topic, at)


def _is_known(name: str) -> bool:
    return name in KNOWN or any(
        name.startswith(family) and _SLUG.fullmatch(name.removeprefix(family))
        for family in OPEN_FAMILIES
    )


def _covers_known(stem: str) -> bool:
    return (
        stem in OPEN_FAMILIES
        or any(topic.startswith(stem) for topic in KNOWN)
        or _is_known(stem.removesuffix("."))
    )


def _from_klaviyo(topic: str) -> str:
    source, _, rest = topic.partition(":")
    if source != "event":
        return topic
    kind, _, metric = rest.partition(".")
    if kind == "klaviyo":
        return _KLAVIYO.get(metric, f"metric.{metric}")
    return f"metric.{metric}" if kind == "api" else topic


def _unknown(topic: object, at: str) -> BadInput:
    close = difflib.get_close_matches(str(topic)[:MAX_TOPIC_CHARS], KNOWN, n=1)
    hint = f"did you mean {close[0]}?" if close else "see GET /v1/topics"
    return BadInput(
        f"{str(topic)[:MAX_TOPIC_CHARS]!r} is not a topic; {hint}", field=at, code="unknown_topic"
    )
