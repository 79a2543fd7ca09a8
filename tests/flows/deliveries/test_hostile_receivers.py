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
from tests.scripted_receiver import Behaviour, Peer, ScriptedReceiver, answer, flood, hang, raw

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
        "protocol_error",
    ),
    "60 kB of wrong header": (with_header(b"bad header " + b"\xff" * 60_000), "protocol_error"),
    "60 kB of wrong chunk": (raw(CHUNKED + b"g" * 60_000 + b"\r\n"), "protocol_error"),
    "status 099": (raw(b"HTTP/1.1 099 x\r\n\r\n"), "protocol_error"),
    "status 999": (raw(b"HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n"), "http_999"),
    "negative content-length": (with_header(b"content-length: -1"), "protocol_error"),
    "content-length with a sign": (with_header(b"content-length: +2"), "protocol_error"),
    "content-length of 5,000 digits": (
        with_header(b"content-length: " + b"9" * 5000),
        "protocol_error",
    ),
    "the same content-length twice": (with_header(b"content-length: 2\r\ncontent-length: 2"), None),
    "content-length and chunks": (
        raw(CHUNKED[:-2] + b"content-length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        None,
    ),
    "two transfer-encodings": (
        with_header(b"transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
        "protocol_error",
    ),
    "a packed transfer": (with_header(b"transfer-encoding: gzip"), "protocol_error"),
    "a chunk size past 64 bits": (raw(CHUNKED + b"F" * 21 + b"\r\nok"), "protocol_error"),
    "a chunk without end": (flood(CHUNKED + b"F" * 20 + b"\r\n"), None),
    "a negative chunk": (raw(CHUNKED + b"-2\r\nok\r\n0\r\n\r\n"), "protocol_error"),
    "a chunk that overflows its size": (raw(CHUNKED + b"2\r\nokXX0\r\n\r\n"), "protocol_error"),
    "an endless chunk extension": (flood(CHUNKED + b"2;"), "answer_too_large"),
    "trailers": (raw(CHUNKED + b"2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n"), None),
    "endless trailers": (again_and_again(CHUNKED + b"0\r\n", b"x: y\r\n"), "answer_too_large"),
    "chunks of one byte": (again_and_again(CHUNKED, b"1\r\nx\r\n"), None),
    "endless headers": (again_and_again(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), "answer_too_large"),
    "101 and silence": (
        hang(b"HTTP/1.1 101 Up\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
        "protocol_error",
    ),
    "1xx for ever": (again_and_again(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), "protocol_error"),
    "1xx and no more": (raw(b"HTTP/1.1 100 Continue\r\n\r\n"), "protocol_error"),
    "NUL in a value": (with_header(b"x: a\0b\r\ncontent-length: 2"), "protocol_error"),
    "NUL in a name": (with_header(b"x\0y: a\r\ncontent-length: 2"), "protocol_error"),
    "NUL in a reason": (raw(b"HTTP/1.1 200 O\0K\r\ncontent-length: 0\r\n\r\n"), "protocol_error"),
    "a folded first header": (with_header(b" x: y"), "protocol_error"),
    "204 with a body": (raw(b"HTTP/1.1 204 None\r\ncontent-length: 5\r\n\r\nhello"), None),
    "two answers": (raw(OK + b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), None),
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
