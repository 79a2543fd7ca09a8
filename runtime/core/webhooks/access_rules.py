"""Which headers and logins an endpoint may require; an error names the field, never the value."""

import re
from collections.abc import Mapping
from typing import Final

from runtime.core.webhooks.access import Basic, Bearer, Login, OAuth2
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import BadInput

MAX_HEADERS: Final = 20
MAX_HEADER_BYTES: Final = 4096  # of one value
MAX_HEADERS_BYTES: Final = 8192  # of all together; most servers refuse a request with more
MAX_SECRET_CHARS: Final = 4096
# The sender sets the framing, and the format sets its own headers. The others decide how somebody's
# proxy routes a request or whom it trusts.
RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "origin",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
RESERVED_PREFIXES: Final = (
    "ce-",
    "klaviyo-",
    "penstock-",
    "proxy-",
    "sec-",
    "webhook-",
    "x-amz-",
    "x-amzn-",
    "x-forwarded-",
)
NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
TOKEN: Final = re.compile(r"[\x21-\x7e]+")
# RFC 7617 allows every character except control characters. It allows blanks around a password,
# too, but they are refused here: almost always somebody copied them by mistake.
PASSWORD: Final = re.compile(r"(?!\s)[^\x00-\x1f\x7f]+(?<!\s)")


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse names that a tenant may not set, and values that no header can have.

    Raises:
        BadInput: code `header_reserved`, `bad_header` or `too_many_headers`.
    """
    lowered = {name.lower() for name in headers}
    whole = sum(len(name) + len(value) for name, value in headers.items())
    if len(headers) > MAX_HEADERS or whole > MAX_HEADERS_BYTES or len(lowered) < len(headers):
        raise BadInput(
            f"at most {MAX_HEADERS} headers of {MAX_HEADERS_BYTES} bytes in all, each name once",
            field="headers",
            code="too_many_headers",
        )
    for name, value in headers.items():
        _check_header(name, value)


def check_login(login: Login) -> None:
    """Refuse a login that no header could carry.

    Raises:
        BadInput: code `bad_auth`.
    """
    match login:
        case Basic(username=username, password=password):
            _check(not username.count(":") and _fits(username, VALUE), "username")
            _check(not password or _fits(password, PASSWORD), "password")
        case Bearer(token=token):
            _check(_fits(token, TOKEN), "token")
        case OAuth2():
            _check(_fits(login.client_id, VALUE), "client_id")
            _check(_fits(login.client_secret, VALUE), "client_secret")
            _check(login.scope is None or _fits(login.scope, VALUE), "scope")
            _check(login.audience is None or _fits(login.audience, VALUE), "audience")


def check_together(webhook: Webhook) -> None:
    """Refuse a login beside an `authorization` header, because they would be the same header.

    Raises:
        BadInput: code `bad_auth`.
    """
    has_own = any(name.lower() == "authorization" for name in webhook.header_names)
    if has_own and webhook.auth is not None:
        raise BadInput(
            "there is an authorization header already; remove one of the two",
            field="auth",
            code="bad_auth",
        )


def _check_header(name: str, value: str) -> None:
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES):
        raise BadInput("is set by the sender", field=("headers", name), code="header_reserved")
    if not NAME.fullmatch(name):
        raise BadInput("has a name that no header can have", field="headers", code="bad_header")
    if len(value) > MAX_HEADER_BYTES or not VALUE.fullmatch(value):
        raise BadInput(
            f"must be 1 to {MAX_HEADER_BYTES} printable ASCII characters, no blanks around them",
            field=("headers", name),
            code="bad_header",
        )


def _fits(text: str, rule: re.Pattern[str]) -> bool:
    return len(text) <= MAX_SECRET_CHARS and rule.fullmatch(text) is not None


def _check(good: bool, field: str) -> None:  # noqa: FBT001 - the condition is the point
    if not good:
        raise BadInput(
            f"must be 1 to {MAX_SECRET_CHARS} characters that a header can hold,"
            " no blanks around them",
            field=f"auth.{field}",
            code="bad_auth",
        )
