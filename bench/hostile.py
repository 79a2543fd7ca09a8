"""Measures how long a good receiver waits for its answer to be read beside nine hostile ones.

Runs alone, in seconds: `python -m bench.hostile`.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Final

from bench.report import Row, spread, table
from runtime.egress.client import Egress, Request
from runtime.egress.failures import EgressFailed
from runtime.egress.policy import EgressPolicy
from tests.scripted_receiver import Peer, ScriptedReceiver, raw
from tests.scripted_receiver import answer as good

HOSTILE: Final = 9  # with the good one a batch of `deliver`, which is one event loop
BATCHES: Final = 200
WORK_S: Final = 0.01  # of the good receiver; the hostile ones have answered by then
DEADLINE_S: Final = 10.0
END_S: Final = 10.0  # for a process of receivers to end
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
LINES: Final = b"a:\r\n"
ATTACKS: Final = {
    "16 heads of 16,000 lines": (b"HTTP/1.1 103 Early\r\n" + LINES * 16_000 + b"\r\n") * 16 + OK,
    "4,000 trailers": CHUNKED + b"0\r\n" + LINES * 4_000 + b"\r\n",
    "16,000 chunks of one byte": CHUNKED + b"1\r\nx\r\n" * 16_000 + b"0\r\n\r\n",
    "1,000 chunks with 8,000 bytes of extension": CHUNKED
    + (b"1;" + b"x" * 8_000 + b"\r\nx\r\n") * 1_000
    + b"0\r\n\r\n",
}


def measure() -> Iterator[Row]:
    """The good receiver alone, then in batches with nine receivers of each attack."""
    with _receiver() as good:
        yield Row(
            what="POST to a good receiver alone, p50 / p99",
            value=spread(asyncio.run(_post_with(good, [])), unit="ms"),
            how=f"{BATCHES} POSTs in turn on loopback; it answers after {WORK_S * 1000:.0f} ms",
        )
        for name, answer in ATTACKS.items():
            with _receiver(answer) as hostile:
                times_ms = asyncio.run(_post_with(good, [hostile] * HOSTILE))
            yield Row(
                what=f"the same beside {HOSTILE} that answer with {name}, p50 / p99",
                value=spread(times_ms, unit="ms"),
                how=f"{BATCHES} batches of ten POSTs at once, on one event loop",
            )


async def _post_with(good: str, hostile: Sequence[str]) -> list[float]:
    """Milliseconds of the POST to `good` in each batch, which has one to each URL of `hostile`."""
    egress = Egress(EgressPolicy(allow_local=True))
    try:
        await _post(egress, good)  # opens the connection that is used from then on
        return [await _batch(egress, good, hostile) for _ in range(BATCHES)]
    finally:
        egress.close()
        await asyncio.sleep(0)  # the loop closes the connections in its next turn


async def _batch(egress: Egress, good: str, hostile: Sequence[str]) -> float:
    attacks = [asyncio.create_task(_suffer(egress, url)) for url in hostile]
    spent_ms = await _post(egress, good)
    await asyncio.gather(*attacks)
    return spent_ms


async def _post(egress: Egress, url: str) -> float:
    began_s = time.perf_counter()
    await egress.send(Request(method="POST", url=url, body=b"{}"), deadline_s=DEADLINE_S)
    return (time.perf_counter() - began_s) * 1000


async def _suffer(egress: Egress, url: str) -> None:
    with suppress(EgressFailed):
        await _post(egress, url)


@contextmanager
def _receiver(answer: bytes | None = None) -> Iterator[str]:
    """The URL of a receiver in a process of its own, so that its work is not measured.

    Args:
        answer: the bytes that it sends before it hangs up; None for a good one.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(answer, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(END_S)


def _work(peer: Peer) -> bool | None:
    return peer.pause(WORK_S) and good()(peer)


def _serve(answer: bytes | None, pipe: Connection) -> None:
    with ScriptedReceiver() as receiver:
        pipe.send(receiver.script("/", _work if answer is None else raw(answer)))
        pipe.recv()


if __name__ == "__main__":
    print(table(measure()))
