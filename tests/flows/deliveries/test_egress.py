"""Both clients against a real server that does everything a receiver can do wrong."""

import asyncio
import gzip
import threading
from collections.abc import Callable

import pytest

from runtime.egress.client import Egress, SyncEgress
from runtime.egress.failures import EgressFailed
from runtime.egress.resolver import Resolver
from tests.egress_clients import LOCAL, LONG_S, SHORT_S, Client, post
from tests.scripted_receiver import (
    Behaviour,
    ScriptedReceiver,
    answer,
    drip,
    flood,
    hang,
    raw,
    reset,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"


def status_heard(failure: EgressFailed) -> int | None:
    """The status in as much of the answer as came."""
    return None if failure.heard is None else failure.heard.status


def test_an_answer_comes_back_whole(client: Client, receiver: ScriptedReceiver) -> None:
    """The plain case."""
    url = receiver.script("/hook", answer(201, body=b"made", headers=[("X-Id", "7")]))

    got = client.send(post(url + "?q=1"), deadline_s=LONG_S)

    assert (got.status, got.body, got.truncated) == (201, b"made", False)
    assert got.header_values("x-id") == ("7",)
    (seen,) = receiver.received
    assert (seen.method, seen.target, seen.body) == ("POST", "/hook?q=1", b'{"a":1}')
    assert seen.header("host") == f"localhost:{receiver.port}"
    assert seen.header("accept-encoding") == "identity"
    assert seen.header("content-length") == "7"
    assert seen.header("connection") is None


def test_an_answer_keeps_the_receivers_own_words(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """Names of headers mean the same in any case, but people read them as they were written."""
    head = b"HTTP/1.1 418 Short And Stout\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 0\r\n\r\n"
    got = client.send(post(receiver.script("/", raw(head))), deadline_s=LONG_S)

    assert got.reason == "Short And Stout"
    assert got.spelled == ("X-One", "x-one", "Content-Length")
    assert [name for name, _ in got.headers] == ["x-one", "x-one", "content-length"]


def test_the_time_is_split_by_what_took_it(client: Client, receiver: ScriptedReceiver) -> None:
    """A slow DNS and a slow handler are different tickets."""
    timing = client.send(post(receiver.url()), deadline_s=LONG_S).timing

    parts = timing.dns_ms + timing.connect_ms + timing.tls_ms + timing.first_byte_ms
    assert 0 < parts <= timing.total_ms
    assert timing.reused is False


def test_a_connection_is_kept_for_the_next_request(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """A TLS handshake costs more than a webhook."""
    answers = [client.send(post(receiver.url()), deadline_s=LONG_S) for _ in range(3)]

    assert [seen.connection for seen in receiver.received] == [1, 1, 1]
    assert [each.timing.reused for each in answers] == [False, True, True]


def test_a_connection_that_the_receiver_closed_is_not_used_again(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """Its reset would be blamed on the receiver."""
    url = receiver.script("/", raw(OK), answer())
    client.send(post(url), deadline_s=LONG_S)
    assert receiver.hung_up.wait(LONG_S)

    assert client.send(post(url), deadline_s=LONG_S).status == 200
    assert [seen.connection for seen in receiver.received] == [1, 2]


def test_a_request_is_never_sent_twice_to_find_out(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """Only the schedule repeats, and every attempt is on record."""
    url = receiver.script("/", answer(), reset())
    client.send(post(url), deadline_s=LONG_S)

    with pytest.raises(EgressFailed) as failure:
        client.send(post(url), deadline_s=LONG_S)

    assert failure.value.code == "reset"
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    "status", [204, 299, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503, 599]
)
def test_every_status_is_an_answer_and_no_redirect_is_followed(
    client: Client, receiver: ScriptedReceiver, status: int
) -> None:
    """A redirect to 169.254.169.254 is how metadata is stolen."""
    target = ("location", "http://169.254.169.254/latest/meta-data/")
    url = receiver.script("/", answer(status, headers=[target]))

    assert client.send(post(url), deadline_s=LONG_S).status == status
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("behaviour", "status", "body"),
    [
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), 200, b"ok"),
        (raw(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK), 200, b"ok"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), 200, b"until the end"),
        (raw(b"HTTP/1.0 200 OK\r\n\r\nold"), 200, b"old"),
        (
            raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            200,
            b"ok",
        ),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore"), 200, b"ok"),
        (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), 204, b""),
    ],
)  # fmt: skip
def test_unusual_but_valid_answers_are_understood(
    client: Client, receiver: ScriptedReceiver, behaviour: Behaviour, status: int, body: bytes
) -> None:
    """Receivers run on everything."""
    url = receiver.script("/", behaviour)

    got = client.send(post(url), deadline_s=LONG_S)

    assert (got.status, got.body) == (status, body)


@pytest.mark.parametrize(
    ("behaviour", "code", "status"),
    [
        (reset(), "reset", None),
        (raw(b""), "reset", None),
        (reset(b"HTTP/1.1 200 O"), "reset", None),
        (reset(b"HTTP/1.1 200 OK\r\n"), "reset", 200),
        (reset(HEAD), "reset", 200),
        (raw(HEAD + b"short"), "protocol_error", 200),
        (raw(b"HTTP/1.1 200 OK\r\n"), "protocol_error", 200),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "protocol_error", None),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), "protocol_error", 200),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok"),
            "protocol_error",
            200,
        ),
        (raw(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"), "protocol_error", None),
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + OK), "protocol_error", None),
        (raw(b"\x16\x03\x01" + b"\0" * 200), "protocol_error", None),
        (
            raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_048_576 + b"\r\n\r\n"),
            "answer_too_large",
            200,
        ),
        (raw(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204\r\nbad\r\n\r\n"), "protocol_error", 204),
        (raw(b"HTTP/1.1 103 Early\r\nbad\r\n\r\nHTTP/1.1 204\r\n\r\n"), "protocol_error", None),
    ],
)  # fmt: skip
def test_a_broken_answer_fails_with_its_own_code(
    client: Client,
    receiver: ScriptedReceiver,
    behaviour: Behaviour,
    code: str,
    status: int | None,
) -> None:
    """Each of these is somebody's server, and the code is what its owner sees."""
    url = receiver.script("/", behaviour)

    with pytest.raises(EgressFailed) as failure:
        client.send(post(url), deadline_s=LONG_S)

    assert (failure.value.code, status_heard(failure.value)) == (code, status)
    assert 0 < failure.value.timing.total_ms < LONG_S * 1000


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (hang(), None),
        (hang(b"HTTP/1.1 200 O"), None),
        (hang(b"HTTP/1.1 200 OK\r\n"), 200),
        (hang(HEAD), 200),
        (drip(b"HTTP/1.1 200 OK\r\nx: "), 200),
        (drip(HEAD, every_s=0.02), 200),
        (drip(piece=b"HTTP/1.1 100 Continue\r\n\r\n", every_s=0.1), None),
    ],
)
def test_a_slow_answer_ends_with_the_deadline(
    client: Client, receiver: ScriptedReceiver, behaviour: Behaviour, status: int | None
) -> None:
    """A byte a second keeps a per-read timeout happy for ever."""
    url = receiver.script("/", behaviour)

    with pytest.raises(EgressFailed) as failure:
        client.send(post(url), deadline_s=SHORT_S)

    assert (failure.value.code, status_heard(failure.value)) == ("timeout", status)
    assert SHORT_S * 1000 * 0.9 < failure.value.timing.total_ms < SHORT_S * 1000 * 4


def test_each_wait_may_have_a_limit_of_its_own(receiver: ScriptedReceiver) -> None:
    """A function's timeout says how long it waits for the next byte, as that of `requests` does."""
    silent = receiver.script("/silent", hang())
    slow = receiver.script("/slow", drip(HEAD, every_s=0.01))
    client = SyncEgress(LOCAL)
    try:
        with pytest.raises(EgressFailed, match=f"within {SHORT_S} s") as failure:
            client.send(post(silent), deadline_s=LONG_S, idle_s=SHORT_S)
        whole = client.send(post(slow), deadline_s=LONG_S, connect_s=SHORT_S, idle_s=SHORT_S)
    finally:
        client.close()

    assert failure.value.code == "timeout"
    assert failure.value.timing.total_ms < LONG_S * 1000 / 2
    assert whole.body == b"x" * 100
    assert whole.timing.total_ms > SHORT_S * 1000


def test_connecting_may_have_a_limit_of_its_own(receiver: ScriptedReceiver) -> None:
    """What was not sent may be sent again: it has a code of its own."""
    over = threading.Event()

    def lookup(_host: str, _port: int) -> list[str]:
        over.wait(LONG_S)
        return ["127.0.0.1"]

    client = SyncEgress(LOCAL, resolver=Resolver(LOCAL, lookup=lookup))
    try:
        with pytest.raises(EgressFailed) as failure:
            client.send(post(receiver.url()), deadline_s=LONG_S, connect_s=SHORT_S)
    finally:
        over.set()
        client.close()

    assert failure.value.code == "dns_timeout"
    assert failure.value.timing.total_ms < LONG_S * 1000 / 2
    assert receiver.received == []


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 10_000_000),
    ],
)
def test_an_endless_answer_is_cut_at_the_cap(
    client: Client, receiver: ScriptedReceiver, first: bytes
) -> None:
    """Its status is known; its memory is ours. What is packed stays packed."""
    url = receiver.script("/", flood(first))

    got = client.send(post(url), deadline_s=LONG_S, max_answer_bytes=1000)

    assert (got.status, len(got.body), got.truncated) == (200, 1000, True)
    receiver.scripts["/"] = [answer()]
    assert client.send(post(url), deadline_s=LONG_S).timing.reused is False


def test_an_early_answer_to_a_long_request_is_heard(
    client: Client, receiver: ScriptedReceiver
) -> None:
    """413 and hang up, before the body is read."""
    url = receiver.script("/", answer(413))

    assert client.send(post(url, body=b"x" * 3_000_000), deadline_s=LONG_S).status == 413


def test_a_closed_port_refuses(client: Client) -> None:
    """The receiver is not running."""
    with ScriptedReceiver() as gone:
        url = gone.url()

    with pytest.raises(EgressFailed) as failure:
        client.send(post(url), deadline_s=LONG_S)

    assert failure.value.code == "connect_refused"


def test_a_dead_address_is_passed_over_for_the_next(
    make_client: Callable[..., Client], receiver: ScriptedReceiver
) -> None:
    """Names have several addresses so that one may be down."""
    addresses = ["127.0.0.9", "127.0.0.1"]
    client = make_client(resolver=Resolver(LOCAL, lookup=lambda _host, _port: addresses))

    assert client.send(post(receiver.url()), deadline_s=LONG_S).status == 200


def test_a_slow_receiver_holds_up_no_other(receiver: ScriptedReceiver) -> None:
    """Ten at once on one loop: the nine are done while the tenth is waited for."""
    slow = receiver.script("/slow", hang())
    finished: list[str] = []

    async def one(egress: Egress, url: str) -> None:
        try:
            await egress.send(post(url), deadline_s=SHORT_S)
        except EgressFailed as problem:
            finished.append(problem.code)
        else:
            finished.append("ok")

    async def all_at_once() -> None:
        egress = Egress(LOCAL)
        await asyncio.gather(*(one(egress, u) for u in [slow, *[receiver.url("/")] * 9]))
        egress.close()
        await asyncio.sleep(0)

    asyncio.run(all_at_once())

    assert finished == ["ok"] * 9 + ["timeout"]
