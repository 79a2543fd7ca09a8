"""Splits, normalises and quotes URLs, as `requests` does (RFC 3986)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .. import values
from .exceptions import InvalidURL, MissingSchema

if TYPE_CHECKING:
    from ..placeholders import Veil

_PARTS: Final = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^\\/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_AUTHORITY: Final = re.compile(
    r"(?:(.*)@)?(\[[0-9A-Fa-f:.]+\]|[^\[\]%:/?#@]*)(?::0*(\d*))?", re.DOTALL
)
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+-]*:|/")
_ESCAPE: Final = re.compile(r"%[a-fA-F0-9]{2}")
_MAX_PORT: Final = 65535

_UNRESERVED: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_USER: Final = frozenset(_UNRESERVED + "!$&'()*+,;=:")
_PATH: Final = _USER | frozenset("@/")
_QUERY: Final = _PATH | frozenset("?")
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
# Letters that IDNA 2003 and IDNA 2008 encode differently, so that the two names may belong to
# different people.
_AMBIGUOUS: Final = re.compile("[\u00df\u03c2\u200c\u200d]")


def prepare(url: Any, params: str, veil: Veil) -> str:
    """The URL with the params, quoted for sending.

    Args:
        url: text, bytes, or anything whose text is a URL.
        params: the encoded params; empty for none.
        veil: hides the placeholders in both.

    Raises:
        MissingSchema: the URL has no scheme.
        InvalidURL: the URL is malformed.
    """
    text = values.exact(url)
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    text = veil.hide(text).lstrip()
    if ":" in text and not text.lower().startswith("http"):
        return text
    scheme, authority, path, query, fragment = _split(text)
    if not scheme:
        raise MissingSchema(
            f"Invalid URL {text!r}: No scheme supplied. Perhaps you meant https://{text}?"
        )
    user, host, port = _authority(authority)
    if not host:
        raise InvalidURL(f"Invalid URL {text!r}: No host supplied")
    place = (f"{_encoded(user, _USER)}@" if user else "") + _host(host) + port
    query = _encoded(query, _QUERY)
    if params:
        query = f"{query}&{params}" if query else params
    path = _encoded(_without_dots(path), _PATH) or "/"
    full_url = urlunsplit((scheme.lower(), place, path, query, _encoded(fragment, _QUERY)))
    return requote(full_url)


def _split(url: str) -> tuple[str, str, str, str, str]:
    text = url if _SCHEME.match(url) else "//" + url
    parts = _PARTS.fullmatch(text)
    assert parts is not None  # noqa: S101 - the pattern takes any text
    scheme, authority, path, query, fragment = (part or "" for part in parts.groups())
    return scheme, authority, path, query, fragment


def _authority(authority: str) -> tuple[str, str, str]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise InvalidURL(f"Failed to parse: {authority!r} is not a valid host or port")
    user, host, port = (part or "" for part in parts.groups())
    if port and int(port) > _MAX_PORT:
        raise InvalidURL(f"Failed to parse: {authority!r} has no valid port")
    return user, host, f":{int(port)}" if port else ""


def _host(host: str) -> str:
    if re.search(r"[\x00-\x20\x7f]", host):
        raise InvalidURL(f"Host {host!r} contains invalid character")
    if host.isascii():
        if host.startswith(("*", ".")):
            raise InvalidURL("URL has an invalid label.")
        return host.lower()
    if _AMBIGUOUS.search(host):
        raise InvalidURL(f"Host {host!r} is not one name in every standard: write its xn-- form")
    try:
        return host.lower().encode("idna").decode("ascii")
    except UnicodeError:
        raise InvalidURL("URL has an invalid label.") from None


def _encoded(component: str, allowed_letters: frozenset[str]) -> str:
    """The component with each character quoted that it may not hold. Escapes in it stay."""
    text, escapes = _ESCAPE.subn(lambda match: match.group().upper(), component)
    raw = text.encode("utf-8", "surrogatepass")
    unquoted_letters = allowed_letters | {"%"} if escapes == raw.count(b"%") else allowed_letters
    return "".join(chr(byte) if chr(byte) in unquoted_letters else f"%{byte:02X}" for byte in raw)


def _without_dots(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment != ".":
            segments.append(segment)
    if path.startswith("/") and (not segments or segments[0]):
        segments.insert(0, "")
    if path.endswith(("/.", "/..")):
        segments.append("")
    return "/".join(segments)


def requote(url: str) -> str:
    """The URL quoted exactly once: needless escapes are undone, and missing ones are added."""
    try:
        return quote(_without_needless_escapes(url), safe=_SAFE)
    except InvalidURL:
        return quote(url, safe=_SAFE.replace("%", ""))


def _without_needless_escapes(url: str) -> str:
    first, *rest = url.split("%")
    pieces = [first]
    for part in rest:
        digits = part[:2]
        if len(digits) != 2 or not digits.isalnum():  # noqa: PLR2004 - an escape has two digits
            pieces.append("%" + part)
            continue
        try:
            letter = chr(int(digits, 16))
        except ValueError:
            raise InvalidURL(f"Invalid percent-escape sequence: '{digits}'") from None
        pieces.append(letter + part[2:] if letter in _UNRESERVED else "%" + part)
    return "".join(pieces)


def credentials(url: str) -> tuple[str, str] | None:
    """The user and the password in a URL; None unless it has both."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.username is None or parts.password is None:
        return None
    user, password = unquote(parts.username), unquote(parts.password)
    return (user, password) if user or password else None


def without_credentials(url: str) -> str:
    """The URL without user and password, which go into a header."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=netloc(url)))


def netloc(url: str) -> str:
    """The host and the port of a URL."""
    return urlsplit(url).netloc.rpartition("@")[2]


def path_of(url: str) -> str:
    """The path and the query of a URL."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
