"""Makes a stranger's text fit to be stored: cuts secrets out, and bounds its length."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

EXCERPT_CHARS: Final = 1024  # ten attempts with their excerpts must fit one DynamoDB item
MIN_HIDDEN_CHARS: Final = 6  # a shorter text is part of too many others
# Many a URL is a password: `?sig=…`, `/hooks/T024BE7LH/…`. Shorter parts are words like any other.
MIN_QUERY_CHARS: Final = 8
MIN_SEGMENT_CHARS: Final = 16
_SAME_EVERYWHERE: Final = re.compile(r"[A-Za-z0-9_.~-]+")  # nothing ever escapes these
_REDACTED: Final = b"[redacted]"
# A value in quotes ends with them. A header's value may be several words: the whole line is cut.
_QUOTED: Final = r"""(?P<quote>["'])? (?(quote) (?: (?!(?P=quote)) [^\\\r\n] | \\. )* |"""
_HEADER: Final = re.compile(
    rf"""(?ix)
    (?P<name> (?<![\w-]) [\w-]{{0,40}}? (?: authorization | cookie ) ["']? \s* [:=] \s* )
    {_QUOTED} (?!\s*null\b) [^\r\n<]+ )
    """
)
_NAMED: Final = re.compile(
    rf"""(?ix)
    (?P<name> (?<![\w-]) [\w-]{{0,40}}?
        (?: api[_-]?key | password | secret | token ) ["']? \s* [:=] \s* )
    {_QUOTED} (?: (?:bearer|basic) \s+ )? [^\s"',;&}}]+ )
    """
)
_SHAPED: Final = re.compile(
    r"""(?ix)
    \b (?:bearer|basic) \s+ [a-z0-9._~+/=-]{8,}
    | \b (?:whsec|whsk|psk) _ [a-z0-9+/=_-]{8,}
    | \b v1a?, [a-z0-9+/]{40,} ={0,2}
    """
)


def excerpt(data: bytes) -> str:
    """The beginning of an answer as text, fit for a record that people read."""
    text = data[: 4 * EXCERPT_CHARS].decode("utf-8", "replace").replace("\0", "\ufffd")
    for pattern in (_HEADER, _NAMED):
        text = pattern.sub(lambda match: f"{match['name']}{match['quote'] or ''}[redacted]", text)
    return without_shaped(text)[:EXCERPT_CHARS]


def without_shaped(text: str) -> str:
    """The text without what has the form of a key, a signing secret, a token or a signature."""
    return _SHAPED.sub("[redacted]", text)


def cut(data: bytes, hidden: Iterable[str]) -> bytes:
    """The bytes that a receiver wrote, without the secrets in `hidden`.

    A secret is recognised as it stands, and escaped for JSON, HTML or a URL. Secrets of less than
    MIN_HIDDEN_CHARS stay. `data` may end in the middle of a secret: its beginning is cut as well.
    """
    if len(data) < MIN_HIDDEN_CHARS:
        return data
    present = {
        secret
        for secret in hidden
        if len(secret) >= MIN_HIDDEN_CHARS and _may_begin_in(data, secret)
    }
    forms = sorted({form for secret in present for form in _forms(secret)}, key=len, reverse=True)
    for form in forms:
        data = data.replace(form, _REDACTED)
    for form in forms:
        data = _without_beginning(data, form)
    return data


def secrets_of_url(url: str) -> Iterator[str]:
    """The parts of a URL that may be a credential."""
    parts = urlsplit(url)
    values = (pair.partition("=")[2] or pair for pair in parts.query.split("&"))
    long = [value for value in values if len(value) >= MIN_QUERY_CHARS]
    long += [part for part in parts.path.split("/") if len(part) >= MIN_SEGMENT_CHARS]
    for part in long:
        yield part
        yield unquote(part)


def _may_begin_in(data: bytes, secret: str) -> bool:
    """Whether a form of the secret, or the beginning of one, may be in `data`: nearly never."""
    same = _SAME_EVERYWHERE.match(secret, 0, MIN_HIDDEN_CHARS)
    return same is None or same[0].encode() in data


def _forms(secret: str) -> Iterator[bytes]:
    """The secret as it stands in a text, in JSON, in HTML and in a URL."""
    yield secret.encode()
    if _SAME_EVERYWHERE.fullmatch(secret):
        return
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode()
    for in_quotes in (True, False):
        yield html.escape(secret, quote=in_quotes).encode()
    yield from (
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
    )


def _without_beginning(data: bytes, form: bytes) -> bytes:
    for length in range(min(len(form), len(data)), MIN_HIDDEN_CHARS - 1, -1):
        if data.endswith(form[:length]):
            return data[:-length] + _REDACTED
    return data
