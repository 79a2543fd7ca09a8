"""Emulators by other hands than moto's and ministack's: Amazon's DynamoDB Local, and ElasticMQ.

Both run as processes on loopback, from jars that `make test-emulators` fetches. What else a store
needs (objects, keys, the bus) is in this process, by moto.
"""

import http.client
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from moto import mock_aws

from infra.build import jars
from infra.local.place import ROOT
from infra.local.processes import Running, free_port, start, stop, wait_until
from runtime.stores.aws.clients import Clients, Wire
from tests.cloud import Cloud

START_S: Final = 120.0  # a Java that compiles its launcher first, on a busy machine
LAUNCHER: Final = Path(__file__).with_name("DynamoDBLocalOnLoopback.java")


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Where the other emulators listen."""

    dynamodb: str  # a URL
    sqs: str  # a URL


class OtherCloud(Cloud):
    """An account whose tables are DynamoDB Local's and whose queues are ElasticMQ's."""

    def _make_bus(self) -> str:
        pytest.skip("moto's bus cannot send to a queue of ElasticMQ; the other accounts test it")


@contextmanager
def others() -> Iterator[Others]:
    """Both emulators, with nothing in them."""
    for name in jars.ALL:
        if not name.ready:
            why = jars.missing_program() or "its jars are not here: `python -m infra.build.jars`"
            pytest.skip(f"NO {name.name.upper()}: {why}")
    with ExitStack() as until:
        yield Others(
            dynamodb=until.enter_context(_running(jars.DYNAMODB_LOCAL, _dynamodb_local)),
            sqs=until.enter_context(_running(jars.ELASTICMQ, _elasticmq)),
        )


@contextmanager
def on_others(where: Others, wire: Wire) -> Iterator[Cloud]:
    """Resources of one test on the other emulators, deleted behind it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", where.dynamodb)
        patch.setenv("AWS_ENDPOINT_URL_SQS", where.sqs)
        account = OtherCloud(clients=Clients(wire=wire))
        try:
            yield account
        finally:
            account.delete()


def _dynamodb_local(port: int) -> list[str]:
    return ["-cp", f"{jars.DYNAMODB_LOCAL.folder}/*", str(LAUNCHER), str(port)]


def _elasticmq(port: int) -> list[str]:
    settings = {
        "node-address.host": "127.0.0.1",
        "node-address.port": port,
        "rest-sqs.bind-hostname": "127.0.0.1",
        "rest-sqs.bind-port": port,
        "rest-stats.enabled": "false",  # another port
    }
    options = [f"-D{name}={value}" for name, value in settings.items()]
    return [*options, "-cp", f"{jars.ELASTICMQ.folder}/*", "org.elasticmq.server.Main"]


@contextmanager
def _running(which: jars.Jars, arguments: Callable[[int], list[str]]) -> Iterator[str]:
    folder = ROOT / ".local" / "emulators"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    java = shutil.which("java") or "java"
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    running: Running = start(
        which.name,
        [java, *arguments(port)],
        env=environment,
        cwd=folder,
        log=folder / f"{which.name}.log",
    )
    try:
        wait_until(partial(_answers, port), of=running, timeout_s=START_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(running)


def _answers(port: int) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):  # not listening yet
        return None
    else:
        return "up"
    finally:
        connection.close()
