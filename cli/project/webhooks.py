"""The webhooks that a project's file declares, judged by the product's own rules.

[webhooks.orders]
url = "https://shop.example.com/hooks"
topics = ["metric.placed_order"]
auth = { kind = "bearer", token = { env = "SHOP_TOKEN" } }
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys, sealed
from cli.project.document import check_names
from cli.project.key import REQUIRED, Key, names
from runtime.core.events import topics
from runtime.core.formats import formats
from runtime.core.functions import rules as function_rules
from runtime.core.matching import matching
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.webhooks import access_rules, rules
from runtime.core.webhooks.access import Basic, Bearer, Login, LoginKind, OAuth2
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, Format
from runtime.errors import BadInput

SECTION: Final = "webhooks"
_PLACEHOLDER: Final = "x"  # for a secret whose value nobody knows while the file is judged
_CLIENT_AUTH: Final = ("header", "body")
_LOGINS: Final[Mapping[LoginKind, tuple[Key, ...]]] = {
    LoginKind.BASIC: keys.BASIC,
    LoginKind.BEARER: keys.BEARER,
    LoginKind.OAUTH2: keys.OAUTH2,
}
_SECRETS: Final = frozenset({"password", "token", "client_secret"})
# The API shows none of these, so an exported file names a variable for each of them, too.
_OPEN: Final = frozenset({"username", "token_url", "client_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredWebhook:
    """A webhook as the file has it; a key that is left out has what the API gives a new webhook."""

    name: str
    # The settings that the API shows, by its names for them.
    settings: Mapping[str, Any]
    enabled: bool | None  # None: the file does not say, and whoever switched it last decides
    has_private_key: bool  # whether it signs with an ed25519 key as well
    # What the API seals and never shows again, as it takes it, with FromEnvironment for each
    # secret; None for a thing that the endpoint does not ask for.
    headers: Mapping[str, Any] | None
    auth: Mapping[str, Any] | None
    client_certificate: Mapping[str, Any] | None
    secret: sealed.FromEnvironment | None  # None: the server makes one


def declared(path: Path, sections: Mapping[str, Any]) -> Iterator[DeclaredWebhook]:
    """The webhooks of a file, in its order.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    return document.declared(path, sections, SECTION, _webhook)


def _webhook(name: str, own: Mapping[str, Any]) -> DeclaredWebhook:
    check_names(own, names(keys.WEBHOOK))
    for required in ("url", "topics"):
        if required not in own:
            raise BadInput(f"has no {required}; a webhook needs it", field="")
    rules.check_name(name)
    settings = _settings(own)
    return DeclaredWebhook(
        name=name,
        settings=settings,
        enabled=document.switch(own["enabled"], "enabled") if "enabled" in own else None,
        has_private_key=document.switch(own.get("ed25519", False), "ed25519"),
        headers=_headers(own) if own.get("headers") else None,
        auth=_auth(document.table(own, "auth")) if "auth" in own else None,
        client_certificate=_certificate(own) if "client_certificate" in own else None,
        secret=sealed.parse(own["secret"], "secret") if "secret" in own else None,
    )


def _settings(own: Mapping[str, Any]) -> dict[str, Any]:
    timeout_s = document.whole_number(own.get("timeout_s", DEFAULT_TIMEOUT_S), "timeout_s")
    rules.check_timeout(timeout_s)
    webhook_format = document.choice(
        own.get("format", str(Format.STANDARD)), list(Format), "format"
    )
    handshake = document.switch(own.get("handshake", False), "handshake")
    formats.check_handshake(Format(webhook_format), handshake=handshake)
    names = topics.parse_all(document.texts(own, "topics", like='["metric.placed_order"]'))
    return {
        "url": document.text(own["url"], "url"),
        "topics": list(names),
        "filter": _filter(own),
        "transform": _transform(own),
        "format": webhook_format,
        "handshake": handshake,
        "retry_schedule_s": _schedule(own),
        "timeout_s": timeout_s,
        "rate_limit": _rate_limit(own),
        "max_concurrency": _concurrency(own),
    }


def _filter(own: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "filter" not in own:
        return None
    pattern = document.table(own, "filter")
    matching.compile(pattern)
    return pattern


def _transform(own: Mapping[str, Any]) -> str | None:
    if "transform" not in own:
        return None
    name = document.text(own["transform"], "transform")
    try:
        function_rules.check_name(name)
    except BadInput as problem:
        raise BadInput(problem.message, field="transform", code=problem.code) from problem
    return name


def _schedule(own: Mapping[str, Any]) -> list[int] | None:
    if "retry_schedule_s" not in own:
        return None
    delays_s = document.whole_numbers(own["retry_schedule_s"], "retry_schedule_s")
    rules.check_schedule(delays_s)
    return list(delays_s)


def _rate_limit(own: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "rate_limit" not in own:
        return None
    limit = document.table(own, "rate_limit")
    _check_keys(limit, keys.RATE_LIMIT, at="rate_limit")
    count = document.whole_number(limit["count"], "rate_limit.count")
    per = document.choice(limit["per"], list(Per), "rate_limit.per")
    rules.check_limits(RateLimit(count=count, per=Per(per)), None)
    return {"count": count, "per": per}


def _concurrency(own: Mapping[str, Any]) -> int | None:
    if "max_concurrency" not in own:
        return None
    attempts = document.whole_number(own["max_concurrency"], "max_concurrency")
    rules.check_limits(None, attempts)
    return attempts


def _headers(own: Mapping[str, Any]) -> Mapping[str, Any]:
    headers = {
        name: sealed.parse(value, f"headers.{name}")
        for name, value in document.table(own, "headers").items()
    }
    access_rules.check_headers(dict.fromkeys(headers, _PLACEHOLDER))
    return headers


def _auth(auth: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = LoginKind(document.choice(auth.get("kind"), list(LoginKind), "auth.kind"))
    _check_keys(auth, _LOGINS[kind], at="auth")
    parsed = {name: _part_of_login(name, value) for name, value in auth.items()}
    if "client_auth" in parsed:
        document.choice(parsed["client_auth"], _CLIENT_AUTH, "auth.client_auth")
    access_rules.check_login(_login(kind, parsed))
    return parsed


def _part_of_login(name: str, value: object) -> Any:
    at = f"auth.{name}"
    if name in _SECRETS:
        return sealed.parse(value, at)
    return sealed.parse_open(value, at) if name in _OPEN else document.text(value, at)


def _login(kind: LoginKind, auth: Mapping[str, Any]) -> Login:
    """The login with a placeholder for each secret, so that the rest of it can be judged."""
    known = {
        name: value if isinstance(value, str) else _PLACEHOLDER for name, value in auth.items()
    }
    match kind:
        case LoginKind.BASIC:
            return Basic(username=known["username"], password=known["password"])
        case LoginKind.BEARER:
            return Bearer(token=known["token"])
        case LoginKind.OAUTH2:
            return OAuth2(
                token_url=known["token_url"],
                client_id=known["client_id"],
                client_secret=known["client_secret"],
                scope=known.get("scope"),
                audience=known.get("audience"),
            )


def _certificate(own: Mapping[str, Any]) -> Mapping[str, Any]:
    at = "client_certificate"
    certificate = document.table(own, at)
    _check_keys(certificate, keys.CERTIFICATE, at=at)
    return {name: sealed.parse(value, f"{at}.{name}") for name, value in certificate.items()}


def _check_keys(own: Mapping[str, Any], known: tuple[Key, ...], *, at: str) -> None:
    check_names(own, names(known), at=f"{at}.")
    for key in known:
        if key.left_out == REQUIRED and key.name not in own:
            raise BadInput(f"has no {key.name}; it needs one", field=at)
