"""The `penstock` command in a process of its own, with an API to talk to."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.api_client import ApiClient
from tests.api_server import Served, served_api
from tests.commands import Forks, run_anew

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class Command:
    """Runs `penstock` in a folder of its own as one tenant."""

    folder: Path
    api: ApiClient
    environment: dict[str, str]
    forks: Forks

    def __call__(self, *arguments: str, stdin: str = "", **environment: str | None) -> Ran:
        """Run it; an environment variable set to None is taken away.

        With another PYTHONPATH the command needs an interpreter of its own.
        """
        changed = {**self.environment, **environment}
        run = run_anew if "PYTHONPATH" in environment else self.forks.run
        done = run(
            arguments,
            folder=self.folder,
            environment={name: text for name, text in changed.items() if text is not None},
            stdin=stdin.encode(errors="surrogateescape"),
        )
        return self.read(done)

    def on_a_terminal(self, *arguments: str, answer: str) -> Ran:
        """Run it with somebody at the keyboard."""
        ours, theirs = pty.openpty()
        os.write(ours, answer.encode())
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "cli.main", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=theirs,
                capture_output=True,
                timeout=60,
                check=False,
            )
        finally:
            os.close(ours)
            os.close(theirs)
        return self.read(done)

    @staticmethod
    def read(done: CompletedProcess[bytes]) -> Ran:
        """How a process ended that was started in another way."""
        return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def write(self, name: str, text: str) -> str:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One API for a module's tests; each brings a tenant of its own."""
    with served_api() as api:
        yield api


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What forks for each command."""
    each = Forks()
    yield each
    each.close()


@pytest.fixture
def penstock(served: Served, tmp_path: Path, forks: Forks) -> Command:
    """The command, as a new tenant."""
    api = served.api.newcomer()
    assert api.key is not None
    return Command(
        folder=tmp_path,
        api=api,
        forks=forks,
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "PENSTOCK_API_URL": served.url,
            "PENSTOCK_API_KEY": api.key,
        },
    )
