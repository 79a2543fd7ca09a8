"""Connections to AWS: over TLS, with more to say than a socket takes at once, and in trouble."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from runtime.stores.aws import switches
from runtime.stores.aws.connections import BrokenAnswer, Connections, Reply
from tests.certificates import Authority
from tests.renegotiating_server import server_that_renegotiates
from tests.scripted_receiver import Peer, ScriptedReceiver, answer, hang

LARGE: Final = bytes(range(256)) * 32 * 1024  # 8 MB: far more than the buffers between us
Post = Callable[..., Reply]


def by_thread(to: Connections, body: bytes, **more: str) -> Reply:
    """Wait where it stands."""
    return to.post(body, headers(to, **more))


def by_loop(to: Connections, body: bytes, **more: str) -> Reply:
    """Wait as an event loop does, which goes on meanwhile."""
    return asyncio.run(to.post_async(body, headers(to, **more)))


def headers(to: Connections, **more: str) -> Mapping[str, str]:
    """What no request is without, and more."""
    return {"host": to.host, **more}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Whom these connections trust, as they trust AWS's authorities elsewhere."""
    made = Authority.create(tmp_path)
    file = tmp_path / "authority.pem"
    file.write_bytes(made.certificate.public_bytes(Encoding.PEM))
    monkeypatch.setattr(switches, "get_cert_path", lambda verify: str(file) if verify else "")
    return made


def two_at_once(peer: Peer) -> bool:
    """An answer, and one that nobody has asked for."""
    peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none" * 2)
    return True


def dead_if_old(peer: Peer) -> bool:
    """A reset of the first two connections, an answer on others."""
    if peer.request.connection > 2:
        return bool(answer()(peer))
    peer.reset()
    return False


def open_to(receiver: ScriptedReceiver, *, read_timeout_s: float = 10) -> Connections:
    """Connections of the usual patience."""
    return Connections(receiver.url(""), connect_timeout_s=2, read_timeout_s=read_timeout_s)


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
    for tls in (
        stranger.server("localhost"),
        authority.server("elsewhere.example.com"),
        authority.server(common_name="localhost"),
    ):
        with ScriptedReceiver(tls=tls) as receiver:
            with pytest.raises(OSError, match="certificate verify failed"):
                post(open_to(receiver), b"{}")

            assert [] == receiver.received


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_a_server_may_not_ask_for_another_handshake(authority: Authority, post: Post) -> None:
    """Each costs us what a new connection does, and a server may ask without end."""
    with server_that_renegotiates(authority) as url:
        to = Connections(url, connect_timeout_s=2, read_timeout_s=2)
        with pytest.raises(ssl.SSLError, match="handshake failure"):
            post(to, b"{}")


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_what_follows_an_answer_is_nobodys(authority: Authority, post: Post) -> None:
    """Bytes behind it would be read as the answer to the next call."""
    with ScriptedReceiver(tls=authority.server("localhost")) as receiver:
        receiver.script("/", two_at_once, answer(body=b"two"))
        to = open_to(receiver)

        replies = [post(to, b"{}") for _ in range(2)]

    assert [b"one", b"two"] == [reply.body for reply in replies]
    assert [1, 2] == [request.connection for request in receiver.received]


@pytest.mark.parametrize("post", [by_thread, by_loop])
@pytest.mark.parametrize(
    "doubtful",
    [
        b"content-length: 5\r\ncontent-length: 2",
        b"transfer-encoding : chunked\r\ncontent-length: 2",
        b"content-length: 100000000",
    ],
    ids=["two lengths", "chunked, spaced", "endless"],
)
def test_an_answer_of_doubtful_length_is_refused(post: Post, doubtful: bytes) -> None:
    """Where one answer ends the next begins: a guess would give a call another call's answer."""
    with ScriptedReceiver() as receiver:
        receiver.script("/", hang(b"HTTP/1.1 200 OK\r\n" + doubtful + b"\r\n\r\nok"))

        with pytest.raises(BrokenAnswer):
            post(open_to(receiver, read_timeout_s=1), b"{}")


@pytest.mark.parametrize("post", [by_thread, by_loop])
@pytest.mark.parametrize("said", [["Close"], ["close, TE"], ["TE ,close"], ["close", "TE"]])
def test_a_last_answer_is_known_however_it_says_so(post: Post, said: Sequence[str]) -> None:
    """The next call on its connection would be lost, and is half of the tries."""
    with ScriptedReceiver() as receiver:
        receiver.script("/", answer(headers=[("Connection", each) for each in said]))
        to = open_to(receiver)

        for _ in range(2):
            post(to, b"{}")

    assert [1, 2] == [request.connection for request in receiver.received]


@pytest.mark.parametrize("post", [by_thread, by_loop])
def test_after_a_failure_the_next_try_has_a_new_connection(post: Post) -> None:
    """A frozen Lambda may not have heard yet that its connections ended, and tries but twice."""
    with ScriptedReceiver() as receiver:
        to = open_to(receiver)

        async def two_at_once() -> None:
            await asyncio.gather(*(to.post_async(b"{}", headers(to)) for _ in range(2)))

        asyncio.run(two_at_once())
        receiver.script("/", dead_if_old)

        with pytest.raises(OSError, match=r"reset|ended"):
            post(to, b"{}")
        post(to, b"{}")

    assert 3 == receiver.received[-1].connection


@pytest.mark.parametrize("post", [by_thread, by_loop])
@pytest.mark.parametrize("token", ["hush\r\nx-evil: 1", "hush\n", "hush\r", "hush…"])
def test_what_cannot_stand_in_a_header_is_not_sent(post: Post, token: str) -> None:
    """It would be a header of somebody else's; and nobody may read a token in an error."""
    with ScriptedReceiver() as receiver:
        to = open_to(receiver)
        post(to, b"{}")

        with pytest.raises(ValueError, match="no header may") as raised:
            post(to, b"{}", token=token)
        post(to, b"{}")

    assert "hush" not in repr(raised.value)
    assert [1, 1] == [request.connection for request in receiver.received]
