"""Secrets on the parent's side: filled into outbound requests, masked in everything else."""

from __future__ import annotations

import base64
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLACEHOLDER = re.compile(r"\{\{\s*secret:([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")
MASK = "[secret]"
_SHORTEST = 4  # shorter values would mask ordinary text


class UnknownSecret(Exception):
    """A name that this function does not declare."""


class Masker:
    """Replaces every secret of one job, and its usual encodings, wherever it shows."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        forms: set[str] = set()
        for value in secrets.values():
            if len(value) >= _SHORTEST:
                raw = value.encode("utf-8", "replace")
                forms |= {
                    value,
                    urllib.parse.quote(value, safe=""),
                    urllib.parse.quote_plus(value),
                    base64.b64encode(raw).decode(),
                    base64.b64encode(raw).decode().rstrip("="),
                    base64.urlsafe_b64encode(raw).decode(),
                    raw.hex(),
                }
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, value: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(MASK, value) if self._pattern else value

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets."""
        if self._pattern is None:
            return value
        wide = re.compile(self._pattern.pattern.encode("utf-8"))
        return wide.sub(MASK.encode(), value)

    def plain(self, value: Any) -> Any:
        """The JSON value without secrets, keys included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.plain(item) for key, item in value.items()}
        return value

    def fill(self, template: str, quote: Callable[[str], str] | None = None) -> str:
        """The template with each {{secret:NAME}} filled in; UnknownSecret for other names."""

        def value_of(found: re.Match[str]) -> str:
            name = found.group(1)
            if name not in self._secrets:
                raise UnknownSecret(name)
            return quote(self._secrets[name]) if quote else self._secrets[name]

        return PLACEHOLDER.sub(value_of, template)

    def fill_plain(self, value: Any) -> Any:
        """The JSON value with every placeholder in its texts filled in."""
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self.fill_plain(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill_plain(item) for key, item in value.items()}
        return value
