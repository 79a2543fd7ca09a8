"""Every key of a project's file but those of functions: its type, its meaning, and its default.

The readers take the names of their keys from here, and `docs/reference/penstock-toml.md` is made of
the rest; so a key that the page does not explain is refused.
"""

from typing import Final

from cli.project.key import FROM_ENVIRONMENT, REQUIRED, Key
from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.pacing.rate_limit import MAX_COUNT, Per
from runtime.core.tenancy.scopes import ADMIN, PRESETS, SCOPES
from runtime.core.transforms.rules import MAX_SOURCES
from runtime.core.transforms.transform import TARGET_SUFFIX, Method
from runtime.core.webhooks.rules import MAX_RETRIES, MAX_RETRY_DELAY_S
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, Format

# The sections of the file. `function` is for a folder with a single function.
SECTIONS: Final = (
    "function", "functions", "secrets", "transforms", "webhooks", "syncs", "keys", "removed",
)  # fmt: skip

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
_TEXT: Final = f"text, or `{FROM_ENVIRONMENT}`"
_KIND: Final = Key(name="kind", kind="text", left_out=REQUIRED, meaning="the kind of login")
BASIC: Final = (
    _KIND,
    Key(name="username", kind=_TEXT, left_out=REQUIRED, meaning="without a colon"),
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
    Key(name="token_url", kind=_TEXT, left_out=REQUIRED, meaning="under the same rules as `url`"),
    Key(name="client_id", kind=_TEXT, left_out=REQUIRED, meaning="as the provider gave it"),
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
        meaning="what it loads into; another destination is another sync",
    ),
    Key(
        name="settings",
        kind=f"table of texts and `{FROM_ENVIRONMENT}`",
        left_out="those of an existing sync stay",
        meaning="what a destination of your own is told, such as `host` and `password`; a secret"
        " one stands in the environment. Values that may be shown are compared",
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
TRANSFORM: Final = (
    Key(
        name="method",
        kind=", ".join(f'`"{each}"`' for each in Method),
        left_out=REQUIRED,
        meaning="what it does; another method is another transform",
    ),
    Key(
        name="sources",
        kind="list of texts",
        left_out=REQUIRED,
        meaning=f"the property that it reads; for `merge` 2 to {MAX_SOURCES}, the first one first",
    ),
    Key(
        name="target",
        kind="text",
        left_out=f"the first source with `{TARGET_SUFFIX}` behind it",
        meaning="the property that it makes; it may be the source itself",
    ),
    Key(
        name="settings",
        kind="table",
        left_out="those of the method",
        meaning="[of the method](transforms.md)",
    ),
    Key(
        name="enabled",
        kind="boolean",
        left_out="a new one is enabled; an existing one stays as it is",
        meaning="`false`: profiles show what they would without it",
    ),
)
API_KEY: Final = (
    Key(
        name="scopes",
        kind="list of texts",
        left_out="those of `preset`",
        meaning=f"what it may do: {', '.join(f'`{each}`' for each in (*SCOPES, ADMIN))}",
    ),
    Key(
        name="preset",
        kind=", ".join(f'`"{each}"`' for each in PRESETS),
        left_out="`scopes` says it",
        meaning="scopes by name, instead of `scopes`",
    ),
    Key(
        name="webhook",
        kind="text",
        left_out="it is for all of the tenant",
        meaning="the name of the one webhook that it is for",
    ),
    Key(
        name="expires_at",
        kind="text: a time as RFC 3339 writes it",
        left_out="it does not end",
        meaning="when it ends",
    ),
)
REMOVED: Final = tuple(
    Key(
        name=section,
        kind="list of texts",
        left_out="none",
        meaning=f"names of {nouns} that `apply` deletes where they are there",
    )
    for section, nouns in (
        ("functions", "functions"),
        ("transforms", "data transforms"),
        ("webhooks", "webhooks"),
        ("syncs", "syncs"),
        ("keys", "API keys"),
    )
)
