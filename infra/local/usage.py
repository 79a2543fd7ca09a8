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
        for text in self.file.read_text(encoding="utf-8").split("\n")[:-1]:
            line = tuple(json.loads(text))
            if len(line) != _WIDTHS[line[0]]:
                raise ValueError(f"{self.file} holds {text}")
            yield line
