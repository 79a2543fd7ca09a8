"""`{{secret:NAME}}`: where the parent fills in a secret's value, which user code need not hold."""

from __future__ import annotations

import re
import secrets

PLACEHOLDER = re.compile(r"\{\{\s*secret:([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")


class Veil:
    """Stands in for placeholders while a URL is quoted, which would quote their braces."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def hide(self, text: str) -> str:
        """The text with a word of letters for each placeholder."""
        return PLACEHOLDER.sub(self._mark, text) if "{{" in text else text

    def _mark(self, found: re.Match[str]) -> str:
        # Drawn, so that no text of anybody's can hold one by itself.
        mark = f"x{secrets.token_hex(12)}x"
        self._marks[mark] = "{{secret:" + found.group(1) + "}}"
        return mark

    def lift(self, text: str) -> str:
        """The text with its placeholders again."""
        for mark, placeholder in self._marks.items():
            text = text.replace(mark, placeholder)
        return text
