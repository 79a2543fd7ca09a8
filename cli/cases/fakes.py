"""Replaces personal data by fakes: the same value always by the same fake, so that joins hold.

What is personal is found by the names of fields and by the form of a text (see `personal`). Each
value that was found is then replaced wherever it stands: in keys, inside a text and in a URL too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from cli.cases import personal
from cli.cases.personal import Kind

_LONG_CHARS: Final = 4  # of a value that is replaced inside words; a shorter one only by itself
_TRIES: Final = 500  # fakes of one form that are tried before those of another form
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


_FORMS: Final[Mapping[Kind, Callable[[], Iterator[str]]]] = {
    Kind.EMAIL: _emails,
    Kind.PHONE: _phones,
    Kind.ID: _numbered("customer-", "somebody-", "x"),
    Kind.PROFILE_ID: _numbered("prf_person", "prf_somebody", "prf_x"),
    Kind.NAME: _numbered("Person", "Somebody", "X"),
    Kind.ADDRESS: _numbered("Place", "Somewhere", "X"),
    Kind.IP: lambda: (f"192.0.2.{number}" for number in range(1, 255)),  # RFC 5737
    Kind.BIRTH: lambda: (f"{year}-01-01" for year in range(1901, 2000)),
}
# Forms that hold whatever the originals are: letters that no word has in this order.
_LAST_FORM: Final = _numbered("qxqz", "zjqx", "vqjx", "\u2205")


class Fakes:
    """The fakes of one case. Show it every value with `learn`, and then `replace` in each.

    Attributes:
        listed: kind and fake by the place where one was put in.
    """

    def __init__(self) -> None:
        self.listed: dict[str, tuple[Kind, str]] = {}
        self._kinds: dict[str, Kind] = {}  # of each original, in the order in which they came
        self._fakes: dict[str, str] = {}  # by the original's normal form
        self._pattern: re.Pattern[str] | None = None
        self._groups: list[tuple[str, Callable[[str], str]]] = []

    # What is personal

    def learn(self, value: Any, kind: Kind | None = None) -> None:
        """Find what is personal in a JSON value.

        Args:
            value: any JSON.
            kind: what it is, whatever it looks like; None to go by fields and forms.
        """
        if isinstance(value, Mapping):
            for name, item in value.items():
                self._learn_forms(str(name))
                self.learn(item, personal.kind_of(str(name), within=kind))
        elif isinstance(value, list):
            for item in value:
                self.learn(item, kind)
        elif isinstance(value, str):
            self._learn_text(value.strip(), kind)
        elif kind is not None and type(value) is int:
            self._add(str(value), kind)

    def _learn_text(self, text: str, kind: Kind | None) -> None:
        self._learn_forms(text)
        if kind is Kind.NAME:  # a function may use one of several names alone
            for word in text.split():
                self._add(word, kind)
        elif kind is not None:
            self._add(text, kind)

    def _learn_forms(self, text: str) -> None:
        for match in personal.EMAIL.finditer(text):
            self._add(match[0], Kind.EMAIL)
        for match in personal.PHONE.finditer(text):
            self._add(match[0], Kind.PHONE)

    def _add(self, original: str, kind: Kind) -> None:
        if not original:
            return
        self._pattern = None
        self._kinds.setdefault(original, kind)
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
            if not self._search(text):
                return text
            text = self._compiled().sub(lambda match: self._put(match, at), text)
        return self._unlike_all(_LAST_FORM()) if self._search(text) else text

    def _put(self, match: re.Match[str], at: str) -> str:
        original, written = self._groups[(match.lastindex or 1) - 1]
        fake = self._fake(original)
        self._list(at, original, fake)
        return written(fake)

    def _list(self, at: str, original: str, fake: str) -> None:
        # A place may be named by a key that is personal itself.
        place = self._compiled().sub("…", at)
        self.listed.setdefault(place, (self._kinds[original], fake))

    def _search(self, text: str) -> bool:
        return bool(self._kinds) and self._compiled().search(text) is not None

    def _compiled(self) -> re.Pattern[str]:
        if self._pattern is None:
            self._groups = []
            parts = []
            for original in sorted(self._kinds, key=len, reverse=True):
                for form, written in _written_forms(original):
                    self._groups.append((original, written))
                    parts.append(form)
            self._pattern = re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)
        return self._pattern

    def _fake(self, original: str) -> str:
        kind = self._kinds[original]
        normal = re.sub(r"\D", "", original) if kind is Kind.PHONE else original.casefold()
        normal = normal or original
        if normal not in self._fakes:
            self._fakes[normal] = self._unlike_all(_forms(original, kind))
        return self._fakes[normal]

    def _unlike_all(self, candidates: Iterator[str]) -> str:
        """The first of the candidates in which no original stands, and that is not taken."""
        taken = set(self._fakes.values())
        originals = {original.casefold() for original in self._kinds}
        return next(
            fake
            for fake in (*candidates, *_LAST_FORM())
            if fake not in taken and fake.casefold() not in originals and not self._search(fake)
        )


def _forms(original: str, kind: Kind) -> Iterator[str]:
    if original.isdecimal() and kind in {Kind.ID, Kind.PROFILE_ID, Kind.ADDRESS}:
        return _digits()  # it may stand as a number as well
    return _FORMS[kind]()


def _written_forms(original: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Patterns, one group each, of how a text can have the original; and how it then has the fake.

    Digits that are few, and punctuation, are many things: they are replaced only as whole values.
    """
    has_letter = any(letter.isalpha() for letter in original)
    if not has_letter and (len(original) < _LONG_CHARS or not re.search(r"\w", original)):
        return
    writers: tuple[Callable[[str], str], ...] = (quote_plus, _quoted, str)
    # Some letters have no other case of their own: ß is SS in capitals.
    cases = (original.casefold(), original.upper(), original)
    forms = {writer(each).lower(): writer for each in cases for writer in writers}
    by_itself = len(original) < _LONG_CHARS
    for form, written in forms.items():
        inside = re.escape(form)
        yield (rf"(?<!\w)({inside})(?!\w)" if by_itself else f"({inside})"), written


def _quoted(text: str) -> str:
    return quote(text, safe="")
