"""From a URL to what will be dialled, or a refusal that says what to write instead."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from runtime.egress.failures import EgressRefused
from runtime.egress.policy import EgressPolicy

MAX_PORT: Final = 65535
# Below it stand services such as mail, to which the first bytes of a driver could mean something.
FIRST_DRIVER_PORT: Final = 1024
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")  # blanks, controls; parsers differ on "\"
# At least two labels: a resolver completes a single one with names of the network that it is in.
_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
# Names that no public server has (RFC 6761, 6762, 8375, and what clouds and clusters use inside).
_INSIDE: Final = (".local", ".internal", ".localhost", ".svc", ".home.arpa")
_LOCALHOST: Final = "localhost"
_MAX_NAME_CHARS: Final = 253
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes. `path` is the request target: never empty, with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _default_port(self.scheme) else f"{name}:{self.port}"


def check(url: str, policy: EgressPolicy) -> Target:
    """What `url` names, if the policy lets us go there; no network is touched.

    Raises:
        EgressRefused: url_invalid, url_not_https, url_userinfo, url_ip_literal, url_port,
            blocked_address or host_not_allowed.
    """
    parts = _split(url, max_chars=policy.max_url_chars)
    if "@" in parts.netloc:
        raise EgressRefused(
            "url_userinfo", "a URL must not carry a user name or password; use a header"
        )
    host = _host(parts)
    local = policy.is_local(host)
    _check_scheme(parts.scheme, local=local)
    if not local:
        _check_name(host, bracketed="[" in parts.netloc)
    port = _port(parts)
    if not local and port not in policy.ports:
        allowed = ", ".join(map(str, sorted(policy.ports)))
        raise EgressRefused("url_port", f"port {port} is not allowed; use {allowed}")
    if not policy.allows_host(host):
        raise EgressRefused("host_not_allowed", f"{host} is not among the allowed hosts")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=quote(path, safe=_PRINTABLE))


def check_host(host: str, port: int, policy: EgressPolicy) -> Target:
    """What a driver that speaks no HTTP may dial, if the policy lets us; no network is touched.

    Raises:
        EgressRefused: url_invalid, url_ip_literal, url_port, blocked_address or host_not_allowed.
    """
    host = host.lower().removesuffix(".")
    local = policy.is_local(host)
    if not local:
        _check_name(host, bracketed=":" in host)
    if not (0 if local else FIRST_DRIVER_PORT) <= port <= MAX_PORT:
        raise EgressRefused("url_port", f"the port must be {FIRST_DRIVER_PORT} to {MAX_PORT}")
    if not policy.allows_host(host):
        raise EgressRefused("host_not_allowed", f"{host} is not among the allowed hosts")
    return Target(scheme="tcp", host=host, port=port, path="/")


def _split(url: str, *, max_chars: int) -> SplitResult:
    if not url or len(url) > max_chars:
        raise EgressRefused("url_invalid", f"a URL has 1 to {max_chars} characters")
    if _FORBIDDEN.search(url):
        raise EgressRefused(
            "url_invalid", "a URL must not hold blanks, control characters or backslashes"
        )
    try:
        parts = urlsplit(url)
        parts.path.encode()
        parts.query.encode()
    except ValueError as problem:
        raise EgressRefused("url_invalid", f"not a URL: {problem}") from problem
    return parts


def _check_scheme(scheme: str, *, local: bool) -> None:
    if scheme != "https" and not (local and scheme == "http"):
        raise EgressRefused("url_not_https", "the URL must begin with https://")


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise EgressRefused("url_invalid", "the URL names no host")
    if not host.isascii():
        raise EgressRefused("url_invalid", "write an international host name in its xn-- form")
    return host


def _check_name(host: str, *, bracketed: bool) -> None:
    # Resolvers take 127.1, 2130706433 and 0x7f.1 for addresses: a name whose last label is a
    # number is an address to somebody.
    if bracketed or _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        raise EgressRefused("url_ip_literal", "name a host, not an IP address")
    if host == _LOCALHOST or host.endswith(_INSIDE):
        raise EgressRefused("blocked_address", f"{host} is a name inside a network")
    if len(host) > _MAX_NAME_CHARS or not _NAME.fullmatch(host):
        raise EgressRefused("url_invalid", "the host is not a full and valid name")


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as problem:
        raise EgressRefused("url_port", f"the port must be 1 to {MAX_PORT}") from problem
    if port == 0:
        raise EgressRefused("url_port", f"the port must be 1 to {MAX_PORT}")
    return _default_port(parts.scheme) if port is None else port


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
