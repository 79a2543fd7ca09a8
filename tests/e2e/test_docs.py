"""The README and the how-tos, followed command by command on the local cloud."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from cli.client import Client
from infra.local import deploy, emulator
from infra.local.emulator import aws_environment
from infra.local.state import LocalCloud
from tests.e2e.newcomer import settle
from tests.page_reader import Reader
from tests.pages import EXECUTED, ROOT, steps

pytestmark = pytest.mark.e2e

SWEEP_EVERY_S: Final = 3.0  # its schedule's minute is long for who waits for a replay to begin
READERS: Final = 3  # at the same time: each of them waits much, for the platform and for Python


@pytest.fixture(scope="module")
def readings(
    local_cloud: LocalCloud, api: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[None]]]:
    """What becomes of each page, by its name."""
    with sweeping(local_cloud), ThreadPoolExecutor(READERS) as readers:
        yield {
            name: readers.submit(
                follow, name, local_cloud, api, folder=tmp_path_factory.mktemp("project")
            )
            for name in EXECUTED
        }


@contextmanager
def sweeping(local_cloud: LocalCloud) -> Iterator[None]:
    """Run `sweep` more often than its schedule does."""
    ended = threading.Event()

    def sweep_on() -> None:
        session = emulator.root()
        functions = session.client("lambda", endpoint_url=local_cloud.aws_endpoint)
        sweep = deploy.function(functions, "SweepFunction")
        while not ended.wait(SWEEP_EVERY_S):
            functions.invoke(FunctionName=sweep, InvocationType="Event", Payload=b"{}")

    with ThreadPoolExecutor(1) as aside:
        sweeps = aside.submit(sweep_on)
        try:
            yield
        finally:
            ended.set()
        sweeps.result()


def follow(name: str, local_cloud: LocalCloud, api: Client, *, folder: Path) -> None:
    """Follow a page in a new project of a new tenant, which sees nothing of the other tests.

    The cloud is the one that the other tests use, instead of the one that `penstock local up` makes
    for the reader. The reader's AWS account is this cloud, too.
    """
    settle(folder, local_cloud, api, tenant=Path(name).stem.lower())
    project = folder / "mine"
    project.mkdir()
    account = {**aws_environment(local_cloud.aws_endpoint), "XDG_CONFIG_HOME": str(folder)}
    page = steps((ROOT / name).read_text(encoding="utf-8"))
    Reader(folder=project, environment=account).follow(page)


@pytest.mark.parametrize("name", EXECUTED)
def test_a_page_shows_what_happens(name: str, readings: Mapping[str, Future[None]]) -> None:
    """Word for word; the message names the line of the page and shows what came instead."""
    readings[name].result()
