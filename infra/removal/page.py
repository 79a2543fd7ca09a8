"""Writes docs/explanation/least-privilege.md of what was proven."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from infra.local.place import ROOT
from infra.removal import proofs, unseen
from infra.removal.catalogue import SCENES
from infra.removal.proofs import Proof

PAGE: Final = ROOT / "docs" / "explanation" / "least-privilege.md"
BEGINNING: Final = (
    "# Least privilege\n"
    "\n"
    "Each function has a role of its own, and a role has only what its function uses. "
    "`make removal` shows it: on a local cloud with the real template, it takes one "
    "statement of one role away, plays a small end-to-end test that needs it, sees the "
    "test fail because the role was refused the action, and puts the statement back. Each"
    " test passes before and after with all statements. A statement that no test misses "
    "ends the run with an error: then it belongs out of the template. A call that is refused "
    "fails a test also where nothing of it is awaited, because it would be tried for ever. "
    "A new statement "
    "fails `make test` until `make removal` has been run for it (`make removal "
    "FLAGS=--missing` takes only such statements away).\n"
    "\n"
    "So nothing can be taken away. That nothing is there for a neighbour is shown from "
    "the other side: `tests/e2e/test_denials.py` takes the credentials that each function"
    " has on the local cloud, makes every call that another role's statements allow and "
    "its own do not, and must be refused each one. The sandbox has a role with no "
    "statement; it is refused all of them.\n"
    "\n"
    "## What fails without each statement\n"
    "\n"
    "The first column is the statement's `Sid`, which says what it is for; SAM makes "
    "statements without one, and then it is the policy's name. The last two columns are "
    "the test that fails, listed [below](#the-tests), and the action that the role was "
    "refused in it. This table is written by `make removal`.\n"
)
UNSEEN: Final = (
    "\n"
    "## What emulation cannot see\n"
    "\n"
    "No scene on a local cloud shows that these are needed. There are two classes of them "
    "that no emulation can see, and one that a scene is too short for.\n"
)
TESTS: Final = (
    "\n"
    "## The tests\n"
    "\n"
    "Each is played by a new tenant, so that no function has anything of it in a cache. "
    "They stand in [`infra/removal/scenes`](../../infra/removal/scenes), and call the "
    "product as a tenant does: by the HTTP API, the bus and a receiver.\n"
    "\n"
    "| test | it shows that |\n"
    "|---|---|\n"
)


def render(proven: Sequence[Proof]) -> str:
    """The whole page."""
    return "".join(_parts(proven))


def write(page: Path = PAGE) -> None:
    """Write the page of the proofs that are kept."""
    page.write_text(render(proofs.load()))


def _parts(proven: Sequence[Proof]) -> Iterator[str]:
    yield BEGINNING
    for role in sorted({proof.role for proof in proven}):
        yield f"\n### {role}\n\n| statement | allows | on | fails | refused |\n"
        yield "|---|---|---|---|---|\n"
        yield from (_row(proof) for proof in proven if proof.role == role)
    yield UNSEEN
    for each in unseen.CLASSES:
        yield f"\n**{each.name[0].upper()}{each.name[1:]}**: {each.why}.\n"
        yield "\n| statements | shown instead by |\n|---|---|\n"
        yield from (f"| `{pattern}` | {how} |\n" for pattern, how in each.statements)
    yield TESTS
    yield from (f"| {scene.name} | {scene.says} |\n" for scene in SCENES)


def _row(proof: Proof) -> str:
    cells = (proof.actions, proof.resources)
    allows, on = (", ".join(f"`{each}`" for each in cell) for cell in cells)
    refused = ", ".join(f"`{each}`" for each in proof.refused)
    return f"| `{proof.sid}` | {allows} | {on} | {proof.scene} | {refused} |\n"
