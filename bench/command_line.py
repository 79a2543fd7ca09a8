"""Measures how long each command of `penstock` takes until its first output."""

import os
import selectors
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from tempfile import TemporaryDirectory
from typing import IO, Final, cast

from bench.report import Row, spread
from cli import _commands, main
from infra.build.commands import ROOT

SAMPLES: Final = 10  # of a call that people make all the time
HELP_SAMPLES: Final = 3  # of the help of each command
TARGET_MS: Final = 400
CALLS: Final = (
    ("--help",),
    ("webhooks", "list"),
    ("events", "list"),
    ("deliveries", "list"),
    ("functions", "list"),
    ("runs", "list"),
    ("syncs", "list"),
    ("keys", "list"),
    ("webhooks", "list", "--json"),
    ("config", "list"),
    ("local", "status"),
)
DEADLINE_S: Final = 60.0


def measure() -> Iterator[Row]:
    """Calls that people make all the time, and the help of each command, group by group."""
    with TemporaryDirectory() as folder, _api() as url:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": folder,
            "PENSTOCK_API_URL": url,
            "PENSTOCK_API_KEY": "psk_bench",
        }
        for words in CALLS:
            samples = [first_output_s(words, environment, folder) for _ in range(SAMPLES)]
            yield _row(f"`penstock {' '.join(words)}`", samples, f"{SAMPLES} calls")
        for group, commands in _groups().items():
            median_ms = {
                " ".join(path): _median_ms((*path, "--help"), environment, folder)
                for path in commands
            }
            yield _help_row(group, median_ms)


def first_output_s(words: Sequence[str], environment: Mapping[str, str], folder: str) -> float:
    """Seconds from the start of a command to the first byte that it writes.

    Raises:
        TimeoutError: it wrote nothing for a minute.
    """
    began_s = time.perf_counter()
    with (
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli.main", *words],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
        selectors.DefaultSelector() as ready,
    ):
        output = cast("IO[bytes]", process.stdout)
        ready.register(output, selectors.EVENT_READ)
        if not ready.select(DEADLINE_S):
            process.kill()
            raise TimeoutError(f"penstock {' '.join(words)} wrote nothing for {DEADLINE_S:g} s")
        seconds = time.perf_counter() - began_s
        output.read()
    return seconds


class _Empty(BaseHTTPRequestHandler):
    """An API that has nothing, and says so at once: its time is no time of the command's."""

    def do_GET(self) -> None:
        """Answer with an empty listing."""
        body = b'{"data": [], "next_cursor": null}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        """Write no line for each call between the rows."""


@contextmanager
def _api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Empty) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _groups() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """The paths of all commands, by the first word; those without a group stand together."""
    groups: dict[str, list[tuple[str, ...]]] = {}
    for path, command in _commands.walk(main.root()):
        if not hasattr(command, "commands"):
            groups.setdefault(path[0] if len(path) > 1 else "", []).append(path)
    return groups


def _median_ms(words: Sequence[str], environment: Mapping[str, str], folder: str) -> float:
    samples = [first_output_s(words, environment, folder) for _ in range(HELP_SAMPLES)]
    return 1000 * statistics.median(samples)


def _help_row(group: str, median_ms: Mapping[str, float]) -> Row:
    slowest = max(median_ms, key=lambda name: median_ms[name])
    each = ", ".join(
        f"{name.removeprefix(f'{group} ')} {value:.0f}" for name, value in median_ms.items()
    )
    return Row(
        what=f"first output of `--help`: {f'`penstock {group} …`' if group else 'single commands'}",
        value=f"at most {median_ms[slowest]:.0f} ms",
        how=f"target {TARGET_MS} ms; median of {HELP_SAMPLES} calls each, in ms: {each}",
    )


def _row(what: str, samples_s: Sequence[float], how: str) -> Row:
    return Row(
        what=f"first output of {what}, p50 / p99",
        value=spread([1000 * each for each in samples_s], unit="ms", digits=0),
        how=f"{how}, each in a process of its own; target {TARGET_MS} ms",
    )
