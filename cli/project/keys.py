"""Every key of `penstock.toml`: its type, what leaving it out means, and what it is for.

The readers take the names of their keys from here, and `docs/reference/penstock-toml.md` is made of
the rest; so a key that the page does not explain is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from runtime.core.functions.function import Limits, RetryPolicy
from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.pacing.rate_limit import MAX_COUNT, Per
from runtime.core.webhooks.rules import MAX_RETRIES, MAX_RETRY_DELAY_S
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, Format

REQUIRED: Final = "required"
# What stands for a secret: the name of a variable of the environment that holds it.
FROM_ENVIRONMENT: Final = '{ env = "NAME" }'

# The sections of the file. `function` is for a folder with a single function.
SECTIONS: Final = ("function", "functions", "secrets", "webhooks", "syncs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table."""

    name: str
    kind: str  # its type, with the unit of a number
    left_out: str  # what holds where the file does not have it; `required`: it has to be there
    meaning: str


def names(table: Sequence[Key]) -> list[str]:
    """The names of a table's keys, in the order of the page."""
    return [key.name for key in table]


FUNCTION: Final = (
    Key(
        name="name",
        kind="text",
        left_out="the file's name; of `function.py` the folder's",
        meaning="what the function is called in the tenant",
    ),
    Key(
        name="topics",
        kind="list of texts",
        left_out="the triggers stay as they are",
        meaning='topics that trigger it, exact or as `"message.email.*"`; `[]` for a transform',
    ),
    Key(
        name="filter",
        kind="table",
        left_out="every event of the topics",
        meaning="an EventBridge event pattern over the envelope, beside `topics`",
    ),
    Key(
        name="triggers",
        kind="list of tables",
        left_out="the triggers stay as they are",
        meaning="several triggers, instead of `topics` and `filter`",
    ),
    Key(
        name="http_hosts",
        kind="list of texts",
        left_out="the hosts stay as they are; none for a new function",
        meaning='hosts that `context.http` may call; `"*"` is any',
    ),
    Key(
        name="environment",
        kind="table of texts",
        left_out="stays as it is",
        meaning="what the code sees as `os.environ` on engine `wasm`; no place for a secret",
    ),
    Key(
        name="secrets",
        kind="list of texts",
        left_out="stays as it is",
        meaning="names of secrets that it may use; `penstock functions secrets set` sets values",
    ),
    Key(name="limits", kind="table", left_out="stays as it is", meaning="what one run may use"),
    Key(
        name="retry",
        kind="table",
        left_out="stays as it is",
        meaning="whether and when a run that failed is tried again",
    ),
    Key(
        name="engine",
        kind='`"wasm"` or `"restricted"`',
        left_out="the installation decides",
        meaning="what runs the versions that are pushed from now on",
    ),
)
TRIGGER: Final = (
    Key(name="topics", kind="list of texts", left_out=REQUIRED, meaning="as in the table above"),
    Key(name="filter", kind="table", left_out="every event", meaning="as in the table above"),
)
_UNITS: Final = {
    "wall_s": ("number of seconds", "by the clock"),
    "memory_mb": ("whole number of MiB", "memory"),
    "result_bytes": ("whole number of bytes", "of the returned value as JSON"),
    "http_calls": ("whole number", "calls by `context.http`"),
    "emits": ("whole number", "events that the run may emit"),
    "log_bytes": ("whole number of bytes", "of what it logs"),
    "concurrent_runs": ("whole number", "runs of the whole function at the same time"),
}
LIMITS: Final = tuple(
    Key(
        name=limit.name,
        kind=_UNITS[limit.name][0],
        left_out=f"{limit.default:,}",
        meaning=f"{_UNITS[limit.name][1]}; the platform's cap is what holds when it is left out",
    )
    for limit in fields(Limits)
)
RETRY: Final = (
    Key(
        name="on",
        kind='`"never"` or `"on_error"`',
        left_out=f'`"{RetryPolicy().on}"`',
        meaning="which failures of the code itself lead to another attempt",
    ),
    Key(
        name="attempts",
        kind="whole number",
        left_out=f"{RetryPolicy().attempts}",
        meaning="of one run in all, the first included",
    ),
    Key(
        name="delays_s",
        kind="list of whole seconds",
        left_out="the default schedule",
        meaning="after the first, second, … attempt; the last one repeats",
    ),
)
WEBHOOK: Final = (
    Key(
        name="url",
        kind="text",
        left_out=REQUIRED,
        meaning="https, a DNS name that resolves to public addresses, an allowed port",
    ),
    Key(
        name="topics",
        kind="list of texts",
        left_out=REQUIRED,
        meaning='exact topics, or prefixes such as `"message.email.*"`; their order does not count',
    ),
    Key(
        name="filter",
        kind="table",
        left_out="every event of the topics",
        meaning="an EventBridge event pattern over the envelope",
    ),
    Key(
        name="transform",
        kind="text",
        left_out="the plain payload",
        meaning="the name of the function that makes the payload; it must be published",
    ),
    Key(
        name="format",
        kind=", ".join(f'`"{each}"`' for each in Format),
        left_out=f'`"{Format.STANDARD}"`',
        meaning="how the request looks; it cannot be changed later",
    ),
    Key(
        name="handshake",
        kind="boolean",
        left_out="`false`",
        meaning="`cloudevents`: ask the receiver by OPTIONS before anything else",
    ),
    Key(
        name="enabled",
        kind="boolean",
        left_out="a new webhook is enabled; an existing one stays as it is",
        meaning="whether it gets events. Left out, `apply` never switches on what somebody, or a"
        " 410 of the receiver, has switched off",
    ),
    Key(
        name="retry_schedule_s",
        kind="list of whole seconds",
        left_out="the default schedule",
        meaning=f"the delay before each retry, at most {MAX_RETRIES} of 1 to"
        f" {MAX_RETRY_DELAY_S:,}; `[]` for no retry",
    ),
    Key(
        name="timeout_s",
        kind="whole number of seconds",
        left_out=f"{DEFAULT_TIMEOUT_S}",
        meaning=f"the deadline of one attempt as a whole, 1 to {MAX_TIMEOUT_S}",
    ),
    Key(
        name="rate_limit",
        kind="table",
        left_out="no limit",
        meaning="at most so many attempts; what is too much is delayed, not dropped",
    ),
    Key(
        name="max_concurrency",
        kind="whole number",
        left_out="no limit",
        meaning=f"attempts at the same time, 1 to {MAX_CONCURRENCY}",
    ),
    Key(
        name="secret",
        kind=f"`{FROM_ENVIRONMENT}`",
        left_out="the server makes one, and `apply` prints it once",
        meaning="your own signing secret, `whsec_…`. It counts when the webhook is created;"
        " `penstock webhooks rotate-secret` changes it later",
    ),
    Key(
        name="ed25519",
        kind="boolean",
        left_out="`false`",
        meaning="make a private key as well (`v1a`) when the webhook is created",
    ),
    Key(
        name="headers",
        kind=f"table of `{FROM_ENVIRONMENT}`",
        left_out="no headers",
        meaning="sent with every request. Names are compared; values are sealed",
    ),
    Key(
        name="auth",
        kind="table",
        left_out="no login",
        meaning="how to log in. The kind is compared; the rest is sealed",
    ),
    Key(
        name="client_certificate",
        kind="table",
        left_out="none",
        meaning="for mutual TLS. Whether there is one is compared; the rest is sealed",
    ),
)
RATE_LIMIT: Final = (
    Key(name="count", kind="whole number", left_out=REQUIRED, meaning=f"1 to {MAX_COUNT:,}"),
    Key(
        name="per",
        kind=", ".join(f'`"{each}"`' for each in Per),
        left_out=REQUIRED,
        meaning="the window, by the clock",
    ),
)
_KIND: Final = Key(name="kind", kind="text", left_out=REQUIRED, meaning="the kind of login")
BASIC: Final = (
    _KIND,
    Key(name="username", kind="text", left_out=REQUIRED, meaning="without a colon"),
    Key(name="password", kind=f"`{FROM_ENVIRONMENT}`", left_out=REQUIRED, meaning="may be empty"),
)
BEARER: Final = (
    _KIND,
    Key(
        name="token",
        kind=f"`{FROM_ENVIRONMENT}`",
        left_out=REQUIRED,
        meaning="one that does not change",
    ),
)
OAUTH2: Final = (
    _KIND,
    Key(name="token_url", kind="text", left_out=REQUIRED, meaning="under the same rules as `url`"),
    Key(name="client_id", kind="text", left_out=REQUIRED, meaning="as the provider gave it"),
    Key(
        name="client_secret",
        kind=f"`{FROM_ENVIRONMENT}`",
        left_out=REQUIRED,
        meaning="as the provider gave it",
    ),
    Key(name="scope", kind="text", left_out="is not sent", meaning="of the token request"),
    Key(name="audience", kind="text", left_out="is not sent", meaning="of the token request"),
    Key(
        name="client_auth",
        kind='`"header"` or `"body"`',
        left_out='`"header"`',
        meaning="how the token endpoint takes the credentials",
    ),
)
CERTIFICATE: Final = (
    Key(
        name="certificate",
        kind=f"`{FROM_ENVIRONMENT}`",
        left_out=REQUIRED,
        meaning="PEM, with its chain",
    ),
    Key(
        name="private_key",
        kind=f"`{FROM_ENVIRONMENT}`",
        left_out=REQUIRED,
        meaning="PEM, without a password",
    ),
)
SYNC: Final = (
    Key(
        name="kind",
        kind='`"s3"`, `"redshift"`, `"postgresql"`, `"bigquery"`, `"snowflake"` or `"synapse"`',
        left_out=REQUIRED,
        meaning="what it loads into; another destination is another sync. One that needs settings"
        " is created by `penstock syncs create`, and the file pauses or resumes it",
    ),
    Key(
        name="schedule",
        kind='`"every N minutes"`, `"daily at HH:MM ZONE"` or `"manual"`',
        left_out="a new sync is hourly; an existing one keeps its own",
        meaning="when it is [due](warehouse.md#schedules)",
    ),
    Key(
        name="selection",
        kind="table",
        left_out="a new sync takes everything; an existing one keeps its own",
        meaning="`tables`, `include_topics`, `exclude_topics` and `columns`:"
        " [which rows and columns it takes](warehouse.md#what-a-sync-takes)",
    ),
    Key(
        name="enabled",
        kind="boolean",
        left_out="a new sync loads; an existing one stays as it is",
        meaning="`false` pauses it: it loads nothing until it is resumed",
    ),
)
