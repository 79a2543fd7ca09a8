"""Compiles the component to machine code ahead of time, and fetches the library that runs it.

The library comes from the wheel of `wasmtime` on PyPI, and can compile for its own processor only.
Two others can compile for another processor: the library for that processor, in a Python that an
emulator runs here, and the command line of exactly the same version of Wasmtime. All three produce
the same bytes.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from infra.build.commands import ROOT, run, say
from infra.build.guest.component import TOOLS, locked_versions
from infra.build.guest.machines import LAMBDA, Machine, this_machine
from infra.build.venvs import ensure

LOCK: Final = ROOT / "requirements" / "engine.txt"
# This runs in a process of its own, because the library ends the process if it refuses a setting.
_COMPILE: Final = """
import sys
from pathlib import Path
root, wasm, cwasm, library, target = sys.argv[1:]
sys.path.insert(0, root)
from sandbox.engines.wasm.binding import compile_component
compile_component(Path(wasm), Path(cwasm), library=Path(library), target=target)
"""
# Settings that the binding does not set, and whose defaults differ on the command line.
_COMMAND_LINE_SETTINGS: Final = ("-C", "collector=drc")


class NoCompiler(Exception):
    """Nothing on this machine can compile for that machine; the message says what to do."""


def wasmtime_version() -> str:
    """The version of Wasmtime that runs the guest."""
    return locked_versions(LOCK)["wasmtime"]


def fetch_library(machine: Machine, *, into: Path) -> None:
    """Write libwasmtime for that machine, from the locked wheel, to the file `into`."""
    ensure(TOOLS)
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        pip = [str(TOOLS.python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        strict = ["--require-hashes", "--no-deps", "--only-binary=:all:"]
        platforms = [part for tag in machine.pip_platforms for part in ("--platform", tag)]
        run([*pip, *strict, *platforms, "--dest", folder, "--requirement", str(LOCK)])
        [wheel] = Path(folder).glob("wasmtime-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            [name] = [each for each in archive.namelist() if "/_libwasmtime." in each]
            with archive.open(name) as source, into.open("wb") as copy:
                shutil.copyfileobj(source, copy)


class Compiler(Protocol):
    """Compiles components for one machine."""

    def __call__(self, wasm: Path, cwasm: Path, *, library: Path) -> None:
        """Compile `wasm` to the file `cwasm`, for the machine's `library` to load."""


def compiler_for(machine: Machine) -> Compiler:
    """The compiler for that machine.

    Raises:
        NoCompiler: it is another kind of machine, and no emulated Python or command line is named.
    """
    this = this_machine()
    if machine == this:
        return partial(_by_library, python=(sys.executable,), machine=machine)
    if machine.cpu == this.cpu:
        return partial(_by_library_of_ours, machine=machine)
    if emulated_python := shlex.split(os.environ.get(_python_variable(machine), "")):
        return partial(_by_library, python=emulated_python, machine=machine)
    if tool := _command_line():
        return partial(_by_command_line, tool=tool, machine=machine)
    raise NoCompiler(_what_to_do(machine))


def _by_library(
    wasm: Path, cwasm: Path, *, library: Path, python: Sequence[str], machine: Machine
) -> None:
    files = [str(path.resolve()) for path in (ROOT, wasm, cwasm, library)]
    run([*python, "-I", "-c", _COMPILE, *files, machine.target], heartbeat=_still_compiling)


def _by_library_of_ours(wasm: Path, cwasm: Path, *, library: Path, machine: Machine) -> None:
    # This is for a Mac that has the processor of the Lambda: it cannot load Lambda's library, but
    # its own compiles the same code.
    ours = library.with_name(f"{this_machine().library}.here")
    fetch_library(this_machine(), into=ours)
    _by_library(wasm, cwasm, library=ours, python=(sys.executable,), machine=machine)
    ours.unlink()


def _by_command_line(
    wasm: Path,
    cwasm: Path,
    *,
    library: Path,  # noqa: ARG001 - the tool brings its own
    tool: str,
    machine: Machine,
) -> None:
    target = ["--target", machine.target, "--output", str(cwasm), str(wasm)]
    run([tool, "compile", *_COMMAND_LINE_SETTINGS, *target], heartbeat=_still_compiling)


def _still_compiling(_: Sequence[str]) -> None:
    say("guest: still compiling")


def _command_line() -> str | None:
    """The path of Wasmtime's command line; None if there is none in exactly our version.

    It is the one that PENSTOCK_WASMTIME names, else the one on the path.
    """
    path = os.environ.get("PENSTOCK_WASMTIME") or shutil.which("wasmtime")
    if path is None:
        return None
    if (version := _version_of(path)) == wasmtime_version():
        return path
    say(f"guest: {path} is wasmtime {version}; only {wasmtime_version()} will do")
    return None


def _version_of(tool: str) -> str:
    # It prints `wasmtime 50.0.1`; one that was built from a checkout adds the commit and its day.
    process = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    return process.stdout.removeprefix("wasmtime ").partition(" ")[0].strip()


def _python_variable(machine: Machine) -> str:
    return f"PENSTOCK_PYTHON_{architecture_of(machine).upper()}"


def architecture_of(machine: Machine) -> str:
    """That machine's processor, as the template names it: `x86_64` or `arm64`."""
    [name] = [name for name, each in LAMBDA.items() if each.cpu == machine.cpu]
    return name


def _what_to_do(machine: Machine) -> str:
    version = wasmtime_version()
    host, target = architecture_of(this_machine()), architecture_of(machine)
    return (
        f"the sandbox's engine wasm cannot be compiled for {target} by what is on this {host}"
        f" machine.\nOne of these helps:\n"
        f"  - build and deploy with --parameter-overrides SandboxArchitecture={host};\n"
        f"  - build on a machine with an {target} processor;\n"
        f"  - name a Python for {target} that an emulator runs here, with this folder mounted under"
        f" the same path:\n    {_python_variable(machine)}="
        f"'docker run --rm --platform linux/{'amd64' if target == 'x86_64' else target}"
        f" -v {ROOT}:{ROOT} python:3.13-slim python';\n"
        f"  - put the command line of Wasmtime, exactly {version}, on the path, or name it in"
        f" PENSTOCK_WASMTIME\n    (docs/reference/parameters.md says where it comes from);\n"
        f"  - leave the engine out, so that functions run on engine restricted only:"
        f" PENSTOCK_BUILD_WITHOUT_WASM=1."
    )
