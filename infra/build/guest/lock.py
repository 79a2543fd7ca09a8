"""Compares a build with requirements/guest.lock: the versions of the tools, and hashes of all code.

Two builds of one guest differ in the heap that they store, so their files never have the same hash.
But their code is the same: it depends on the versions of the tools and on `guest.wit`, and not on
the Python sources. So the lock shows if a compiler, a wheel or a cache gives other code than the
code that was reviewed, wherever the guest is built. It cannot show that a compiler hides something
in the few functions that put the heap into memory.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from infra.build.commands import ROOT

PATH: Final = ROOT / "requirements" / "guest.lock"
# The tools for macOS contain WebAssembly libraries that were compiled on macOS, with other bytes.
COMPARED_ON: Final = "linux"


class Differs(Exception):
    """The code that was built is not the code in the lock; the message names each difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What the lock says about a guest's code."""

    versions: Mapping[str, str]  # of `componentize-py`, `python` (the guest's) and `wasmtime`
    sections: str  # SHA-256 of the component's code sections, in hexadecimal
    machine_code: Mapping[str, str]  # SHA-256 of the compiled functions, by processor

    @classmethod
    def read(cls, path: Path = PATH) -> Self:
        """Read a lock.

        Raises:
            KeyError: the file lacks a key.
            ValueError: the file is not JSON.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            versions=content["versions"],
            sections=content["code_sections"],
            machine_code=content["machine_code"],
        )

    def write(self, path: Path = PATH) -> None:
        """Write the lock over the file."""
        content = {
            "versions": dict(self.versions),
            "code_sections": self.sections,
            "machine_code": dict(self.machine_code),
        }
        path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def check(self, build: "Code") -> None:
        """Compare a build with this lock; processors that were not built for are not compared.

        Raises:
            Differs: the build has other code, or was made with other versions.
        """
        differences = list(self._differences(build))
        if differences:
            raise Differs(
                "the guest that was built is not the one in requirements/guest.lock:\n"
                + "\n".join(f"  {each}" for each in differences)
                + "\nIf you have changed guest.wit or a version, renew the lock by `make lock` and"
                " review why the code has changed. If you have not, do not run what was built."
            )

    def _differences(self, build: "Code") -> Iterator[str]:
        for name in sorted({*self.versions, *build.versions}):
            if self.versions.get(name) != build.versions.get(name):
                yield f"{name}: {self.versions.get(name)} locked, {build.versions.get(name)} built"
        if self.sections != build.sections:
            yield f"code sections: {self.sections} locked, {build.sections} built"
        for cpu, digest in build.machine_code.items():
            if self.machine_code.get(cpu) != digest:
                locked_digest = self.machine_code.get(cpu, "nothing")
                yield f"machine code of {cpu}: {locked_digest} locked, {digest} built"


def is_compared() -> bool:
    """Whether a guest that is built on this machine must have the code in the lock."""
    return sys.platform == COMPARED_ON
