"""What a field may hold, as the OpenAPI document says it; one type for each kind of text or number.

`runtime.core` enforces most rules, and refuses with codes of its own. For these `says` only writes
the rule into the document, from the same constants; a test compares document and code. Pydantic
enforces the few rules here that the core does not have, such as the length of ids in a path: they
become keys, whose length DynamoDB limits.
"""

import re
from typing import Annotated, Any, Final

from pydantic import Field

from runtime.core import cursor, ids, preconditions
from runtime.core.deliveries.delivery import Status
from runtime.core.events import envelope, topics
from runtime.core.formats import klaviyo
from runtime.core.functions import releases
from runtime.core.functions import rules as function_rules
from runtime.core.functions.function import MAX_SOURCE_BYTES, MAX_VERSION, Engine, RetryOn
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.tenancy import idempotency, scopes
from runtime.core.webhooks import access_rules
from runtime.core.webhooks import rules as webhook_rules
from runtime.core.webhooks.webhook import MAX_TIMEOUT_S


def says(**schema: Any) -> Any:
    """JSON Schema for a rule that the core enforces; it has no effect but in the document."""
    return Field(json_schema_extra=schema)


def whole(rule: re.Pattern[str]) -> str:
    """A rule that a whole text must fit, as JSON Schema writes it."""
    return f"^(?:{rule.pattern})$"


def within(least: float, most: float) -> Any:
    """A number from `least` to `most`."""
    return says(minimum=least, maximum=most)


_TOPIC_SCHEMA: Final = {"minLength": 1, "maxLength": envelope.MAX_TOPIC_CHARS}

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
Time = Annotated[str, says(format="date-time")]
Cursor = Annotated[str, says(maxLength=cursor.MAX_CURSOR_CHARS, pattern=whole(cursor.ALPHABET))]
Name = Annotated[
    str,
    says(
        minLength=1,
        maxLength=webhook_rules.MAX_NAME_CHARS,
        pattern="^[^\\x00-\\x1f\\x7f-\\x9f]*$",
        description="printable characters",
    ),
]
Topic = Annotated[str, says(**_TOPIC_SCHEMA)]
EventTopic = Annotated[str, says(maxLength=envelope.MAX_TOPIC_CHARS, pattern=whole(envelope.TOPIC))]
Topics = Annotated[list[Topic], says(minItems=1, maxItems=topics.MAX_TOPICS)]
Triggers = Annotated[list[Topic], says(maxItems=topics.MAX_TOPICS)]
FunctionName = Annotated[str, says(pattern=whole(function_rules.NAME))]
SecretName = Annotated[str, says(pattern=whole(function_rules.SECRET_NAME))]
SecretNames = Annotated[list[SecretName], says(maxItems=function_rules.MAX_SECRETS)]
SecretValue = Annotated[str, says(minLength=1, maxLength=function_rules.MAX_SECRET_VALUE_BYTES)]
Source = Annotated[str, says(minLength=1, maxLength=MAX_SOURCE_BYTES)]
Host = Annotated[str, says(pattern=f"^\\*$|{whole(function_rules.HOST)}")]
Hosts = Annotated[list[Host], says(maxItems=function_rules.MAX_HOSTS)]
Environment = Annotated[
    dict[str, Annotated[str, says(pattern="^[^\\x00]*$")]],
    says(propertyNames={"pattern": whole(function_rules.VARIABLE)}),
]
EngineName = Annotated[str, says(enum=list(Engine))]
VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION)]
RunVersion = Annotated[int, Field(ge=0, le=MAX_VERSION)]  # 0 for a run that no version could do
Share = Annotated[float, within(releases.MIN_PERCENT, releases.MAX_POINTS)]
Points = Annotated[float, within(0, releases.MAX_POINTS)]
MinRuns = Annotated[int, within(1, releases.MAX_MIN_RUNS)]
RetryOnName = Annotated[str, says(enum=list(RetryOn))]
RunAttempts = Annotated[int, within(1, function_rules.MAX_ATTEMPTS)]
RunDelays = Annotated[
    list[Annotated[int, within(0, function_rules.MAX_RETRY_DELAY_S)]],
    says(minItems=1, maxItems=function_rules.MAX_ATTEMPTS),
]
Delays = Annotated[
    list[Annotated[int, within(1, webhook_rules.MAX_RETRY_DELAY_S)]],
    says(maxItems=webhook_rules.MAX_RETRIES),
]
Timeout = Annotated[int, within(1, MAX_TIMEOUT_S)]
Concurrency = Annotated[int, within(1, MAX_CONCURRENCY)]
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
TenantId = Annotated[str, says(pattern=whole(envelope.TENANT))]
Outcomes = Annotated[list[Annotated[str, says(enum=list(Outcome))]], says(minItems=1)]
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
EVENT: Final[dict[str, Any]] = {
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
        "profile": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": dict.fromkeys(envelope.PROFILE_FIELDS, _IDENTIFIER),
        },
        "properties": {
            "type": ["object", "null"],
            "description": "any JSON; an event has at most 256 KB, and integers have 64 bits",
        },
    },
}
