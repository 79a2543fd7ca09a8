"""URLs as `requests` sends and shows them: split, normalized and quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .. import values
from .exceptions import InvalidURL, MissingSchema

if TYPE_CHECKING:
    from ..placeholders import Veil

_PARTS = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^\\/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[[0-9A-Fa-f:.]+\]|[^\[\]%:/?#@]*)(?::0*(\d*))?", re.DOTALL)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+-]*:|/")
_ESCAPE = re.compile(r"%[a-fA-F0-9]{2}")
_PORT_MAX = 65535

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_USER = frozenset(_UNRESERVED + "!$&'()*+,;=:")
_PATH = _USER | frozenset("@/")
_QUERY = _PATH | frozenset("?")
_SAFE = "!#$%&'()*+,/:;=?@[]~"
# Letters that IDNA 2003 and 2008 turn into different names: the wrong one is somebody else's.
_AMBIGUOUS = re.compile("[\u00df\u03c2\u200c\u200d]")


def prepare(url: Any, params: str, veil: Veil) -> str:
    """The URL with these params, quoted as it will be sent.

    Args:
        url: text, bytes, or anything that reads as a URL.
        params: encoded, or "".
        veil: what hides the placeholders of both.

    Raises:
        MissingSchema: it does not begin with a scheme.
        InvalidURL: it cannot be read.
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
    whole = urlunsplit((scheme.lower(), place, path, query, _encoded(fragment, _QUERY)))
    return requote(whole)


def _split(url: str) -> tuple[str, str, str, str, str]:
    whole = url if _SCHEME.match(url) else "//" + url
    parts = _PARTS.fullmatch(whole)
    assert parts is not None  # noqa: S101 - the pattern takes any text
    scheme, authority, path, query, fragment = (part or "" for part in parts.groups())
    return scheme, authority, path, query, fragment


def _authority(authority: str) -> tuple[str, str, str]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise InvalidURL(f"Failed to parse: {authority!r} is not a valid host or port")
    user, host, port = (part or "" for part in parts.groups())
    if port and int(port) > _PORT_MAX:
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


def _encoded(component: str, allowed: frozenset[str]) -> str:
    """The component with what may not stand in it quoted, and what is quoted left as it is."""
    text, escapes = _ESCAPE.subn(lambda found: found.group().upper(), component)
    raw = text.encode("utf-8", "surrogatepass")
    kept = allowed | {"%"} if escapes == raw.count(b"%") else allowed
    return "".join(chr(byte) if chr(byte) in kept else f"%{byte:02X}" for byte in raw)


def _without_dots(path: str) -> str:
    made: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if made:
                made.pop()
        elif segment != ".":
            made.append(segment)
    if path.startswith("/") and (not made or made[0]):
        made.insert(0, "")
    if path.endswith(("/.", "/..")):
        made.append("")
    return "/".join(made)


def requote(url: str) -> str:
    """The URL quoted once: escapes that need not be are undone, what must be quoted is."""
    try:
        return quote(_without_needless_escapes(url), safe=_SAFE)
    except InvalidURL:
        return quote(url, safe=_SAFE.replace("%", ""))


def _without_needless_escapes(url: str) -> str:
    first, *rest = url.split("%")
    made = [first]
    for part in rest:
        digits = part[:2]
        if len(digits) != 2 or not digits.isalnum():  # noqa: PLR2004 - an escape has two digits
            made.append("%" + part)
            continue
        try:
            letter = chr(int(digits, 16))
        except ValueError:
            raise InvalidURL(f"Invalid percent-escape sequence: '{digits}'") from None
        made.append(letter + part[2:] if letter in _UNRESERVED else "%" + part)
    return "".join(made)


def credentials(url: str) -> tuple[str, str] | None:
    """User and password of a URL that has both."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.username is None or parts.password is None:
        return None
    user, password = unquote(parts.username), unquote(parts.password)
    return (user, password) if user or password else None


def without_credentials(url: str) -> str:
    """The URL as it is called: user and password go into a header."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=netloc(url)))


def netloc(url: str) -> str:
    """Host and port of a URL."""
    return urlsplit(url).netloc.rpartition("@")[2]


def path_of(url: str) -> str:
    """The path of a URL with its query."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
