"""Receivers that attack: each attempt ends in time, on record, with nothing of ours in it."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.webhooks import access
from runtime.core.webhooks.access import Bearer, OAuth2
from runtime.core.webhooks.webhook import Sealed
from runtime.egress.client import Egress
from runtime.egress.failures import EgressFailed
from tests.builders import a_webhook
from tests.certificates import Authority
from tests.delivery_world import World
from tests.egress_clients import LOCAL, LONG_S, SHORT_S, Client, post
from tests.scripted_receiver import (
    Behaviour,
    Peer,
    ScriptedReceiver,
    answer,
    flood,
    hang,
    raw,
    reset,
)

TIMEOUT_S: Final = 1
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SECRET: Final = "it's-a-s3cr3t-\\-of-ours"
MAX_SENTENCE_CHARS: Final = 200
MAX_PUSHED_BYTES: Final = 20_000_000  # what the buffers of both kernels' ends take, and no more


def with_header(line: bytes, body: bytes = b"ok") -> Behaviour:
    """An answer with this header line."""
    return raw(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n" + body)


def again_and_again(first: bytes, piece: bytes) -> Behaviour:
    """These bytes, then this piece for ever, a thousand at a time."""

    def behave(peer: Peer) -> None:
        peer.send(first)
        while not peer.released.is_set():
            peer.send(piece * 1000)

    return behave


ATTACKS: Final[dict[str, tuple[Behaviour, str | None]]] = {
    "HTTP/0.9": (raw(b"<html>hello</html>"), "protocol_error"),
    "HTTP/2 preface": (raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "protocol_error"),
    "HTTP/2 settings": (raw(b"\0\0\x06\x04\0\0\0\0\0" + b"\0" * 6), "protocol_error"),
    "a megabyte of status line": (raw(b"HTTP/1.1 200 " + b"x" * 1_048_576), "answer_too_large"),
    "60 kB of wrong status line": (
        raw(b"HTTP/1.1 2x0 " + b"\xff" * 60_000 + b"\r\n\r\n"),
        "answer_too_large",
    ),
    "60 kB of wrong header": (with_header(b"bad header " + b"\xff" * 60_000), None),
    "60 kB of wrong chunk": (raw(CHUNKED + b"g" * 60_000 + b"\r\n"), None),
    "status 099": (raw(b"HTTP/1.1 099 x\r\n\r\n"), "protocol_error"),
    "status 999": (raw(b"HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n"), "http_999"),
    "negative content-length": (with_header(b"content-length: -1"), None),
    "content-length with a sign": (with_header(b"content-length: +2"), None),
    "content-length of 5,000 digits": (
        with_header(b"content-length: " + b"9" * 5000),
        None,
    ),
    "the same content-length twice": (with_header(b"content-length: 2\r\ncontent-length: 2"), None),
    "content-length and chunks": (
        raw(CHUNKED[:-2] + b"content-length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        None,
    ),
    "two transfer-encodings": (
        with_header(b"transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
        None,
    ),
    "a packed transfer": (with_header(b"transfer-encoding: gzip"), None),
    "a chunk size past 64 bits": (raw(CHUNKED + b"F" * 21 + b"\r\nok"), None),
    "a chunk without end": (flood(CHUNKED + b"F" * 20 + b"\r\n"), None),
    "a negative chunk": (raw(CHUNKED + b"-2\r\nok\r\n0\r\n\r\n"), None),
    "a chunk that overflows its size": (raw(CHUNKED + b"2\r\nokXX0\r\n\r\n"), None),
    "an endless chunk extension": (flood(CHUNKED + b"2;"), None),
    "trailers": (raw(CHUNKED + b"2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n"), None),
    "endless trailers": (again_and_again(CHUNKED + b"0\r\n", b"x: y\r\n"), None),
    "4,000 trailers": (raw(CHUNKED + b"2\r\nok\r\n0\r\n" + b"a:\r\n" * 4000 + b"\r\n"), None),
    "chunks with 8 kB of extension": (
        again_and_again(CHUNKED, b"1;" + b"x" * 8000 + b"\r\nx\r\n"),
        None,
    ),
    "chunks of one byte": (again_and_again(CHUNKED, b"1\r\nx\r\n"), None),
    "endless headers": (again_and_again(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), None),
    "101 and silence": (
        hang(b"HTTP/1.1 101 Up\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
        "protocol_error",
    ),
    "1xx for ever": (again_and_again(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), "protocol_error"),
    "1xx and no more": (raw(b"HTTP/1.1 100 Continue\r\n\r\n"), "protocol_error"),
    "NUL in a value": (with_header(b"x: a\0b\r\ncontent-length: 2"), None),
    "NUL in a name": (with_header(b"x\0y: a\r\ncontent-length: 2"), None),
    "NUL in a reason": (raw(b"HTTP/1.1 200 O\0K\r\ncontent-length: 0\r\n\r\n"), "protocol_error"),
    "a folded first header": (with_header(b" x: y"), None),
    "204 with a body": (raw(b"HTTP/1.1 204 None\r\ncontent-length: 5\r\n\r\nhello"), None),
    "two answers": (raw(OK + b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), None),
    "16 early hints of 16,000 lines": (
        raw((b"HTTP/1.1 103 Early\r\n" + b"a:\r\n" * 16_000 + b"\r\n") * 16 + OK),
        "answer_too_large",
    ),
    "16 early hints of 20 lines": (
        raw((b"HTTP/1.1 103 Early\r\n" + b"a:\r\n" * 18 + b"\r\n") * 16 + OK),
        "answer_too_large",
    ),
    "4,000 retry-afters": (
        raw(b"HTTP/1.1 503 Oh\r\n" + b"retry-after: -\r\n" * 4000 + b"content-length: 0\r\n\r\n"),
        "http_503",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_one_attempt_that_ends_in_time_with_a_short_sentence(
    receiver: ScriptedReceiver, worlds: list[World], name: str
) -> None:
    """What a stranger wrote must not grow our record past what the table takes, nor hold a slot."""
    behaviour, error = ATTACKS[name]
    world = World(a_webhook(url=receiver.script("/", behaviour), timeout_s=TIMEOUT_S))
    worlds.append(world)
    began_s = time.monotonic()

    assert world.deliver_now() == [None]

    assert time.monotonic() - began_s < 2 * TIMEOUT_S
    (made,) = world.record.attempts
    assert (made.error, len(receiver.received)) == (error, 1)
    assert len(made.sentence) <= MAX_SENTENCE_CHARS
    assert world.record.status is (Status.PENDING if error else Status.DELIVERED)


CUT_OFF: Final[dict[str, Callable[[bytes], Behaviour]]] = {
    "a body that is cut": lambda head: raw(head + b"content-length: 9\r\n\r\ncut"),
    "a body that never ends": lambda head: hang(head + b"content-length: 9\r\n\r\ncut"),
    "a reset in the body": lambda head: reset(head + b"content-length: 9\r\n\r\ncut"),
    "a wrong chunk": lambda head: raw(head + b"transfer-encoding: chunked\r\n\r\n-2\r\nok"),
    "a malformed header line": lambda head: raw(head + b"bad header\r\n\r\nok"),
    "headers that never end": lambda head: hang(head + b"x: y"),
}


@pytest.mark.parametrize("broken", CUT_OFF.values(), ids=CUT_OFF)
@pytest.mark.parametrize(
    ("status", "end", "error"),
    [
        (200, Status.DELIVERED, None),
        (410, Status.DEAD, "http_410"),
        (500, Status.PENDING, "http_500"),
    ],
)
def test_the_status_line_decides_whatever_becomes_of_the_rest(
    receiver: ScriptedReceiver,
    worlds: list[World],
    broken: Callable[[bytes], Behaviour],
    *,
    status: int,
    end: Status,
    error: str | None,
) -> None:
    """The receiver has judged the request; sending it again would make it do its work twice."""
    url = receiver.script("/", broken(f"HTTP/1.1 {status} So\r\n".encode()))
    world = World(a_webhook(url=url, timeout_s=TIMEOUT_S))
    worlds.append(world)

    assert world.deliver_now() == [None]

    (made,) = world.record.attempts
    assert (world.record.status, made.status, made.error) == (end, status, error)
    assert f"the receiver answered {status}" in made.sentence
    assert "of the rest: the " in made.sentence
    assert (world.webhooks.by_id["whk_1"].disabled_reason == "gone") is (status == 410)


def test_a_wait_is_honoured_that_was_asked_for_before_the_body_broke_off(
    receiver: ScriptedReceiver, worlds: list[World]
) -> None:
    """The headers have come; only the body is missing."""
    head = b"HTTP/1.1 503 Busy\r\nretry-after: 7200\r\ncontent-length: 9\r\n\r\ncut"
    world = World(a_webhook(url=receiver.script("/", raw(head))))
    worlds.append(world)

    world.deliver_now()

    assert world.record.due_at_ms == (world.clock().timestamp() + 7200) * 1000
    assert world.record.attempts[0].answer_excerpt == "cut"


def test_an_answer_after_the_first_is_never_the_next_requests(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """Else one tenant's receiver could answer for another behind the same name."""

    def both(peer: Peer) -> bool:
        peer.send(OK + b"HTTP/1.1 418 Smuggled\r\ncontent-length: 0\r\n\r\n")
        return True

    url = receiver.script("/", both)

    answers = [client.send(post(url), deadline_s=LONG_S) for _ in range(2)]

    assert [each.status for each in answers] == [200, 200]
    assert [seen.connection for seen in receiver.received] == [1, 2]


@pytest.mark.parametrize(
    "broken",
    [b"HTTP/1.1 nonsense: %s\r\n\r\n", b"HTTP/1.1 200 OK\r\n%s\r\n\r\n", CHUNKED + b"%s\r\n"],
)
def test_a_secret_echoed_in_a_broken_answer_is_not_in_the_sentence(
    receiver: ScriptedReceiver, worlds: list[World], broken: bytes
) -> None:
    """The excerpt is cut; the sentence must not be the way around, whoever has echoed."""
    echo = raw(broken % SECRET.encode())
    for login in (
        Bearer(token=SECRET),
        OAuth2(token_url=receiver.url("/token"), client_id="me", client_secret=SECRET),
    ):
        receiver.scripts |= {"/hook": [echo], "/token": [echo]}
        sealed = Sealed(ciphertext="auth", shown=("?",))
        world = World(a_webhook(url=receiver.url("/hook"), auth=sealed))
        worlds.append(world)
        world.secrets["auth"] = access.login_text(login)

        world.deliver_now()

        assert "s3cr3t" not in repr(world.record) + repr(world.journal.lines)


@contextmanager
def server(handle: Callable[[socket.socket], None] | None = None) -> Iterator[int]:
    """The port of one that takes connections and does this with each; nothing if None."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = []

        def accept() -> None:
            try:
                with listener.accept()[0] as sock:
                    handle(sock)  # type: ignore[misc]
            except OSError:  # the client gave up, or the test is over
                return

        if handle is not None:
            threads.append(threading.Thread(target=accept, daemon=True))
            threads[0].start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(LONG_S)


def drip_a_handshake(sock: socket.socket) -> None:
    """The beginning of a long record, then a byte at a time."""
    sock.sendall(b"\x16\x03\x03\x40\x00")
    sock.settimeout(0.01)
    while True:
        with suppress(TimeoutError):
            sock.recv(1)
        sock.sendall(b"\0")


@pytest.mark.parametrize(
    ("scheme", "handle"), [("http", None), ("https", None), ("https", drip_a_handshake)]
)
def test_one_who_never_reads_or_drips_a_handshake_ends_with_the_deadline(
    client: Client, scheme: str, handle: Callable[[socket.socket], None] | None
) -> None:
    """A body larger than all buffers, or a handshake that always goes on."""
    with server(handle) as port:
        request = post(f"{scheme}://localhost:{port}/", body=b"x" * 5_000_000)
        with pytest.raises(EgressFailed) as failure:
            client.send(request, deadline_s=SHORT_S)

    assert failure.value.code == "timeout"
    assert failure.value.timing.total_ms < SHORT_S * 1000 * 4


def in_the_clear(data: bytes) -> Behaviour:
    """Bytes past the TLS that was agreed upon."""
    return lambda peer: os.write(peer.sock.fileno(), data) < 0


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut"), "protocol_error"),
        (raw(CHUNKED + b"9\r\ncut"), "protocol_error"),
        (raw(b""), "reset"),
        (in_the_clear(OK), "tls_error"),
    ],
)
def test_a_tls_stream_cut_short_or_left_is_a_failure(
    make_client: Callable[..., Client], authority: Authority, behaviour: Behaviour, code: str
) -> None:
    """No goodbye (`close_notify`) is common; an answer that is not whole is none all the same."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        client = make_client(trust=authority.trust)
        with pytest.raises(EgressFailed) as failure:
            client.send(post(receiver.script("/", behaviour)), deadline_s=LONG_S)

    assert failure.value.code == code


def test_session_tickets_without_end_are_not_read_without_end(
    make_client: Callable[..., Client], authority: Authority
) -> None:
    """TLS 1.3 lets a server send them for ever, and OpenSSL reads on inside one call."""
    tls = authority.server("localhost")
    tls.num_tickets = 10_000_000
    with ScriptedReceiver(tls=tls) as receiver:
        client = make_client(trust=authority.trust)
        with pytest.raises(EgressFailed) as failure:
            client.send(post(receiver.url()), deadline_s=SHORT_S)

    assert failure.value.code == "timeout"
    assert failure.value.timing.total_ms < SHORT_S * 1000 * 8


@pytest.mark.parametrize("secure", [False, True])
def test_a_flood_on_an_idle_connection_does_not_fill_our_memory(
    receiver: ScriptedReceiver,
    authority: Authority,
    secure: bool,  # noqa: FBT001 - a column of one
) -> None:
    """After a good answer nobody reads there; the loop must not, while it waits for others."""
    pushed = [0]

    def answer_and_flood(peer: Peer) -> None:
        peer.send(OK)
        peer.pause(SHORT_S / 5)  # so that it is taken for the whole answer
        while not peer.released.is_set():
            pushed[0] += peer.sock.send(b"y" * 65_536)

    async def send_both(flooding: str, other: str) -> bool:
        egress = Egress(LOCAL, trust=authority.trust)
        await egress.send(post(flooding), deadline_s=LONG_S)
        with pytest.raises(EgressFailed):
            await egress.send(post(other), deadline_s=2 * SHORT_S)
        assert pushed[0] < MAX_PUSHED_BYTES
        again = await egress.send(post(flooding), deadline_s=LONG_S)
        egress.close()
        await asyncio.sleep(0)
        return again.timing.reused

    with ScriptedReceiver(tls=authority.server("localhost") if secure else None) as hostile:
        flooding = hostile.script("/", answer_and_flood, answer())
        assert asyncio.run(send_both(flooding, receiver.script("/", hang()))) is False
