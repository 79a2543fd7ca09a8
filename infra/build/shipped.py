"""What other people's packages ship in which bundle, with their hashes and licences."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra.build import locks
from infra.build.commands import ROOT

REQUIREMENTS: Final = ROOT / "requirements"
LICENCES: Final = REQUIREMENTS / "licences.toml"
# The locks of each bundle, by the name that infra/build/bundle.py gives it.
BUNDLES: Final[Mapping[str, tuple[str, ...]]] = {
    "dependencies": ("layer",),
    "warehouse": ("warehouse",),
    "sandbox": ("sandbox", "engine", "guest"),
}
CPYTHON: Final = "cpython"
_INTRODUCTION: Final = """Penstock itself is under the licence in [LICENSE](../../LICENSE). Its
bundles carry these packages of others, each pinned with its hashes in `requirements/`. `make sbom`
writes the same as CycloneDX documents, one a bundle, into `build/sbom`. boto3 is not among them:
Lambda's runtime has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package at the version that is pinned."""

    name: str  # normalised as in PEP 503
    version: str
    sha256: tuple[str, ...]  # of each file that the lock allows; empty for CPython, which has none
    licence: str  # SPDX expression


def packages(bundle: str) -> Iterator[Package]:
    """The packages of a bundle, by name.

    Raises:
        KeyError: the list of licences lacks one.
    """
    listed = licences()
    pins = {
        pin.name: Package(
            name=pin.name, version=pin.version, sha256=pin.sha256, licence=listed[pin.name]
        )
        for lock in BUNDLES[bundle]
        for pin in locks.pins(REQUIREMENTS / f"{lock}.txt")
    }
    if "guest" in BUNDLES[bundle]:
        version = json.loads((REQUIREMENTS / "guest.lock").read_text())["versions"]["python"]
        pins[CPYTHON] = Package(name=CPYTHON, version=version, sha256=(), licence=listed[CPYTHON])
    for name in sorted(pins):
        yield pins[name]


def licences() -> Mapping[str, str]:
    """The licence of each package, by name."""
    return tomllib.loads(LICENCES.read_text(encoding="utf-8"))


def page(*, mark: str) -> str:
    """The page of docs/reference that lists them."""
    lines = [
        "# What ships, and its licences",
        mark,
        _INTRODUCTION,
    ]
    for bundle in BUNDLES:
        rows = [f"| {each.name} | {each.version} | {each.licence} |" for each in packages(bundle)]
        table = ["| package | version | licence |", "|---|---|---|", *rows]
        lines += [f"## Bundle `{bundle}`", "\n".join(table)]
    return "\n\n".join(lines) + "\n"
