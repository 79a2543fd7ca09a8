"""The whole matrix on one page: what a receiver did, and what stands on record afterwards.

Each row goes through the real way out to a real server, under the endpoint's own deadline.
"""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.egress.resolver import Resolver
from tests.builders import a_webhook
from tests.certificates import Authority
from tests.delivery_world import World
from tests.egress_clients import LOCAL
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

TIMEOUT_S: Final = 1  # the shortest that an endpoint may have
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
DELIVERED, PENDING, DEAD = Status.DELIVERED, Status.PENDING, Status.DEAD
BOMB: Final = gzip.compress(b"\0" * 10_000_000)


class Row(NamedTuple):
    """What a receiver does, and the record that it leaves."""

    behaviour: Behaviour
    status: Status
    error: str | None
    answered: int | None
    sentence: str


def answered(code: int, status: Status = PENDING, *, sentence: str = "") -> Row:
    """A complete answer with this status."""
    error = None if status is DELIVERED else f"http_{code}"
    said = sentence or f"the receiver answered {code}"
    return Row(answer(code), status, error, code, said)


def broken(behaviour: Behaviour, error: str, sentence: str) -> Row:
    """No complete answer."""
    return Row(behaviour, PENDING, error, None, sentence)


def cut_off(behaviour: Behaviour, sentence: str) -> Row:
    """A whole status line of 200, and a rest that came to nothing."""
    return Row(behaviour, DELIVERED, None, 200, sentence)


ROWS: Final = {
    **{f"{code}": answered(code, DELIVERED) for code in (200, 201, 202, 204, 226, 299)},
    **{
        f"{code}": answered(code, sentence="redirects are never followed")
        for code in (300, 301, 302, 303, 304, 305, 307, 308)
    },
    **{f"{code}": answered(code) for code in (400, 401, 403, 404, 408, 409, 422, 425, 429)},
    "410": answered(410, DEAD, sentence="the webhook is disabled"),
    **{f"{code}": answered(code) for code in (500, 501, 502, 503, 504, 520, 599)},
    "101": broken(
        raw(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"), "protocol_error", "not HTTP/1.1"
    ),
    "100-continue": Row(
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), DELIVERED, None, 200, "answered 200"
    ),
    "endless 100-continue": broken(
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + OK), "protocol_error", "1xx answers"
    ),
    "reset before headers": broken(reset(), "reset", "broke the connection"),
    "hang up before headers": broken(raw(b""), "reset", "without an answer"),
    "reset within the status line": broken(
        reset(b"HTTP/1.1 200 OK"), "reset", "broke the connection"
    ),
    "reset within headers": cut_off(reset(b"HTTP/1.1 200 OK\r\n"), "broke the connection"),
    "reset after headers": cut_off(reset(HEAD), "broke the connection"),
    "content-length too long": cut_off(raw(HEAD + b"short"), "before it was"),
    "content-length too short": Row(
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore"), DELIVERED, None, 200, "200"
    ),
    "two content-lengths": cut_off(
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok"),
        "not HTTP/1.1",
    ),
    "not HTTP": broken(raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "protocol_error", "not HTTP/1.1"),
    "a megabyte of header": cut_off(
        raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_048_576 + b"\r\n\r\n"), "headers exceed"
    ),
    "silence": broken(hang(), "timeout", "did not answer within 1 s"),
    "status drip": broken(drip(b"HTTP/1.1 200 "), "timeout", "within 1 s"),
    "header drip": cut_off(drip(b"HTTP/1.1 200 OK\r\nx: "), "within 1 s"),
    "body drip": cut_off(drip(HEAD, every_s=0.05), "the answer did not end within 1 s"),
    "endless body": Row(flood(b"HTTP/1.1 200 OK\r\n\r\n"), DELIVERED, None, 200, "answered 200"),
    "gzip bomb": Row(
        flood(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + BOMB),
        DELIVERED,
        None,
        200,
        "answered 200",
    ),
    "endless body of a failure": Row(
        flood(b"HTTP/1.1 500 Oh\r\n\r\n"), PENDING, "http_500", 500, "answered 500"
    ),
}  # fmt: skip


def check(world: World, row: Row) -> None:
    """One attempt, which ends within the deadline and leaves what the row says."""
    began_s = time.monotonic()
    assert world.deliver_now() == [None]
    took_s = time.monotonic() - began_s

    record = world.record
    (made,) = record.attempts
    assert (record.status, made.error, made.status) == (row.status, row.error, row.answered)
    assert any(part in made.sentence for part in row.sentence.split("|"))
    assert (record.due_at_ms is not None) == (row.status is PENDING)
    assert took_s < 2 * TIMEOUT_S
    assert len(made.answer_excerpt) <= 1024


@pytest.mark.parametrize("name", ROWS)
def test_what_a_receiver_does_is_judged_and_recorded(
    receiver: ScriptedReceiver, worlds: list[World], name: str
) -> None:
    """Whatever it is, it is one attempt, one POST, one record, and the slot is free in time."""
    row = ROWS[name]
    world = World(a_webhook(url=receiver.script("/", row.behaviour), timeout_s=TIMEOUT_S))
    worlds.append(world)

    check(world, row)

    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("certified", "days", "trusted", "sentence"),
    [
        ("other.example", 1, True, "Hostname mismatch"),
        ("localhost", -1, True, "expired"),
        ("localhost", 1, False, "self-signed|unable to get local issuer"),
    ],
)
def test_a_receiver_without_a_valid_certificate_gets_nothing(
    worlds: list[World],
    authority: Authority,
    certified: str,
    days: int,
    trusted: bool,  # noqa: FBT001 - a row of the table
    sentence: str,
) -> None:
    """Not one byte of the event, and the record says what is wrong with it."""
    with ScriptedReceiver(tls=authority.server(certified, days=days)) as receiver:
        egress: dict[str, Any] = {"trust": authority.trust} if trusted else {}
        world = World(a_webhook(url=receiver.url(), timeout_s=TIMEOUT_S), **egress)
        worlds.append(world)
        check(world, broken(answer(), "tls_error", "certificate is refused"))

    said = world.record.attempts[0].sentence
    assert any(part in said for part in sentence.split("|"))
    assert receiver.received == []


def failing(number: int) -> Callable[[str, int], Sequence[str]]:
    """Name servers that answer with this error."""

    def lookup(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(number, "no")

    return lookup


@pytest.mark.parametrize(
    ("lookup", "error", "sentence"),
    [
        (failing(socket.EAI_NONAME), "dns_failure", "does not resolve"),
        (failing(socket.EAI_AGAIN), "dns_failure", "name servers"),
        (lambda _host, _port: [], "dns_failure", "has no address"),
        (lambda _host, _port: ["10.0.0.7"], "blocked_address", "not public"),
        (lambda _host, _port: ["93.184.216.34", "10.0.0.7"], "blocked_address", "not public"),
    ],
)
def test_a_name_that_leads_nowhere_is_an_attempt_like_any_other(
    worlds: list[World],
    lookup: Callable[[str, int], Sequence[str]],
    error: str,
    sentence: str,
) -> None:
    """NXDOMAIN, SERVFAIL, nothing, a private address, a mixture; never which address it was."""
    webhook = a_webhook(url="https://hooks.example.com/", timeout_s=TIMEOUT_S)
    world = World(webhook, resolver=Resolver(LOCAL, lookup=lookup))
    worlds.append(world)

    check(world, broken(answer(), error, sentence))

    assert "10.0.0.7" not in repr(world.record)


def test_name_servers_that_never_answer_end_with_the_deadline(worlds: list[World]) -> None:
    """The system itself would wait for half a minute, and the slot with it."""
    released = threading.Event()

    def lookup(_host: str, _port: int) -> Sequence[str]:
        released.wait(10)
        return []

    webhook = a_webhook(url="https://hooks.example.com/", timeout_s=TIMEOUT_S)
    world = World(webhook, resolver=Resolver(LOCAL, lookup=lookup))
    worlds.append(world)

    check(world, broken(answer(), "dns_timeout", "took too long|did not resolve"))

    released.set()


def test_a_host_that_never_connects_ends_with_the_deadline(worlds: list[World]) -> None:
    """A firewall that drops packets says nothing at all."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):  # all that its queue takes
            url = f"http://localhost:{address[1]}/"
            world = World(
                a_webhook(url=url, timeout_s=TIMEOUT_S),
                resolver=Resolver(LOCAL, lookup=lambda _host, _port: ["127.0.0.1"]),
            )
            worlds.append(world)

            check(world, broken(answer(), "connect_timeout", "did not connect within 1 s"))


def test_a_port_where_nobody_listens_is_told_apart(worlds: list[World]) -> None:
    """The receiver is down, which is not the same as wrong."""
    world = World(a_webhook(url="http://localhost:1/", timeout_s=TIMEOUT_S))
    worlds.append(world)

    check(world, broken(answer(), "connect_refused", "refused the connection"))


@pytest.mark.parametrize("status", [408, 425, 429, 503])
@pytest.mark.parametrize(
    ("asked", "waits_s"),
    [
        (["120"], 120),
        (["120.1"], 121),
        (["  30  "], 30),
        (["0"], 5),
        (["2"], 5),
        (["Fri, 20 Nov 2026 13:14:05 GMT"], 599.877),
        (["Fri Nov 20 13:14:05 2026"], 599.877),
        (["Wed, 21 Oct 2015 07:28:00 GMT"], 5),
        (["soon"], 5),
        (["-5"], 5),
        (["1e309"], 5),
        (["NaN"], 5),
        (["99999999999999999999"], 86_400),
        (["60", "600"], 600),
        (["60", "soon"], 60),
    ],
)
def test_retry_after_only_ever_lengthens_and_at_most_to_a_day(
    receiver: ScriptedReceiver, worlds: list[World], status: int, asked: list[str], waits_s: float
) -> None:
    """Whatever a receiver writes there, the next attempt is between our own delay and a day."""
    behaviour = answer(status, headers=[("Retry-After", each) for each in asked])
    world = World(a_webhook(url=receiver.script("/", behaviour)))
    worlds.append(world)

    world.deliver_now()

    now_ms = world.clock().timestamp() * 1000
    assert world.record.due_at_ms == pytest.approx(now_ms + 1000 * waits_s, abs=2)


@pytest.mark.parametrize("status", [200, 400, 404, 500, 502, 504])
def test_retry_after_is_heard_where_it_belongs_and_nowhere_else(
    receiver: ScriptedReceiver, worlds: list[World], status: int
) -> None:
    """On a 500 it is a proxy's habit, not a wish."""
    behaviour = answer(status, headers=[("Retry-After", "3600")])
    world = World(a_webhook(url=receiver.script("/", behaviour)))
    worlds.append(world)

    world.deliver_now()

    due_ms = world.record.due_at_ms
    own_ms = int(world.clock().timestamp() * 1000) + 5000
    assert due_ms == (None if status == 200 else own_ms)
