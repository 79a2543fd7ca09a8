"""Reads which parts of the template were used, from the file that the emulator writes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Line = tuple[str, ...]
_WIDTHS: Final = {"allowed": 5, "denied": 4, "sent": 2, "called": 3, "reached": 3, "verified": 3}


@dataclass(frozen=True, slots=True)
class Usage:
    """The file, which grows while a local cloud is up. Each method reads it again."""

    file: Path
    start: int = 0  # bytes at the file's beginning that do not count

    def from_here(self) -> "Usage":
        """What is written from now on.

        A line that was written before comes once more only if the emulator was asked to forget it,
        by `infra.local.emulator.forget_usage`.
        """
        return Usage(self.file, self.file.stat().st_size if self.file.exists() else 0)

    def denials(self) -> list[str]:
        """A sentence for each refused call. There is none if the template is right."""
        return [
            f"{caller} was denied {action} on {resource}"
            for caller, action, resource in sorted(self.noted("denied"))
        ]

    def noted(self, kind: str) -> frozenset[Line]:
        """The lines of one kind, without the kind at their start."""
        return frozenset(line[1:] for line in self._lines() if line[0] == kind)

    def _lines(self) -> Iterator[Line]:
        if not self.file.exists():
            return
        text_of_all = self.file.read_bytes()[self.start :].decode()
        for text in text_of_all.split("\n")[:-1]:
            line = tuple(json.loads(text))
            if len(line) != _WIDTHS[line[0]]:
                raise ValueError(f"{self.file} holds {text}")
            yield line
