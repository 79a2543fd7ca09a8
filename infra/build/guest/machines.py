"""The kinds of machine that the guest is compiled for."""

import platform
import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A kind of machine: a processor and an operating system."""

    cpu: str  # `x86_64` or `aarch64`, as in the artefacts' names
    system: str  # `linux` or `darwin`, as Python names it
    pip_platforms: tuple[str, ...] = ()  # tags of its wheels; empty means those of this Python

    @property
    def target(self) -> str:
        """The compiler's name for it. The code uses only features that every such processor has."""
        return f"{self.cpu}-{'apple-darwin' if self.system == 'darwin' else 'unknown-linux-gnu'}"

    @property
    def guest(self) -> str:
        """The name of the file with the guest's machine code."""
        return f"guest-{self.cpu}.cwasm"

    @property
    def library(self) -> str:
        """The name of the file of libwasmtime, which runs the machine code."""
        return f"libwasmtime-{self.cpu}.{'dylib' if self.system == 'darwin' else 'so'}"


LAMBDA: Final = {
    "x86_64": Machine(cpu="x86_64", system="linux", pip_platforms=("manylinux2014_x86_64",)),
    "arm64": Machine(cpu="aarch64", system="linux", pip_platforms=("manylinux2014_aarch64",)),
}
"""Lambda's architectures, as the template names them."""


class NoGuestHere(Exception):
    """The tools that make a guest do not run on this machine; the message says why."""


def this_machine() -> Machine:
    """The machine that this process runs on.

    Raises:
        NoGuestHere: the tools have no wheels for it.
    """
    name = platform.machine().lower()
    cpu = {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)
    if cpu not in ("x86_64", "aarch64"):
        raise NoGuestHere(f"the engine wasm has no compiler for the processor {name}")
    if sys.platform == "darwin":
        return Machine(cpu=cpu, system="darwin")
    if sys.platform != "linux":
        raise NoGuestHere(f"the engine wasm needs Linux or macOS, this is {sys.platform}")
    if platform.libc_ver()[0] != "glibc":
        raise NoGuestHere("the engine wasm needs glibc, and this Linux has another C library")
    [machine] = [each for each in LAMBDA.values() if each.cpu == cpu]
    return machine
