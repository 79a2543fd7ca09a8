"""The response to a request."""

from __future__ import annotations

import codecs
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from .. import values
from . import charsets
from .cookies import RequestsCookieJar
from .exceptions import Answered, HTTPError, JSONDecodeError
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Iterator

REDIRECT_STATI: Final = (301, 302, 303, 307, 308)
_PERMANENT: Final = (301, 308)
_ERRORS_FROM, _SERVER_ERRORS_FROM, _ERRORS_BELOW = 400, 500, 600
_GUESSED_FROM: Final = 4  # bytes: so many are needed to tell one UTF from another


class Response(Answered):
    """The response to a request. It is complete before user code gets it.

    Attributes:
        status_code: such as 200.
        reason: the server's words for the status.
        headers: a CaseInsensitiveDict; several values of one name are joined by ", ".
        encoding: the encoding of the text; user code may set it.
        url: the URL that was called.
        elapsed: how long the call took.
        cookies: the cookies that this response sets.
        request: the PreparedRequest that it answers.
        history: always empty, because redirects are not followed here.
    """

    def __init__(self) -> None:
        self.status_code: Any = None
        self.reason: Any = None
        self.headers = CaseInsensitiveDict()
        self.encoding: Any = None
        self.url: Any = None
        self.elapsed = timedelta(0)
        self.cookies = RequestsCookieJar()
        self.request: Any = None
        self.history: list[Response] = []
        self._content: Any = None

    @property
    def content(self) -> bytes:
        """The body as bytes; None for a response that user code has made without one."""
        body: bytes = self._content
        return body

    @property
    def raw(self) -> None:
        """Not available.

        Raises:
            AttributeError: always.
        """
        raise AttributeError("raw is not available here: an answer comes whole, as .content")

    @property
    def text(self) -> str:
        """The body as text, in `encoding`, or in `apparent_encoding` if that is None."""
        if not self.content:
            return ""
        encoding = self.apparent_encoding if self.encoding is None else self.encoding
        return charsets.decode(self.content, encoding)

    @property
    def apparent_encoding(self) -> str:
        """The likely encoding of the body, from its bytes.

        A mark at the start decides; else it is UTF-8 or ASCII if the bytes are valid, else
        Windows-1252.
        """
        return charsets.of_bytes(self.content or b"")

    def json(self, **kwargs: Any) -> Any:
        """The body, parsed as JSON. The arguments are those of `json.loads`, without `cls`.

        Raises:
            JSONDecodeError: it is not JSON.
        """
        arguments = dict(values.keywords(kwargs))
        if "cls" in arguments:
            raise TypeError("json() takes no 'cls' here: use json.loads(response.text, cls=...)")
        try:
            return json.loads(self._json_text(), **arguments)
        except json.JSONDecodeError as problem:
            raise JSONDecodeError(problem.msg, problem.doc, problem.pos) from None

    def _json_text(self) -> str:
        body = self.content
        if not self.encoding and body and len(body) >= _GUESSED_FROM:
            encoding = charsets.of_json(body)
            if encoding is not None:
                try:
                    return body.decode(encoding)
                except UnicodeDecodeError:
                    return self.text
        return self.text

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return not self._message()

    def raise_for_status(self) -> None:
        """Raise if the status is 400 or more.

        Raises:
            HTTPError: it is.
        """
        message = self._message()
        if message:
            raise HTTPError(message, response=self)

    def _message(self) -> str:
        status = self.status_code
        if not _ERRORS_FROM <= status < _ERRORS_BELOW:
            return ""
        whose = "Client" if status < _SERVER_ERRORS_FROM else "Server"
        return f"{status} {whose} Error: {self.reason} for url: {self.url}"

    @property
    def is_redirect(self) -> bool:
        """Whether the response redirects to another URL."""
        return "location" in self.headers and self.status_code in REDIRECT_STATI

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether the response redirects to another URL for good."""
        return "location" in self.headers and self.status_code in _PERMANENT

    @property
    def next(self) -> None:
        """None: redirects are not followed here; `headers["location"]` says where to go."""
        return

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The entries of the Link header, by their `rel`, or by their URL if they have none."""
        links = {}
        for link in parse_header_links(values.shown(self.headers.get("link", ""))):
            links[link.get("rel") or link["url"]] = link
        return links

    def iter_content(self, chunk_size: Any = 1, decode_unicode: Any = False) -> Iterator[Any]:
        """The body in pieces. All of it is here already."""
        if chunk_size is not None and not isinstance(chunk_size, int):
            raise TypeError(f"chunk_size must be an int, it is instead a {type(chunk_size)}.")
        pieces = _slices(self.content or b"", chunk_size)
        if decode_unicode and self.encoding is not None:
            return _decoded(pieces, values.text(self.encoding, "the encoding"))
        return pieces

    def iter_lines(
        self, chunk_size: Any = 512, decode_unicode: Any = False, delimiter: Any = None
    ) -> Iterator[Any]:  # fmt: skip
        """The lines of the body."""
        unfinished_line: Any = None
        separator = None if delimiter is None else values.exact(delimiter)
        for piece in self.iter_content(chunk_size, decode_unicode):
            text = piece if unfinished_line is None else unfinished_line + piece
            lines = text.split(separator) if separator else text.splitlines()
            unfinished_line = (
                lines.pop() if lines and lines[-1] and lines[-1][-1] == text[-1] else None
            )
            yield from lines
        if unfinished_line is not None:
            yield unfinished_line

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


def _slices(content: bytes, size: int | None) -> Iterator[bytes]:
    step = size if size is not None and size > 0 else max(len(content), 1)
    return (content[start : start + step] for start in range(0, len(content), step))


def _decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[str]:
    own = charsets.known(encoding)
    if own is None:
        raise LookupError(f"unknown encoding: {encoding}")
    decoder = codecs.getincrementaldecoder(own)(errors="replace")
    for piece in pieces:
        text = decoder.decode(piece)
        if text:
            yield text
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest


def parse_header_links(value: str) -> list[dict[str, str]]:
    """The entries of a Link header (RFC 8288): each with its `url` and its parameters."""
    around = " '\""
    text = value.strip(around)
    links = []
    for entry in re.split(", *<", text) if text else ():
        url, _, params = entry.partition(";")
        link = {"url": url.strip("<> '\"")}
        for param in params.split(";"):
            if param.count("=") != 1:
                break
            key, _, item = param.partition("=")
            link[key.strip(around)] = item.strip(around)
        links.append(link)
    return links
