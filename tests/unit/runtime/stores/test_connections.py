"""Connections to AWS over TLS, with more to say than a socket takes at once."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from runtime.stores import connections
from runtime.stores.connections import Connections, Reply
from tests.certificates import Authority
from tests.scripted_receiver import Peer, ScriptedReceiver, answer

LARGE: Final = bytes(range(256)) * 32 * 1024  # 8 MB: far more than the buffers between us
Post = Callable[[Connections, bytes], Reply]


def by_thread(to: Connections, body: bytes) -> Reply:
    """Wait where it stands."""
    return to.post(body, headers(to))


def by_loop(to: Connections, body: bytes) -> Reply:
    """Wait as an event loop does, which goes on meanwhile."""
    return asyncio.run(to.post_async(body, headers(to)))


def headers(to: Connections) -> Mapping[str, str]:
    """What no request is without."""
    return {"host": to.host}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Whom these connections trust, as they trust AWS's authorities elsewhere."""
    made = Authority.create(tmp_path)
    file = tmp_path / "authority.pem"
    file.write_bytes(made.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setattr(connections, "get_cert_path", lambda verify: str(file) if verify else "")
    return made


def two_at_once(peer: Peer) -> bool:
    """An answer, and one that nobody has asked for."""
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none" * 2)
    return True


def open_to(receiver: ScriptedReceiver) -> Connections:
    """Connections of the usual patience."""
    return Connections(receiver.url(""), connect_timeout_s=2, read_timeout_s=10)


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_megabytes_go_and_come_whole(authority: Authority, post: Post) -> None:
    """A batch of items and a page of them are many packets, and many records of TLS."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        receiver.script("/", answer(body=LARGE))
        to = open_to(receiver)

        replies = [post(to, LARGE[number:]) for number in range(2)]

    assert [LARGE, LARGE] == [reply.body for reply in replies]
    assert [LARGE, LARGE[1:]] == [request.body for request in receiver.received]


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_a_connection_serves_threads_and_loops_alike(authority: Authority, post: Post) -> None:
    """What one has opened the other uses: a handshake costs more than the call."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        receiver.script("/", answer())
        to = open_to(receiver)

        for each in (post, by_thread, by_loop):
            each(to, b"{}")

    assert [1, 1, 1] == [request.connection for request in receiver.received]


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_a_stranger_is_not_spoken_to(authority: Authority, tmp_path: Path, post: Post) -> None:
    """Whoever sits between us and AWS would get signed requests and our data."""
    (tmp_path / "stranger").mkdir()
    stranger = Authority.create(tmp_path / "stranger")
    for tls in (stranger.server("localhost"), authority.server("elsewhere.example.com")):
        with ScriptedReceiver(tls=tls) as receiver:
            with pytest.raises(OSError, match="certificate verify failed"):
                post(open_to(receiver), b"{}")

            assert [] == receiver.received


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_what_follows_an_answer_is_nobodys(authority: Authority, post: Post) -> None:
    """Bytes behind it would be read as the answer to the next call."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        receiver.script("/", two_at_once, answer(body=b"two"))
        to = open_to(receiver)

        replies = [post(to, b"{}") for _ in range(2)]

    assert [b"one", b"two"] == [reply.body for reply in replies]
    assert [1, 2] == [request.connection for request in receiver.received]
