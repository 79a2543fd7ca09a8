"""`{{secret:NAME}}`: the parent replaces it by a secret, so that user code need not hold that."""

from __future__ import annotations

import re
import secrets
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{\{\s*secret:([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")


class Veil:
    """Replaces placeholders by words while a URL is quoted, which would change their braces."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def hide(self, text: str) -> str:
        """The text with a word in place of each placeholder."""
        return PLACEHOLDER.sub(self._mark, text) if "{{" in text else text

    def _mark(self, match: re.Match[str]) -> str:
        # The word is random, so that no text can contain it by chance or on purpose.
        mark = f"x{secrets.token_hex(12)}x"
        self._marks[mark] = "{{secret:" + match.group(1) + "}}"
        return mark

    def lift(self, text: str) -> str:
        """The text with the placeholders in place of their words."""
        for mark, placeholder in self._marks.items():
            text = text.replace(mark, placeholder)
        return text
