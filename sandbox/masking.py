"""A job's secrets: the parent fills them into outbound requests, and masks them everywhere else."""

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
_MIN_CHARS: Final = 4  # of a secret that is masked: shorter ones would mask ordinary text
_MIN_CORE_CHARS: Final = 8  # of its base64 digits, for the same reason
URL_SAFE: Final = "/:@,"  # characters of a secret that stay as they are when it goes into a URL
_ASCII_BELOW: Final = 128
_ESCAPED: Final = re.compile("%[0-9A-F]{2}")
_TO_URL_ALPHABET: Final = str.maketrans("+/", "-_")


# Places in one text. A text of 1 MB that repeats a secret of four letters has a quarter of a
# million.
_MAX_HITS: Final = 1 << 18


class UnknownSecret(Exception):
    """A placeholder names a secret that this function does not declare."""


def _forms(value: str) -> set[str]:
    """Every spelling in which the secret may appear in a text.

    These are the encodings (see `_encodings`) of the secret itself, of the secret without blanks
    around it, and of the numbers that Python reads from it.
    """
    numbers = {json.dumps(number) for number in _numbers(value)}
    texts = {value, value.strip()} | numbers
    forms: set[str] = set()
    for each in texts:
        if len(each) >= _MIN_CHARS:
            forms |= _encodings(each)
    return forms


def _numbers(value: str) -> set[float]:
    """The numbers that int() and float() read from the secret, if they are long enough to mask."""
    numbers: set[float] = set()
    for make in (int, float):
        try:
            number = make(value)
            text = json.dumps(number) if math.isfinite(number) else ""
        except (ValueError, OverflowError):  # the secret is no number, or none that JSON has
            continue
        if len(text) >= _MIN_CHARS:
            numbers.add(number)
    return numbers


def _encodings(value: str) -> set[str]:
    """The text as it is, and its usual encodings: URL, JSON, repr(), HTML, base64 and hex."""
    raw = value.encode("utf-8", "replace")
    in_urls = {
        urllib.parse.quote(raw),
        urllib.parse.quote(raw, safe=""),
        urllib.parse.quote(raw, safe=URL_SAFE),
        urllib.parse.quote_plus(raw),
    }
    encodings = {
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
    cores = {core for lead in range(3) if len(core := _base64_core(raw, lead)) >= _MIN_CORE_CHARS}
    return encodings | cores | {core.translate(_TO_URL_ALPHABET) for core in cores}


def _base64_core(raw: bytes, lead: int) -> str:
    """The base64 digits that depend on the secret alone, if `lead` other bytes stand before it.

    A base64 digit holds six bits, so the first and the last digit may mix the secret's bits with
    those of its neighbours. They are left out. https://www.rfc-editor.org/rfc/rfc4648#section-4
    """
    text = base64.b64encode(bytes(lead) + raw).decode()
    return text[(0, 2, 3)[lead] : (lead + len(raw)) * 8 // 6]


_Span = tuple[int, int]


def _spans(text: AnyStr, forms: Iterable[AnyStr], mask: AnyStr) -> list[_Span] | None:
    """Where a secret's form stands in the text: (start, end) in order, without overlaps.

    None if they stand in more than `_MAX_HITS` places.

    Each form is searched on its own, in one walk through the text. One regular expression for all
    forms would backtrack at each letter of a text that nearly holds a long secret.
    """
    forms_in_text: list[AnyStr] = [form for form in forms if form in text]
    if not forms_in_text:
        return []
    # A mask that is in the text already must stay whole, even if a secret is a part of the word.
    forms_in_text.append(mask)
    spans: list[_Span] = []
    for form in forms_in_text:
        at = text.find(form)
        while at >= 0:
            spans.append((at, at + len(form)))
            at = text.find(form, at + len(form))
        if len(spans) > _MAX_HITS:
            return None
    spans.sort()
    disjoint = spans[:1]
    for start, end in spans[1:]:
        if start >= disjoint[-1][1]:
            disjoint.append((start, end))
        elif end > disjoint[-1][1]:
            disjoint[-1] = (disjoint[-1][0], end)
    return disjoint


def _mask_spans(text: str, spans: list[_Span] | None, mask: Callable[[int], str]) -> str:
    """The text with a mask in place of each span; if `spans` is None, in place of the whole text.

    Args:
        text: the text.
        spans: what `_spans` gave.
        mask: makes the mask for so many characters.
    """
    if spans is None:
        return mask(len(text))
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], mask(end - start))
        at = end
    return "".join((*parts, text[at:]))


def _texts_in(value: Any) -> list[tuple[str, bool]]:
    """Each text in a JSON value, in order, with whether it is a key."""
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
    """A mask that is no longer than the `length` characters or bytes that it replaces."""
    return MASK if length >= len(MASK) else "*" * length


def _full(_length: int) -> str:
    """The mask for texts that people read, however long the secret was."""
    return MASK


class Masker:
    """Replaces every secret of one job, and its usual encodings, in texts and JSON values.

    Masking takes time in proportion to the text's length, whatever the secrets and the text are.
    It has to: the function's author chooses both, and no clock ends a run while the parent masks.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        forms: set[str] = set()
        self._numbers: set[float] = set()
        for value in secrets.values():
            if len(value) >= _MIN_CHARS:
                forms |= _forms(value)
                self._numbers |= _numbers(value)
        self._forms = tuple(forms)
        self._wide = tuple(form.encode("utf-8", "replace") for form in forms)
        self._by_letters = sorted(forms)
        self._first_letters = frozenset(form[0] for form in forms)
        # Stands between texts that are searched as one. It is no letter of any secret and not
        # ASCII, and forms consist of these only, so no match can reach across it.
        own = frozenset("".join(secrets.values()))
        beyond_ascii = map(chr, range(_ASCII_BELOW, sys.maxunicode))
        self._border = next(letter for letter in beyond_ascii if letter not in own)
        self._longest = max(map(len, forms), default=0)

    def text(self, value: str, *, is_cut: bool = False) -> str:
        """The text with its secrets masked, for people to read; it may become longer.

        Args:
            value: the text.
            is_cut: somebody has cut the text before. A secret may have lost its end there, so the
                end of the text is masked as well if a secret begins with it.
        """
        spans = _spans(value, self._forms, MASK)
        masked_text = value if spans == [] else _mask_spans(value, spans, _full)
        return self._without_partial_end(masked_text) if is_cut else masked_text

    def _without_partial_end(self, text: str) -> str:
        partial_chars = self._partial_chars(text)
        return text[:-partial_chars] + MASK if partial_chars else text

    def _partial_chars(self, text: str) -> int:
        """How many characters at the end of the text are the beginning of a secret's form."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            if text[-size] not in self._first_letters:
                continue
            end = text[-size:]
            # In sorted order, the forms that begin with these letters follow directly after them.
            at = bisect.bisect_left(self._by_letters, end)
            if at < len(self._by_letters) and self._by_letters[at].startswith(end):
                return size
        return 0

    def bytes(self, value: bytes) -> bytes:
        """The bytes with their secrets masked; they do not become longer."""
        spans = _spans(value, self._wide, MASK.encode())
        if spans == []:
            return value
        # Latin-1 makes one character of each byte, so the spans of the bytes are the text's too.
        return _mask_spans(value.decode("latin-1"), spans, _fitting).encode("latin-1")

    def plain(self, value: Any) -> Any:
        """The JSON value with the secrets in its texts, keys and numbers masked.

        The value does not become longer: a mask must not push what a function made over a limit.
        """
        if not self._forms:
            return value
        texts = [text for text, _ in _texts_in(value)]
        masked_texts = self._mask_each(texts, _fitting)
        if masked_texts is texts and not self._numbers:
            return value
        return self._rebuild(value, iter(masked_texts))

    def readable(self, value: Any, *, key_chars: int, text_chars: int) -> Any:
        """The JSON value with its secrets masked, for people to read; it may become longer.

        Args:
            value: the JSON value.
            key_chars: the length to which the worker cuts keys: a key of this length or more may
                end within a secret.
            text_chars: the same for texts.
        """
        if not self._forms:
            return value
        texts = _texts_in(value)
        masked_texts = self._mask_each([text for text, _ in texts], _full)
        whole_texts = [
            self._without_partial_end(masked_text)
            if len(text) >= (key_chars if is_key else text_chars)
            else masked_text
            for (text, is_key), masked_text in zip(texts, masked_texts, strict=True)
        ]
        return self._rebuild(value, iter(whole_texts))

    def _mask_each(self, texts: list[str], mask: Callable[[int], str]) -> list[str]:
        """The texts with their secrets masked, in order; one search goes through all of them."""
        spans = _spans(self._border.join(texts), self._forms, MASK)
        if spans is None:
            return [mask(len(text)) for text in texts]
        if not spans:
            return texts
        masked_texts, start, at = [], 0, 0
        for text in texts:
            end = start + len(text)
            own = []
            while at < len(spans) and spans[at][1] <= end:
                own.append((spans[at][0] - start, spans[at][1] - start))
                at += 1
            masked_texts.append(_mask_spans(text, own, mask))
            start = end + len(self._border)
        return masked_texts

    def _rebuild(self, value: Any, texts: Iterator[str]) -> Any:
        if isinstance(value, str):
            return next(texts)
        if isinstance(value, list):
            return [self._rebuild(item, texts) for item in value]
        if isinstance(value, dict):
            return {next(texts): self._rebuild(item, texts) for item in value.values()}
        if isinstance(value, int | float) and value in self._numbers:
            return _fitting(len(json.dumps(value)) - len('""'))
        return value

    def fill(self, template: str, quote: Callable[[str], str] | None = None) -> str:
        """The template with each {{secret:NAME}} replaced by the secret.

        Args:
            template: the text.
            quote: encodes each secret for its place; None puts it in as it is.

        Raises:
            UnknownSecret: the template names a secret that the function does not declare.
        """

        def value_of(placeholder: re.Match[str]) -> str:
            name = placeholder.group(1)
            if name not in self._secrets:
                raise UnknownSecret(name)
            return quote(self._secrets[name]) if quote else self._secrets[name]

        return PLACEHOLDER.sub(value_of, template)

    def fill_plain(self, value: Any) -> Any:
        """The JSON value with each {{secret:NAME}} in its texts replaced, but not in its keys.

        Raises:
            UnknownSecret: a text names a secret that the function does not declare.
        """
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self.fill_plain(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill_plain(item) for key, item in value.items()}
        return value
