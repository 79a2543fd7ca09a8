"""Replaces personal data by fakes: the same value always by the same fake, so that joins hold.

What is personal is found by the names of fields and by the form of a text (see `personal`). Each
value that was found is then replaced wherever it stands: in keys, inside a text and in a URL too.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from cli.cases import personal
from cli.cases.personal import Kind

_LONG_CHARS: Final = 4  # of a value that is replaced inside words; a shorter one only by itself
_TRIES: Final = 2500  # fakes of one form that are tried before those of another form
_PASSES: Final = 3  # over one text; what one pass put together can make an original again


def _numbered(*stems: str) -> Callable[[], Iterator[str]]:
    return lambda: (f"{stem}{number}" for stem in stems for number in range(1, _TRIES))


def _emails() -> Iterator[str]:
    # Domains that RFC 2606 and RFC 6761 keep for examples.
    for host in ("example.com", "example.org", "example.net", "mail.test", "mail.invalid"):
        yield from (f"person{number}@{host}" for number in range(1, _TRIES))


def _phones() -> Iterator[str]:
    # 555-0100 to 555-0199 of each area of North America are kept for fiction.
    for area in range(201, 990):
        yield from (f"+1{area}55501{number:02d}" for number in range(100))


def _digits() -> Iterator[str]:
    return (f"{number}" for start in (900_000, 70_000_000) for number in range(start, start + 999))


_FAKES: Final[Mapping[Kind, Callable[[], Iterator[str]]]] = {
    Kind.EMAIL: _emails,
    Kind.PHONE: _phones,
    Kind.ID: _numbered("customer-", "somebody-", "x"),
    Kind.PROFILE_ID: _numbered("prf_person", "prf_somebody", "prf_x"),
    Kind.NAME: _numbered("Person", "Somebody", "X"),
    Kind.ADDRESS: _numbered("Place", "Somewhere", "X"),
    Kind.IP: lambda: (f"192.0.2.{number}" for number in range(1, 255)),  # RFC 5737
    Kind.BIRTH: lambda: (f"{year}-01-01" for year in range(1901, 2000)),
}
# A fake of these is a number where the original is one, because it may stand as a number as well.
_WITH_NUMBERS: Final = frozenset({Kind.ID, Kind.PROFILE_ID, Kind.ADDRESS})
# These are words, and parts of other words: Ross is not in `across`.
_WORDS: Final = frozenset({Kind.NAME, Kind.ADDRESS})


def _last_resort() -> Iterator[str]:
    # Whatever the originals are, these have no end and rows of letters that no word has.
    for number in itertools.count(1):
        yield from (f"{stem}{number}" for stem in ("qxqz", "zjqx", "vqjx"))


@dataclass(frozen=True, slots=True)
class _Form:
    """One way in which a text can have an original."""

    lower: str  # the form in small letters
    pattern: str  # a regular expression without groups
    original: str
    written: Callable[[str], str]  # writes the fake in the same way


class Fakes:
    """The fakes of one case. Show it every value with `learn`, and then `replace` in each.

    Attributes:
        listed: kind and fake by the place where one was put in.
    """

    def __init__(self) -> None:
        self.listed: dict[str, tuple[Kind, str]] = {}
        self._kinds: dict[str, Kind] = {}  # of each original, in the order in which they came
        self._small: set[str] = set()  # the originals in small letters
        self._fakes: dict[str, str] = {}  # by the original's normal form
        self._taken: set[str] = set()  # the fakes
        self._candidates: dict[Callable[[], Iterator[str]], Iterator[str]] = {}
        self._forms: list[_Form] = []  # the longest first; empty until something is replaced

    # What is personal

    def learn(self, value: Any, kind: Kind | None = None) -> None:
        """Find what is personal in a JSON value.

        Args:
            value: any JSON.
            kind: what it is, whatever it looks like; None to go by fields and forms.
        """
        if isinstance(value, Mapping):
            for name, item in value.items():
                self._learn_by_form(str(name))
                self.learn(item, personal.kind_of(str(name), within=kind))
        elif isinstance(value, list):
            for item in value:
                self.learn(item, kind)
        elif isinstance(value, str):
            self._learn_text(value.strip(), kind)
        elif kind is not None and type(value) is int:
            self._add(str(value), kind)

    def _learn_text(self, text: str, kind: Kind | None) -> None:
        self._learn_by_form(text)
        if kind is Kind.NAME:  # a function may use one of several names alone
            for word in text.split():
                self._add(word, kind)
        elif kind is not None:
            self._add(text, kind)

    def _learn_by_form(self, text: str) -> None:
        for match in personal.EMAIL.finditer(text):
            self._add(match[0], Kind.EMAIL)
        for match in personal.PHONE.finditer(text):
            self._add(match[0], Kind.PHONE)

    def _add(self, original: str, kind: Kind) -> None:
        if not original:
            return
        self._forms = []
        self._kinds.setdefault(original, kind)
        self._small.add(original.casefold())
        bare = re.sub(r"\D", "", original) if kind is Kind.PHONE else ""
        if len(bare) >= _LONG_CHARS:
            self._kinds.setdefault(bare, kind)

    # What it becomes

    def replace(self, value: Any, at: str) -> Any:
        """The JSON value with a fake in the place of each original.

        Args:
            value: any JSON.
            at: where the value stands, for `listed`.
        """
        if isinstance(value, Mapping):
            return {
                self._text(str(name), f"{at} (a key)"): self.replace(item, f"{at}.{name}")
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.replace(item, f"{at}[{number}]") for number, item in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, at)
        return self._number(value, at)

    def _number(self, value: Any, at: str) -> Any:
        original = str(value)
        if type(value) is not int or original not in self._kinds:
            return value
        if len(original) < _LONG_CHARS and personal.kind_of(at.rpartition(".")[2]) is None:
            return value  # a small number is many things
        fake = self._fake(original)
        self._list(at, original, fake)
        return int(re.sub(r"\D", "", fake) or "0")

    def _text(self, text: str, at: str) -> str:
        bare = text.strip()
        if bare in self._kinds and self._kinds[bare] is not Kind.NAME:
            fake = self._fake(bare)
            self._list(at, bare, fake)
            return text.replace(bare, fake)
        for _ in range(_PASSES):
            if not self._has_original(text):
                return text
            text = self._substituted(text, lambda original: self._listed_fake(original, at))
        return self._unlike_all(_last_resort) if self._has_original(text) else text

    def _listed_fake(self, original: str, at: str) -> str:
        fake = self._fake(original)
        self._list(at, original, fake)
        return fake

    def _list(self, at: str, original: str, fake: str) -> None:
        # A place may be named by a key that is personal itself.
        place = self._substituted(at, lambda _: "…")
        self.listed.setdefault(place, (self._kinds[original], fake))

    def _substituted(self, text: str, replacement: Callable[[str], str]) -> str:
        forms = self._forms_in(text)

        def put(match: re.Match[str]) -> str:
            form = forms[(match.lastindex or 1) - 1]
            return form.written(replacement(form.original))

        return _compiled(forms).sub(put, text) if forms else text

    def _has_original(self, text: str) -> bool:
        forms = self._forms_in(text)
        return bool(forms) and _compiled(forms).search(text) is not None

    def _forms_in(self, text: str) -> tuple[_Form, ...]:
        """The forms that the text may have. One expression of all of them would take minutes."""
        if not self._forms:
            originals = sorted(self._kinds, key=len, reverse=True)
            self._forms = [each for one in originals for each in _forms(one, self._kinds[one])]
        lower = text.lower()
        return tuple(form for form in self._forms if form.lower in lower)

    def _fake(self, original: str) -> str:
        kind = self._kinds[original]
        normal = re.sub(r"\D", "", original) if kind is Kind.PHONE else original.casefold()
        normal = normal or original
        if normal not in self._fakes:
            is_number = original.isdecimal() and kind in _WITH_NUMBERS
            self._fakes[normal] = self._unlike_all(_digits if is_number else _FAKES[kind])
        fake = self._fakes[normal]
        # A phone number is one number, with or without its plus.
        return re.sub(r"\D", "", fake) if kind is Kind.PHONE and original.isdecimal() else fake

    def _unlike_all(self, source: Callable[[], Iterator[str]]) -> str:
        """The next candidate of this source in which no original stands."""
        candidates = self._candidates.setdefault(source, source())
        for fake in itertools.chain(candidates, _last_resort()):
            is_new = fake not in self._taken and fake.casefold() not in self._small
            if is_new and not self._has_original(fake):
                self._taken.add(fake)
                return fake
        raise AssertionError("the last resort has no end")


@cache
def _compiled(forms: Sequence[_Form]) -> re.Pattern[str]:
    """An expression with one group for each form."""
    return re.compile("|".join(f"({form.pattern})" for form in forms), re.IGNORECASE)


def _forms(original: str, kind: Kind) -> Iterator[_Form]:
    """How a text can have the original: in small letters or capitals, and as a URL has it.

    Digits that are few, and punctuation, are many things: they are replaced only as whole values.
    """
    has_letter = any(letter.isalpha() for letter in original)
    if not has_letter and (len(original) < _LONG_CHARS or not re.search(r"\w", original)):
        return
    writers: tuple[Callable[[str], str], ...] = (quote_plus, _quoted, str)
    # Some letters have no other case of their own: ß is SS in capitals.
    cases = (original.casefold(), original.upper(), original)
    by_itself = len(original) < _LONG_CHARS or kind in _WORDS
    for lower, written in {
        write(each).lower(): write for each in cases for write in writers
    }.items():
        escaped = re.escape(lower)
        pattern = rf"(?<![^\W_]){escaped}(?![^\W_])" if by_itself else escaped
        yield _Form(lower, pattern, original, written)


def _quoted(text: str) -> str:
    return quote(text, safe="")
