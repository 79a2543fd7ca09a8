"""Keeps what was seen when a statement was taken away, and what a run has got so far."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from infra.local.place import ROOT
from infra.removal.statements import Statement

FILE: Final = ROOT / "infra" / "removal" / "proofs.json"
JOURNAL: Final = ROOT / ".local" / "removal-journal.jsonl"  # of a run that has not ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A scene that fails without a statement, and passes with it."""

    role: str  # the role's name in the template
    sid: str  # the statement's
    actions: tuple[str, ...]  # that it allows
    resources: tuple[str, ...]  # on what, in the template's names
    scene: str  # the name of the scene that fails
    refused: tuple[str, ...]  # the actions that the role was refused meanwhile

    @property
    def id(self) -> str:
        """The statement's."""
        return f"{self.role}.{self.sid}"

    def holds_for(self, statement: Statement) -> bool:
        """Whether it was this statement that was taken away, with these actions and resources."""
        then = (self.id, self.actions, self.resources)
        return then == (statement.id, statement.actions, statement.resources)


def load(file: Path = FILE) -> list[Proof]:
    """The proofs of the last run that ended."""
    return [_proof(each) for each in json.loads(file.read_text())] if file.exists() else []


def save(proofs: Iterable[Proof], file: Path = FILE) -> None:
    """Keep these proofs, and no others."""
    lines = [json.dumps(asdict(each)) for each in sorted(proofs, key=lambda each: each.id)]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def begun(journal: Path = JOURNAL) -> list[Proof]:
    """What a run got that did not end."""
    if not journal.exists():
        return []
    return [_proof(json.loads(line)) for line in journal.read_text().splitlines()]


def note(proofs: Iterable[Proof], journal: Path = JOURNAL) -> None:
    """Write down what a run got, so that the next one need not get it again."""
    journal.parent.mkdir(exist_ok=True)
    with journal.open("a") as file:
        file.writelines(json.dumps(asdict(each)) + "\n" for each in proofs)


def forget(journal: Path = JOURNAL) -> None:
    """Begin anew with the next run."""
    journal.unlink(missing_ok=True)


def _proof(raw: dict[str, object]) -> Proof:
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    return Proof(**values)  # type: ignore[arg-type]
