"""One request and its answer as bytes in and bytes out: no socket, so both clients share it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import h11

from runtime.egress.answer import Answer, Timing
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.egress.identity import Identity
from runtime.egress.urls import Target

MAX_ANSWER_BYTES: Final = 16 * 1024  # of body; what a person needs to see of an error page
# Of all heads of an answer together: 1xx ones, the real one, and trailers. Parsing costs us by the
# line, on a thread that other receivers wait for. Node's client takes 16 KB, Python's 100 lines.
MAX_HEAD_BYTES: Final = 16 * 1024
MAX_HEAD_LINES: Final = 256
MAX_INTERIM_ANSWERS: Final = 16  # 100 and 103 before the real one
# Pieces in which a body may come, above one for each 64 bytes: each costs us as much as a header.
# All that a body of 16 KB may have take 1.4 ms, and three times that on a third of a core.
MAX_SMALL_PIECES: Final = 64
PIECE_BYTES: Final = 64
# Chunks with many lines, which may be trailers, are handed to h11 in steps of this length. What it
# has not parsed is counted after each step, so that no more lines are parsed than a step holds.
STEP_BYTES: Final = 1024
USER_AGENT: Final = "Penstock/1"
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([2-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?\r?\n")
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110 5.1
# RFC 9110 5.5. The longest login that an endpoint may have takes 27 KB: user and password of 4,096
# letters each, those of the password of four bytes, in base64.
_VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t]{0,32768}")
# Framing and routing are ours: a second opinion is request smuggling. The last two, and x-amz-*,
# are what gateways tell the servers behind them, which believe it.
_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
        "proxy-authorization",
        "x-forwarded-for",
    }
)
_OURS_BEGIN: Final = ("x-amz-", "x-amzn-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send; `headers` are the caller's own, `identity` is shown in the TLS handshake."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    identity: Identity | None = None


def new_wire() -> h11.Connection:
    """The state of one connection."""
    return h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)


def check_headers(request: Request) -> None:
    """See that each header of the caller's may stand in a request.

    Raises:
        EgressRefused: `header_reserved` or `header_invalid`.
    """
    for name, value in request.headers:
        if not _NAME.fullmatch(name):
            # Without the name: whoever masks secrets must see them whole, and this may be long.
            raise EgressRefused(
                "header_invalid", "the name of a header holds what no name may", field="headers"
            )
        if name.lower() in _OURS or name.lower().startswith(_OURS_BEGIN):
            raise EgressRefused(
                "header_reserved", f"the header {name} is set by the sender", field="headers"
            )
        if not _VALUE.fullmatch(value):
            raise EgressRefused(
                "header_invalid",
                f"the value of {name} is not Latin-1 text without controls",
                field="headers",
            )


def encode_headers(request: Request, target: Target) -> list[tuple[bytes, bytes]]:
    """All headers of a request that `check_headers` has let through, ours first."""
    headers = [(b"host", target.authority.encode()), (b"accept-encoding", b"identity")]
    headers += [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
    names = {name.lower() for name, _ in request.headers}
    if "user-agent" not in names:
        headers.append((b"user-agent", USER_AGENT.encode()))
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.append((b"content-length", str(len(request.body)).encode()))
    return headers


def _is_chunked(head: h11.Response) -> bool:
    return any(name == b"transfer-encoding" for name, _ in head.headers)


class Exchange:
    """Feeds an answer through `wire` until it is whole or long enough."""

    def __init__(self, wire: h11.Connection, *, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._wire = wire
        self._max_bytes = max_answer_bytes
        self._head: h11.Response | None = None
        self._head_bytes = bytearray()  # of the head that is coming in, as far as it has come
        self._heads_bytes = 0  # of all heads, this one too
        self._heads_lines = 0
        self._framing_left = MAX_HEAD_BYTES + max_answer_bytes  # around the chunks of the body
        self._pieces_left = MAX_SMALL_PIECES + max_answer_bytes // PIECE_BYTES
        self._body = bytearray()
        self._interim = 0
        self._truncated = False
        self._surplus = False  # whether bytes came after the end of the answer
        self.started = False
        self.finished = False

    def outgoing(self, request: Request, target: Target) -> bytes:
        """The bytes to send.

        Raises:
            EgressRefused: the method or a header cannot stand in a request.
        """
        headers = encode_headers(request, target)
        try:
            head = h11.Request(method=request.method, target=target.path, headers=headers)
            parts = [self._wire.send(head)]
            if request.body:
                parts.append(self._wire.send(h11.Data(data=request.body)))
            parts.append(self._wire.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as problem:
            raise EgressRefused("header_invalid", str(problem), field="headers") from problem
        return b"".join(part for part in parts if part)

    def feed(self, data: bytes) -> bool:
        """Take bytes in (`b""` at the end of the stream); True when the answer is complete.

        Raises:
            EgressFailed: reset, protocol_error or answer_too_large.
        """
        self.started = self.started or bool(data)
        if not data and not self.started:
            raise EgressFailed("reset", "the receiver closed the connection without an answer")
        try:
            rest = data
            while rest and self._head is None:
                head, rest = self._split(rest)
                self._parse(head)
            if self._head is not None and _is_chunked(self._head):
                self._parse_chunks(rest)
            elif rest:
                self._parse(rest)
            if not data:
                self._parse(data)
        except h11.RemoteProtocolError as problem:
            raise self._malformed(problem, ended=not data) from problem
        return self.finished

    def _split(self, data: bytes) -> tuple[bytes, bytes]:
        """What of `data` belongs to the head that is coming in, and the rest; the head is counted.

        Raises:
            EgressFailed: answer_too_large, before anybody has parsed the head.
        """
        begun = len(self._head_bytes)
        self._head_bytes += data
        end = _BLANK_LINE.search(self._head_bytes, max(0, begun - len(b"\n\r")))
        if end is not None:
            del self._head_bytes[end.end() :]
        head = data[: len(self._head_bytes) - begun]
        self._heads_bytes += len(head)
        self._heads_lines += head.count(b"\n")
        self._need_room()
        return head, data[len(head) :]

    def _need_room(self, *, trailer_bytes: int = 0, trailer_lines: int = 0) -> None:
        if (
            self._heads_bytes + trailer_bytes > MAX_HEAD_BYTES
            or self._heads_lines + trailer_lines > MAX_HEAD_LINES
        ):
            raise EgressFailed(
                "answer_too_large",
                f"the answer's headers exceed {MAX_HEAD_BYTES} bytes or {MAX_HEAD_LINES} lines",
            )

    def _parse_chunks(self, data: bytes) -> None:
        """Parse a part of a chunked body, and count what is not body in it.

        Raises:
            EgressFailed: answer_too_large: trailers, or what stands around the chunks.
        """
        step_bytes = STEP_BYTES if data.count(b"\n") > MAX_HEAD_LINES else max(1, len(data))
        for start in range(0, len(data), step_bytes):
            step = data[start : start + step_bytes]
            self._framing_left -= len(step)
            self._parse(step)
            if self.finished:
                continue  # only to note that more has come
            if self._framing_left < 0:
                raise EgressFailed(
                    "answer_too_large", "the answer has too many bytes around its chunks"
                )
            unparsed = self._wire.trailing_data[0]  # trailers, or the beginning of a chunk
            self._need_room(trailer_bytes=len(unparsed), trailer_lines=unparsed.count(b"\n"))

    def _parse(self, data: bytes) -> None:
        if self.finished:
            self._surplus = True
            return
        self._wire.receive_data(data)
        while self._step():
            pass

    def _step(self) -> bool:
        """Handle one event; whether another may be there already."""
        event = self._wire.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED:
            return False
        if isinstance(event, h11.Data):
            self._take(event.data)
        elif isinstance(event, h11.EndOfMessage):
            self._need_room(trailer_lines=len(event.headers))
            self.finished = True
        elif isinstance(event, h11.Response):
            self._head = event
        elif isinstance(event, h11.InformationalResponse):
            self._interim += 1
            self._head_bytes.clear()
            if self._interim > MAX_INTERIM_ANSWERS:
                raise EgressFailed("protocol_error", "the receiver sent 1xx answers without end")
        else:
            raise EgressFailed("reset", "the receiver closed the connection without an answer")
        return not self.finished

    def _take(self, data: bytes) -> None:
        room = self._max_bytes - len(self._body)
        self._body += data[:room]
        self._framing_left += len(data)
        self._pieces_left -= 1
        if len(data) > room or self._pieces_left < 0:
            self._truncated = self.finished = True

    def _malformed(self, problem: h11.RemoteProtocolError, *, ended: bool) -> EgressFailed:
        too_large = 431  # h11's word for a head that outgrew its buffer
        if problem.error_status_hint == too_large:
            return EgressFailed(
                "answer_too_large", f"the answer's headers exceed {MAX_HEAD_BYTES} bytes"
            )
        if ended:
            return EgressFailed("protocol_error", "the answer ended before it was complete")
        # Without the bytes that h11 quotes: 60 kB of nonsense would make a record that no table
        # takes, and what a receiver echoes may be a secret.
        reason = str(problem).partition(": bytearray(")[0]
        return EgressFailed("protocol_error", f"the answer is not HTTP/1.1: {reason}")

    def answer(self, timing: Timing) -> Answer:
        """The finished answer.

        Raises:
            EgressFailed: `protocol_error`: it is not finished.
        """
        if self._head is None or not self.finished:
            raise EgressFailed("protocol_error", "the answer ended before it was complete")
        return self._read(self._head, timing)

    def heard(self, timing: Timing) -> Answer | None:
        """What has come of an answer that broke off; None when its status line has not come whole.

        Without its headers if they did not come, or cannot be read.
        """
        if self._head is not None:
            return replace(self._read(self._head, timing), truncated=True)
        line = _STATUS_LINE.match(self._head_bytes)
        if line is None:
            return None
        return Answer(status=int(line[1]), headers=(), body=b"", truncated=True, timing=timing)

    def _read(self, head: h11.Response, timing: Timing) -> Answer:
        return Answer(
            status=head.status_code,
            headers=tuple(
                (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers
            ),
            body=bytes(self._body),
            truncated=self._truncated,
            reason=head.reason.decode("latin-1"),
            spelled=tuple(name.decode("ascii") for name, _ in head.headers.raw_items()),
            timing=timing,
        )

    def recycle(self) -> bool:
        """Make the wire ready for another request; False when it must be closed."""
        if self._truncated or self._surplus or self._wire.trailing_data[0]:
            return False
        try:
            self._wire.start_next_cycle()
        except h11.LocalProtocolError:  # either side said `connection: close`
            return False
        return True
