"""The kinds of machine that the guest is compiled for."""

import platform
import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One processor under one operating system.

    Attributes:
        cpu: as the artefacts are named: `x86_64` or `aarch64`.
        system: as Python names it: `linux` or `darwin`.
        pip_platforms: tags of the wheels that run there; none means those of the Python that asks.
    """

    cpu: str
    system: str
    pip_platforms: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """What machine code is compiled for: no features but those that every such CPU has."""
        return f"{self.cpu}-{'apple-darwin' if self.system == 'darwin' else 'unknown-linux-gnu'}"

    @property
    def guest(self) -> str:
        """Name of the file with the machine code."""
        return f"guest-{self.cpu}.cwasm"

    @property
    def library(self) -> str:
        """Name of the library that runs it."""
        return f"libwasmtime-{self.cpu}.{'dylib' if self.system == 'darwin' else 'so'}"


LAMBDA: Final = {
    "x86_64": Machine(cpu="x86_64", system="linux", pip_platforms=("manylinux2014_x86_64",)),
    "arm64": Machine(cpu="aarch64", system="linux", pip_platforms=("manylinux2014_aarch64",)),
}
"""Lambda's architectures, as the template names them."""


class NoGuestHere(Exception):
    """The tools that make a guest do not run on this machine; says why."""


def this_machine() -> Machine:
    """The machine that this process runs on; NoGuestHere when the tools have no wheels for it."""
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
