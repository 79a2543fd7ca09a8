"""What has to come out of a build: versions, and hashes of all that is code.

Two builds of one guest differ in the heap that they store, so their files never have the same hash.
Their code has: it is a function of the versions of the tools and of `guest.wit`, not of the Python
that is baked in. So a compiler, a wheel or a cache that gives other code than the one that was
reviewed shows, wherever the guest is built. What it cannot show is a compiler that hides something
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
# The tools for macOS hold libraries in WebAssembly that were compiled there, and are not the same.
COMPARED_ON: Final = "linux"


class Differs(Exception):
    """What was built is not what the lock says; names each difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What the lock holds.

    Attributes:
        versions: of componentize-py, of the CPython inside, and of wasmtime.
        sections: SHA-256 of the code sections of the component.
        machine_code: SHA-256 of what was compiled from them, by processor.
    """

    versions: Mapping[str, str]
    sections: str
    machine_code: Mapping[str, str]

    @classmethod
    def read(cls, path: Path = PATH) -> Self:
        """What the file says; KeyError or ValueError when it is no lock."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            versions=content["versions"],
            sections=content["code_sections"],
            machine_code=content["machine_code"],
        )

    def write(self, path: Path = PATH) -> None:
        """Replace the file."""
        content = {
            "versions": dict(self.versions),
            "code_sections": self.sections,
            "machine_code": dict(self.machine_code),
        }
        path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def check(self, built: "Code") -> None:
        """Raise Differs unless what was built is this; processors not built for are not asked."""
        differences = list(self._differences(built))
        if differences:
            raise Differs(
                "the guest that was built is not the one in requirements/guest.lock:\n"
                + "\n".join(f"  {each}" for each in differences)
                + "\nWho has changed guest.wit or a version renews the lock by `make lock`, and"
                " reviews why the code has changed. Who has not should not run what was built."
            )

    def _differences(self, built: "Code") -> Iterator[str]:
        for name in sorted({*self.versions, *built.versions}):
            if self.versions.get(name) != built.versions.get(name):
                yield f"{name}: {self.versions.get(name)} locked, {built.versions.get(name)} built"
        if self.sections != built.sections:
            yield f"code sections: {self.sections} locked, {built.sections} built"
        for cpu, digest in built.machine_code.items():
            if self.machine_code.get(cpu) != digest:
                locked = self.machine_code.get(cpu, "nothing")
                yield f"machine code of {cpu}: {locked} locked, {digest} built"


def is_compared() -> bool:
    """Whether a guest that is built here has to be as the lock says."""
    return sys.platform == COMPARED_ON
