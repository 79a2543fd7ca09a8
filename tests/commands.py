"""Runs `penstock` in a process of its own, a fork of one that has imported it already.

A new interpreter takes a third of a second to import a command and its client; a fork takes a few
milliseconds. The process that forks is this module, run as a script: it reads a request a line and
writes the exit code of each.
"""

import io
import json
import os
import select
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
DEADLINE_S: Final = 60
_STREAMS: Final = ("stdin", "stdout", "stderr")


@dataclass
class Forks:
    """A process that forks for each command."""

    _server: "subprocess.Popen[str] | None" = field(default=None)

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdin: bytes = b"",
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run the command in a folder, with this environment and nothing else of ours.

        Raises:
            TimeoutExpired: it did not end within a minute.
        """
        with TemporaryDirectory() as scratch:
            paths = {name: str(Path(scratch) / name) for name in _STREAMS}
            Path(paths["stdin"]).write_bytes(stdin)
            code = self._ask(
                {
                    "arguments": list(arguments),
                    "folder": str(folder),
                    "environment": dict(environment),
                    "paths": paths,
                }
            )
            out, err = (Path(paths[name]).read_bytes() for name in _STREAMS[1:])
        return subprocess.CompletedProcess(list(arguments), code, out, err)

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            with ExitStack() as pipes:
                for pipe in (self._server.stdin, self._server.stdout):
                    assert pipe is not None
                    pipes.enter_context(pipe)
            self._server.wait(DEADLINE_S)
            self._server = None

    def _ask(self, request: Mapping[str, Any]) -> int:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.commands"],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        pipes = self._server
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps(request) + "\n")
        pipes.stdin.flush()
        if not select.select([pipes.stdout], [], [], DEADLINE_S)[0]:
            pipes.kill()
            self.close()
            raise subprocess.TimeoutExpired(request["arguments"], DEADLINE_S)
        return int(pipes.stdout.readline())


def run_anew(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """Do as `Forks.run` does, in an interpreter of its own."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=folder,
        env=dict(environment),
        input=stdin,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )


def _serve() -> None:
    """Fork for each request; write how each child ended, as `subprocess` counts."""
    import httpx  # noqa: F401 - what every child is spared, and all commands

    from cli import _commands, main

    list(_commands.walk(main.root()))

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_command(json.loads(line)))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _command(request: Mapping[str, Any]) -> int:
    """Be the command; returns its exit code."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, name in enumerate(_STREAMS):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(request["paths"][name], flags, 0o600), number)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", write_through=True)
    from cli.main import main

    try:
        code = main(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - an interpreter does the same
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve()
