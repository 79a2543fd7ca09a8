"""What a field may hold, as the OpenAPI document says it; one type for each kind of text or number.

`runtime.core` has most rules, and refuses with codes of its own. For these `says` only writes the
rule into the document, from the same constants; a test compares document and code. `judged_by` has
the core's rule applied while a request is read, so that all that is wrong is named at once; the use
case applies it again. Pydantic enforces the few rules that the core does not have, such as the
length of ids in a path: they become keys, whose length DynamoDB limits.
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from functions._misfits import judged_by, read_by
from runtime.core import cursor, ids, overlap, preconditions
from runtime.core.audit import selection as audit
from runtime.core.deliveries.delivery import Status
from runtime.core.events import envelope, topics
from runtime.core.formats import klaviyo
from runtime.core.functions import releases
from runtime.core.functions import rules as function_rules
from runtime.core.functions.function import MAX_SOURCE_BYTES, MAX_VERSION, Engine, RetryOn
from runtime.core.functions.releases import Trial
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.matching import matching
from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.pacing.rate_limit import MAX_COUNT, Per, RateLimit
from runtime.core.tenancy import idempotency, scopes
from runtime.core.timestamps import moment, timestamp
from runtime.core.transforms import rules as transform_rules
from runtime.core.warehouse import schedule
from runtime.core.webhooks import access_rules
from runtime.core.webhooks import rules as webhook_rules
from runtime.core.webhooks.webhook import MAX_TIMEOUT_S
from runtime.errors import BadInput
from runtime.usecases.transforms.try_transform import MAX_PROFILES


def says(**schema: Any) -> Any:
    """JSON Schema for a rule that the core enforces; it has no effect but in the document."""
    return Field(json_schema_extra=schema)


def whole(rule: re.Pattern[str]) -> str:
    """A rule that a whole text must fit, as JSON Schema writes it."""
    return f"^(?:{rule.pattern})$"


def within(least: float, most: float) -> Any:
    """A number from `least` to `most`."""
    return says(minimum=least, maximum=most)


def _time(text: str) -> str:
    """A time that a caller names, as records have it.

    Raises:
        BadInput: code `bad_time`.
    """
    try:
        return timestamp(moment(text))
    except ValueError as problem:
        raise BadInput(
            "must be RFC 3339 with an offset, such as 2026-11-20T13:04:05Z",
            code="bad_time",
        ) from problem


_NEVER: Final = str(RetryOn.NEVER)


def _integer(value: object) -> object:
    """1.0 as 1: to JSON and its schemas they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Pydantic alone would refuse 1.0 as an integer, which many languages write for 1.
_READ_INTEGER: Final = BeforeValidator(_integer)
Integer = Annotated[int, _READ_INTEGER]
Counter = Annotated[int, Field(ge=0, le=(1 << 53) - 1), _READ_INTEGER]  # exact as a double, too

# Pydantic enforces these.
ResourceId = Annotated[str, Field(min_length=1, max_length=ids.MAX_ID_CHARS)]
VersionRef = Annotated[str, Field(pattern="^[1-9][0-9]{0,5}$")]
FunctionRef = Annotated[str, Field(pattern=whole(function_rules.NAME))]
ProfileId = Annotated[
    str,
    Field(max_length=envelope.MAX_IDENTIFIER_CHARS, pattern=whole(envelope.IDENTIFIER)),
]
ExactTopic = Annotated[str, Field(min_length=1, max_length=envelope.MAX_TOPIC_CHARS)]

ETag = Annotated[
    str, Field(description="of the thing as it stands, as in the header `ETag`, for `If-Match`")
]

# The core enforces these.
# In a request that has been read, it is the time in UTC as records have it.
Time = Annotated[str, says(format="date-time"), read_by(_time)]
Cursor = Annotated[str, says(maxLength=cursor.MAX_CURSOR_CHARS, pattern=whole(cursor.ALPHABET))]
Name = Annotated[
    str,
    says(
        minLength=1,
        maxLength=webhook_rules.MAX_NAME_CHARS,
        pattern=whole(webhook_rules.NAME),
        description="printable characters",
    ),
    judged_by(webhook_rules.check_name),
]
Url = Annotated[str, says(minLength=1, maxLength=webhook_rules.MAX_URL_CHARS)]
Topic = Annotated[str, says(maxLength=envelope.MAX_TOPIC_CHARS, pattern=whole(topics.SUBSCRIBABLE))]
EventTopic = Annotated[
    str,
    says(maxLength=envelope.MAX_TOPIC_CHARS, pattern=whole(envelope.TOPIC)),
    judged_by(envelope.topic),
]
Topics = Annotated[
    list[Topic], says(minItems=1, maxItems=topics.MAX_TOPICS), judged_by(topics.parse_all)
]
SomeTopics = Annotated[
    list[Topic],
    says(maxItems=topics.MAX_TOPICS),
    judged_by(lambda names: names and topics.parse_all(names)),
]
Filter = Annotated[dict[str, Any], judged_by(matching.compile)]
Schedule = Annotated[
    str,
    BeforeValidator(str),  # of a record, which has it parsed
    says(
        pattern=whole(schedule.WRITTEN),
        examples=["every 15 minutes", "daily at 03:30 Europe/Berlin", "manual"],
        description="when it is due: `every N minutes` (counted from midnight UTC), `daily at HH:MM"
        " ZONE` with an IANA zone, or `manual`",
    ),
    judged_by(schedule.parse),
]
FunctionName = Annotated[
    str, says(pattern=whole(function_rules.NAME)), judged_by(function_rules.check_name)
]
Property = Annotated[
    str,
    says(
        minLength=1,
        maxLength=transform_rules.MAX_PROPERTY_CHARS,
        pattern=whole(transform_rules.PROPERTY),
        description="the name of a property: printable characters",
    ),
]
TransformMethod = Literal["format", "standardize", "merge", "split", "default", "hash"]
TransformPosition = Annotated[int, Field(ge=1, le=transform_rules.MAX_TRANSFORMS), _READ_INTEGER]
TrialProfiles = Annotated[int, Field(ge=1, le=MAX_PROFILES), _READ_INTEGER]
SecretName = Annotated[str, says(pattern=whole(function_rules.SECRET_NAME))]
SecretNames = Annotated[
    list[SecretName],
    says(maxItems=function_rules.MAX_SECRETS),
    judged_by(function_rules.check_secret_names),
]
SecretValue = Annotated[
    str,
    says(
        minLength=1,
        maxLength=function_rules.MAX_SECRET_VALUE_BYTES,
        description="UTF-8; a value of one line has no blanks around it",
    ),
    judged_by(function_rules.check_secret_value),
]
Source = Annotated[
    str,
    says(minLength=1, maxLength=MAX_SOURCE_BYTES, pattern="^[^\\x00]*$"),
    judged_by(function_rules.check_source),
]
Host = Annotated[str, says(pattern=f"^\\*$|{whole(function_rules.HOST)}")]
Hosts = Annotated[
    list[Host],
    says(maxItems=function_rules.MAX_HOSTS),
    judged_by(lambda hosts: function_rules.check_hosts(tuple(hosts))),
]
Environment = Annotated[
    dict[str, Annotated[str, says(pattern="^[^\\x00]*$")]],
    says(propertyNames={"pattern": whole(function_rules.VARIABLE)}),
    judged_by(function_rules.check_environment),
]
EngineName = Annotated[str, says(enum=list(Engine)), judged_by(function_rules.engine)]
VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION), _READ_INTEGER]
RunVersion = Annotated[int, Field(ge=0, le=MAX_VERSION)]  # 0 for a run that no version could do
Share = Annotated[
    float,
    within(releases.MIN_PERCENT, releases.MAX_POINTS),
    judged_by(lambda percent: releases.check_trial(Trial(version=1, percent=percent))),
]
Points = Annotated[
    float,
    within(0, releases.MAX_POINTS),
    judged_by(lambda points: releases.check_trial(Trial(version=1, margin_points=points))),
]
MinRuns = Annotated[
    Integer,
    within(1, releases.MAX_MIN_RUNS),
    judged_by(lambda runs: releases.check_trial(Trial(version=1, min_runs=runs))),
]
RetryOnName = Annotated[
    str,
    says(enum=list(RetryOn)),
    judged_by(lambda on: function_rules.retry_policy(on, attempts=1, delays_s=None), depth=2),
]
RunAttempts = Annotated[
    Integer,
    within(1, function_rules.MAX_ATTEMPTS),
    judged_by(
        lambda attempts: function_rules.retry_policy(_NEVER, attempts=attempts, delays_s=None),
        depth=2,
    ),
]
RunDelays = Annotated[
    list[Annotated[Integer, within(0, function_rules.MAX_RETRY_DELAY_S)]],
    says(minItems=1, maxItems=function_rules.MAX_ATTEMPTS),
    judged_by(
        lambda delays_s: function_rules.retry_policy(_NEVER, attempts=1, delays_s=tuple(delays_s)),
        depth=2,
    ),
]
Delays = Annotated[
    list[Annotated[Integer, within(1, webhook_rules.MAX_RETRY_DELAY_S)]],
    says(maxItems=webhook_rules.MAX_RETRIES),
    judged_by(lambda delays_s: webhook_rules.check_schedule(tuple(delays_s))),
]
Timeout = Annotated[Integer, within(1, MAX_TIMEOUT_S), judged_by(webhook_rules.check_timeout)]
Concurrency = Annotated[
    Integer,
    within(1, MAX_CONCURRENCY),
    judged_by(lambda attempts: webhook_rules.check_limits(None, attempts)),
]
RateCount = Annotated[
    Integer,
    within(1, MAX_COUNT),
    judged_by(
        lambda count: webhook_rules.check_limits(RateLimit(count=count, per=Per.SECOND), None),
        depth=2,
    ),
]
Overlap = Annotated[Integer, within(0, overlap.MAX_S), judged_by(overlap.check)]
OwnSecret = Annotated[
    str, says(minLength=klaviyo.MIN_SECRET_CHARS, maxLength=klaviyo.MAX_SECRET_CHARS)
]
Headers = Annotated[
    dict[
        str,
        Annotated[
            str,
            says(
                minLength=1,
                maxLength=access_rules.MAX_HEADER_BYTES,
                pattern=whole(access_rules.VALUE),
            ),
        ],
    ],
    says(
        maxProperties=access_rules.MAX_HEADERS,
        propertyNames={"pattern": whole(access_rules.NAME)},
    ),
    judged_by(access_rules.check_headers),
]
HeaderText = Annotated[
    str, says(maxLength=access_rules.MAX_SECRET_CHARS, pattern=whole(access_rules.VALUE))
]
Token = Annotated[
    str, says(maxLength=access_rules.MAX_SECRET_CHARS, pattern=whole(access_rules.TOKEN))
]
UserName = Annotated[
    str,
    says(
        maxLength=access_rules.MAX_SECRET_CHARS,
        allOf=[{"pattern": whole(access_rules.VALUE)}, {"pattern": "^[^:]*$"}],
    ),
]
Password = Annotated[
    str, says(maxLength=access_rules.MAX_SECRET_CHARS, pattern=f"^$|{whole(access_rules.PASSWORD)}")
]
Scopes = Annotated[
    list[Annotated[str, says(enum=[*scopes.SCOPES, scopes.ADMIN])]], says(minItems=1)
]
TenantId = Annotated[str, says(pattern=whole(envelope.TENANT)), judged_by(envelope.check_tenant)]
Action = Annotated[
    str,
    says(maxLength=envelope.MAX_TOPIC_CHARS, pattern=whole(audit.ACTION)),
    judged_by(audit.action),
]
Outcomes = Annotated[list[Annotated[str, says(enum=list(Outcome))]], says(minItems=1)]
FileFormat = Annotated[str, says(enum=["csv", "jsonl"])]
VersionWord = Annotated[str, says(enum=list(VersionChoice))]
EndedStatuses = Annotated[
    list[Annotated[str, says(enum=[each for each in Status if each is not Status.PENDING])]],
    says(minItems=1),
]

CONDITION: Final = {"type": "string", "pattern": whole(preconditions.CONDITION)}
ETAG: Final = {"type": "string", "pattern": '^"[0-9a-f]{32}"$'}
IDEMPOTENCY_KEY: Final = {"type": "string", "pattern": whole(idempotency.KEY)}

_IDENTIFIER: Final = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": envelope.MAX_IDENTIFIER_CHARS,
    "pattern": whole(envelope.IDENTIFIER),
}
_PROFILE: Final[dict[str, Any]] = {
    "title": "EventProfileIn",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("id", *envelope.NAME_KINDS), _IDENTIFIER),
        "names": {
            "type": ["object", "null"],
            "propertyNames": {
                "pattern": whole(envelope.OWN_KIND),
                "not": {"enum": sorted(envelope.NO_OWN_KIND)},
            },
            "additionalProperties": _IDENTIFIER,
            "maxProperties": envelope.MAX_OWN_KINDS,
            "description": "names of your own kinds: kind and name",
        },
    },
}
EVENT: Final[dict[str, Any]] = {
    "title": "EventIn",
    "type": "object",
    "required": ["topic"],
    "additionalProperties": False,
    "properties": {
        "id": {
            "type": ["string", "null"],
            "maxLength": ids.MAX_ID_CHARS,
            "pattern": whole(ids.ID),
            "description": "yours, or made here: the same id, the same event",
        },
        "tenant": {"type": "string", "description": "your own, if any"},
        "topic": {
            "type": "string",
            "maxLength": envelope.MAX_TOPIC_CHARS,
            "pattern": whole(envelope.TOPIC),
            "examples": ["metric.placed_order"],
        },
        "occurred_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "now, when it is left out",
        },
        "profile": {"anyOf": [_PROFILE, {"type": "null"}]},
        "properties": {
            "anyOf": [{"type": "object"}, {"type": "null"}],
            "description": "any JSON; an event has at most 256 KB, and integers have 64 bits",
        },
    },
}
# An event that the API shows has these besides; who sends one back need not take them out.
_WHOLE_EVENT: Final[dict[str, Any]] = EVENT | {
    "title": "WholeEventIn",
    "properties": EVENT["properties"]
    | {
        "received_at": {"type": ["string", "null"], "format": "date-time"},
        "origin": {"enum": list(envelope.ORIGINS)},
        "hops": {"type": "integer", "minimum": 0, "maximum": envelope.MAX_HOPS},
    },
}
WholeEvent = Annotated[dict[str, Any], says(**_WHOLE_EVENT)]
# These stand in the document once, under their titles, by which generated clients name their types.
NAMED: Final = {schema["title"]: schema for schema in (_PROFILE, EVENT, _WHOLE_EVENT)}
