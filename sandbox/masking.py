"""Secrets on the parent's side: filled into outbound requests, masked in everything else."""

from __future__ import annotations

import base64
import json
import math
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from sandbox.sdk.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MASK = "[secret]"
_SHORTEST = 4  # shorter values would mask ordinary text
_CORE_SHORTEST = 8
URL_SAFE = "/:@,"  # what a secret keeps as it is when it is filled into a URL
_TO_URL_ALPHABET = str.maketrans("+/", "-_")


class UnknownSecret(Exception):
    """A name that this function does not declare."""


def _forms(value: str) -> set[str]:
    """The secret as it may show: as it is, stripped, as a number; and each of these written out."""
    numbers = {json.dumps(number) for number in _numbers(value)}
    shown = {value, value.strip()} | numbers
    found: set[str] = set()
    for each in shown:
        if len(each) >= _SHORTEST:
            found |= _written(each)
    return found


def _numbers(value: str) -> set[float]:
    """What int() and float() make of the secret, where that is long enough to be masked."""
    found: set[float] = set()
    for make in (int, float):
        try:
            number = make(value)
            written = json.dumps(number) if math.isfinite(number) else ""
        except (ValueError, OverflowError):  # no number, or none that JSON carries
            continue
        if len(written) >= _SHORTEST:
            found.add(number)
    return found


def _written(value: str) -> set[str]:
    """The text as it is, in a URL, in JSON or a repr, in base64 or hex."""
    raw = value.encode("utf-8", "replace")
    found = {
        value,
        urllib.parse.quote(value),
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote(value, safe=URL_SAFE),
        urllib.parse.quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        base64.b64encode(raw).decode(),
        raw.hex(),
        raw.hex().upper(),
    }
    cores = {core for lead in range(3) if len(core := _base64_core(raw, lead)) >= _CORE_SHORTEST}
    return found | cores | {core.translate(_TO_URL_ALPHABET) for core in cores}


def _base64_core(raw: bytes, lead: int) -> str:
    """The base64 digits that are the secret's alone, after so many bytes of something else."""
    text = base64.b64encode(bytes(lead) + raw).decode()
    return text[(0, 2, 3)[lead] : (lead + len(raw)) * 8 // 6]


def _pattern(forms: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, [MASK, *forms])))


def _fitting(length: int) -> str:
    """What takes the place of so many characters, or bytes, and no more."""
    return MASK if length >= len(MASK) else "*" * length


class Masker:
    """Replaces every secret of one job, and its usual encodings, wherever it shows."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        forms: set[str] = set()
        self._numbers: set[float] = set()
        for value in secrets.values():
            if len(value) >= _SHORTEST:
                forms |= _forms(value)
                self._numbers |= _numbers(value)
        self._forms = sorted(forms, key=len, reverse=True)
        self._wide = [(form, form.encode("utf-8", "replace")) for form in self._forms]

    def text(self, value: str, *, cut: bool = False) -> str:
        """The text without secrets, for people to read; it may be longer than it was.

        Args:
            value: the text.
            cut: somebody has cut it before it came here. The last secret in it may have lost its
                end: what the text ends in is masked, too, where a secret begins so.
        """
        hits = [form for form in self._forms if form in value]
        masked = _pattern(hits).sub(MASK, value) if hits else value
        if cut and (begun := self._begun(masked)):
            return masked[:-begun] + MASK
        return masked

    def _begun(self, text: str) -> int:
        """How many characters at the end of the text are the beginning of a secret."""
        longest = len(self._forms[0]) - 1 if self._forms else 0
        for size in range(min(longest, len(text)), 0, -1):
            end = text[-size:]
            if any(form.startswith(end) for form in self._forms):
                return size
        return 0

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets, and no longer than they were."""
        hits = [form for form, wide in self._wide if wide in value]
        if not hits:
            return value
        pattern = _pattern(hits).pattern.encode("utf-8")
        return re.sub(pattern, lambda hit: _fitting(len(hit[0])).encode(), value)

    def plain(self, value: Any) -> Any:
        """The JSON value without secrets, keys included, and no longer than it was.

        What was within a limit stays within it: a mask must not refuse what a function has made.
        """
        if not self._forms:
            return value
        if isinstance(value, str):
            return self._fitting_text(value)
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {self._fitting_text(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, int | float) and value in self._numbers:
            return _fitting(len(json.dumps(value)) - len('""'))
        return value

    def _fitting_text(self, value: str) -> str:
        hits = [form for form in self._forms if form in value]
        return _pattern(hits).sub(lambda hit: _fitting(len(hit[0])), value) if hits else value

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
