"""Secrets on the parent's side: filled into outbound requests, masked in everything else."""

from __future__ import annotations

import base64
import bisect
import html
import json
import math
import re
import sys
import urllib.parse
from typing import TYPE_CHECKING, Any, AnyStr, Final

from sandbox.sdk.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MASK: Final = "[secret]"
_SHORTEST: Final = 4  # shorter values would mask ordinary text
_CORE_SHORTEST: Final = 8
URL_SAFE: Final = "/:@,"  # what a secret keeps as it is when it is filled into a URL
_ASCII_BELOW: Final = 128
_ESCAPED: Final = re.compile("%[0-9A-F]{2}")
_TO_URL_ALPHABET: Final = str.maketrans("+/", "-_")


# In one text; a secret of four letters, over and over, makes a quarter million.
_MAX_HITS: Final = 1 << 18


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
    """The text as it is, in a URL, in JSON or a repr, in a page, in base64 or hex."""
    raw = value.encode("utf-8", "replace")
    in_urls = {
        urllib.parse.quote(raw),
        urllib.parse.quote(raw, safe=""),
        urllib.parse.quote(raw, safe=URL_SAFE),
        urllib.parse.quote_plus(raw),
    }
    found = {
        value,
        *in_urls,
        *(_ESCAPED.sub(lambda code: code[0].lower(), each) for each in in_urls),
        json.dumps(value)[1:-1],
        json.dumps(value)[1:-1].replace("/", "\\/"),  # as PHP writes it
        html.escape(value),
        html.escape(value, quote=False),
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


_Span = tuple[int, int]


def _spans(text: AnyStr, forms: Iterable[AnyStr], mask: AnyStr) -> list[_Span] | None:
    """Where one of the forms stands, from where to where, in order; None: in too many places.

    Each form is looked for by itself, which takes one walk through the text: all of them as one
    regular expression would go back for each letter of a long secret that is nearly there.
    """
    present: list[AnyStr] = [form for form in forms if form in text]
    if not present:
        return []
    present.append(mask)  # one that is there already is none of the text's letters
    spans: list[_Span] = []
    for form in present:
        at = text.find(form)
        while at >= 0:
            spans.append((at, at + len(form)))
            at = text.find(form, at + len(form))
        if len(spans) > _MAX_HITS:
            return None
    spans.sort()
    merged = spans[:1]
    for start, end in spans[1:]:
        if start >= merged[-1][1]:
            merged.append((start, end))
        elif end > merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
    return merged


def _covered(text: str, spans: list[_Span] | None, mask: Callable[[int], str]) -> str:
    """The text with a mask in the place of each span, or of all of it."""
    if spans is None:
        return mask(len(text))
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], mask(end - start))
        at = end
    return "".join((*parts, text[at:]))


def _texts_in(value: Any) -> list[tuple[str, bool]]:
    """Each text of a JSON value in order, and whether it is a key."""
    texts: list[tuple[str, bool]] = []

    def gather(part: Any) -> None:
        if isinstance(part, str):
            texts.append((part, False))
        elif isinstance(part, list):
            for item in part:
                gather(item)
        elif isinstance(part, dict):
            for key, item in part.items():
                texts.append((key, True))
                gather(item)

    gather(value)
    return texts


def _fitting(length: int) -> str:
    """What takes the place of so many characters, or bytes, and no more."""
    return MASK if length >= len(MASK) else "*" * length


def _full(_length: int) -> str:
    """What takes the place of a secret where a person reads it."""
    return MASK


class Masker:
    """Replaces every secret of one job, and its usual encodings, wherever it shows.

    The time that this takes grows with the length of the text, whatever the secrets and the text
    are: the function's author chooses both, and while the parent masks, no clock ends the run.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        forms: set[str] = set()
        self._numbers: set[float] = set()
        for value in secrets.values():
            if len(value) >= _SHORTEST:
                forms |= _forms(value)
                self._numbers |= _numbers(value)
        self._forms = tuple(forms)
        self._wide = tuple(form.encode("utf-8", "replace") for form in forms)
        self._by_letters = sorted(forms)
        self._first_letters = frozenset(form[0] for form in forms)
        # Between texts that are searched as one: no secret reaches across it, for each form is
        # made of the secret's own letters and of ASCII.
        own = frozenset("".join(secrets.values()))
        beyond_ascii = map(chr, range(_ASCII_BELOW, sys.maxunicode))
        self._border = next(letter for letter in beyond_ascii if letter not in own)
        self._longest = max(map(len, forms), default=0)

    def text(self, value: str, *, cut: bool = False) -> str:
        """The text without secrets, for people to read; it may be longer than it was.

        Args:
            value: the text.
            cut: somebody has cut it before it came here. The last secret in it may have lost its
                end: what the text ends in is masked, too, where a secret begins so.
        """
        spans = _spans(value, self._forms, MASK)
        masked = value if spans == [] else _covered(value, spans, _full)
        return self._ended(masked) if cut else masked

    def _ended(self, text: str) -> str:
        begun = self._begun(text)
        return text[:-begun] + MASK if begun else text

    def _begun(self, text: str) -> int:
        """How many characters at the end of the text are the beginning of a secret."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            if text[-size] not in self._first_letters:
                continue
            end = text[-size:]
            # What begins with these letters stands right behind them in the order of letters.
            at = bisect.bisect_left(self._by_letters, end)
            if at < len(self._by_letters) and self._by_letters[at].startswith(end):
                return size
        return 0

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets, and no longer than they were."""
        spans = _spans(value, self._wide, MASK.encode())
        if spans == []:
            return value
        # Latin-1 gives each byte a letter of its own: where the secrets are is known already.
        return _covered(value.decode("latin-1"), spans, _fitting).encode("latin-1")

    def plain(self, value: Any) -> Any:
        """The JSON value without secrets, keys included, and no longer than it was.

        What was within a limit stays within it: a mask must not refuse what a function has made.
        """
        if not self._forms:
            return value
        texts = [text for text, _ in _texts_in(value)]
        masked = self._covered_each(texts, _fitting)
        if masked is texts and not self._numbers:
            return value
        return self._rebuilt(value, iter(masked))

    def readable(self, value: Any, *, key_chars: int, text_chars: int) -> Any:
        """The JSON value without secrets, for people to read; its texts may be longer than before.

        A key or a text that is as long as these numbers say has been cut by who sent it.
        """
        if not self._forms:
            return value
        texts = _texts_in(value)
        masked = self._covered_each([text for text, _ in texts], _full)
        ended = [
            self._ended(now) if len(text) >= (key_chars if is_key else text_chars) else now
            for (text, is_key), now in zip(texts, masked, strict=True)
        ]
        return self._rebuilt(value, iter(ended))

    def _covered_each(self, texts: list[str], mask: Callable[[int], str]) -> list[str]:
        """Each text without secrets; they are looked for in all texts at once."""
        spans = _spans(self._border.join(texts), self._forms, MASK)
        if spans is None:
            return [mask(len(text)) for text in texts]
        if not spans:
            return texts
        covered, start, at = [], 0, 0
        for text in texts:
            end = start + len(text)
            own = []
            while at < len(spans) and spans[at][1] <= end:
                own.append((spans[at][0] - start, spans[at][1] - start))
                at += 1
            covered.append(_covered(text, own, mask))
            start = end + len(self._border)
        return covered

    def _rebuilt(self, value: Any, texts: Iterator[str]) -> Any:
        if isinstance(value, str):
            return next(texts)
        if isinstance(value, list):
            return [self._rebuilt(item, texts) for item in value]
        if isinstance(value, dict):
            return {next(texts): self._rebuilt(item, texts) for item in value.values()}
        if isinstance(value, int | float) and value in self._numbers:
            return _fitting(len(json.dumps(value)) - len('""'))
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
