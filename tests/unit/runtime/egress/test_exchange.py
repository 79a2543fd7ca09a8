"""What an answer may cost us before it is cut off."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import h11
import pytest

from runtime.egress import urls
from runtime.egress.answer import Timing
from runtime.egress.exchange import (
    MAX_ANSWER_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEAD_LINES,
    MAX_SMALL_PIECES,
    PIECE_BYTES,
    Exchange,
    Request,
    new_wire,
)
from runtime.egress.failures import EgressFailed
from runtime.egress.policy import EgressPolicy

URL: Final = "https://example.com/"
READ_BYTES: Final = 64 * 1024
EARLY_HINTS: Final = b"HTTP/1.1 103 Early\r\n" + b"a:\r\n" * 16_000 + b"\r\n"
CHUNKED: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def an_exchange() -> Exchange:
    """One whose request has been sent."""
    exchange = Exchange(new_wire())
    target = urls.check(URL, EgressPolicy())
    exchange.outgoing(Request(method="POST", url=URL, body=b"{}"), target)
    return exchange


def feed(exchange: Exchange, data: bytes, *, at_once: int = READ_BYTES) -> None:
    """Hand all of `data` over in pieces until the answer is complete."""
    for start in range(0, len(data), at_once):
        if exchange.feed(data[start : start + at_once]):
            return


@contextmanager
def lines_parsed() -> Iterator[list[int]]:
    """How many header lines h11 has parsed, head by head: they are what a head costs."""
    counts: list[int] = []
    normalize: Any = h11._headers.normalize_and_validate  # noqa: SLF001 - the one place all heads pass

    def count(headers: Any, *rest: Any, **options: Any) -> Any:
        normalized = normalize(headers, *rest, **options)
        counts.append(len(normalized))
        return normalized

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(h11._events, "normalize_and_validate", count)  # noqa: SLF001 - as above
        yield counts


@pytest.mark.parametrize("at_once", [1000, READ_BYTES, 10_000_000])
@pytest.mark.parametrize(
    "data",
    [
        EARLY_HINTS * 16 + OK,
        EARLY_HINTS[:-2],
        CHUNKED + b"0\r\n" + b"a:\r\n" * 16_000 + b"\r\n",
        CHUNKED + b"0\r\n" + b"a:\n" * 5_000 + b"\r\n",
    ],
    ids=["early hints", "a head without end", "trailers", "trailers within the limit of bytes"],
)
def test_header_lines_past_the_limit_are_not_parsed(data: bytes, at_once: int) -> None:
    """Other receivers wait for the thread; sixteen such heads took it a fifth of a second."""
    exchange = an_exchange()

    with lines_parsed() as counts, pytest.raises(EgressFailed) as failure:
        feed(exchange, data, at_once=at_once)

    assert failure.value.code == "answer_too_large"
    assert sum(counts) <= MAX_HEAD_LINES


def test_heads_of_one_answer_share_one_budget() -> None:
    """Sixteen heads that are each within it are not."""
    lines = MAX_HEAD_LINES // 4
    head = b"HTTP/1.1 103 Early\r\n" + b"a: b\r\n" * lines + b"\r\n"

    feed(an_exchange(), head * 3 + OK)
    with pytest.raises(EgressFailed):
        feed(an_exchange(), head * 4 + OK)


@pytest.mark.parametrize("more", [0, 1])
def test_trailers_share_the_budget_of_the_heads(more: int) -> None:
    """They are header lines like any others, and cost as much."""
    head_lines = CHUNKED.count(b"\n")
    data = CHUNKED + b"0\r\n" + b"a: b\r\n" * (MAX_HEAD_LINES - head_lines + more) + b"\r\n"
    exchange = an_exchange()

    if more:
        with pytest.raises(EgressFailed, match="headers exceed"):
            feed(exchange, data)
        return
    feed(exchange, data)
    assert exchange.finished


@pytest.mark.parametrize("at_once", [1000, READ_BYTES])
def test_chunks_with_long_extensions_are_cut_off(at_once: int) -> None:
    """Twenty megabytes around a kilobyte of body took the thread thirty milliseconds."""
    exchange = an_exchange()
    chunk = b"1;" + b"x" * 8000 + b"\r\nx\r\n"

    with pytest.raises(EgressFailed) as failure:
        feed(exchange, CHUNKED + chunk * 1000 + b"0\r\n\r\n", at_once=at_once)

    assert failure.value.code == "answer_too_large"
    heard = exchange.heard(Timing())
    assert heard is not None
    assert len(heard.body) * len(chunk) <= 2 * MAX_ANSWER_BYTES + MAX_HEAD_BYTES + at_once


@pytest.mark.parametrize("chunk_bytes", [PIECE_BYTES, 100, 1000, 10_000])
@pytest.mark.parametrize("at_once", [1000, READ_BYTES])
def test_chunks_of_an_ordinary_length_are_read_whole(chunk_bytes: int, at_once: int) -> None:
    """A template engine flushes after each few words; that is no attack."""
    exchange = an_exchange()
    whole, rest = divmod(MAX_ANSWER_BYTES, chunk_bytes)
    chunks = [b"\n" * chunk_bytes] * whole + [b"\n" * rest] * (rest > 0)
    data = b"".join(b"%X;a=b\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)

    feed(exchange, CHUNKED + data + b"0\r\n\r\n", at_once=at_once)

    answer = exchange.answer(Timing())
    assert (len(answer.body), answer.truncated) == (MAX_ANSWER_BYTES, False)


def test_lines_after_the_answer_are_none_of_its_headers() -> None:
    """They end the connection; the answer stands."""
    exchange = an_exchange()

    feed(exchange, CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + b"\r\n" * 2000)

    assert exchange.answer(Timing()).body == b"ok"
    assert exchange.recycle() is False


@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 100, READ_BYTES])
def test_heads_are_told_apart_wherever_the_bytes_are_cut(at_once: int) -> None:
    """TCP keeps no borders; a blank line may come in two pieces."""
    exchange = an_exchange()

    feed(exchange, b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\nlink: x\n\n" + OK, at_once=at_once)

    answer = exchange.answer(Timing())
    assert (answer.status, answer.body) == (200, b"ok")


def test_a_body_in_single_bytes_is_cut_off() -> None:
    """Each piece costs as much as a header line, whatever its length."""
    exchange = an_exchange()

    feed(exchange, CHUNKED + b"1\r\nx\r\n" * MAX_ANSWER_BYTES + b"0\r\n\r\n")

    answer = exchange.answer(Timing())
    assert answer.truncated
    assert len(answer.body) == MAX_SMALL_PIECES + MAX_ANSWER_BYTES // PIECE_BYTES + 1


def test_what_comes_after_the_answer_closes_the_connection() -> None:
    """Else a receiver could write the answer to the next request ahead."""
    exchange = an_exchange()

    feed(exchange, OK + OK)

    assert exchange.recycle() is False
