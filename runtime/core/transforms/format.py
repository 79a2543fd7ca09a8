"""The method Format: cleans text, and brings dates, numbers, phones and e-mails into one form.

The steps run in one order, whichever are chosen: characters are deleted, spaces and quotes at both
ends go, the case is changed, and then the text is read as what it is to be. What a step cannot read
it leaves as it is. So a second pass changes nothing: Format is idempotent.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from runtime.core.json_text import INTEGER_LIMIT
from runtime.core.profiles import names, phones
from runtime.core.profiles.names import Name, NameRules
from runtime.core.transforms import dates
from runtime.core.transforms.dates import DateOrder
from runtime.core.transforms.values import Source, Value, Work, in_each_text, only

# Straight, curly, low and angled quotes, the backtick and the acute accent that is typed for one.
QUOTES: Final = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_SPACES: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_KEPT: Final = frozenset("LMN")  # letters, the marks on them, and digits of every script
_WORD: Final = re.compile(r"[^\s-]+")
MAX_NUMBER_CHARS: Final = 64
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<fraction>\.[0-9]+)?")
_SWAP: Final = str.maketrans(".,", ",.")


class Case(StrEnum):
    """How letters are written."""

    TITLE = "title"
    UPPER = "upper"
    LOWER = "lower"


class Kind(StrEnum):
    """What the text is read as, and so which form it gets."""

    DATE = "date"  # YYYY-MM-DD
    DATE_TIME = "date_time"  # YYYY-MM-DD HH:MM:SS.ff in UTC
    NUMBER = "number"  # a JSON number
    PHONE = "phone"  # E.164, such as +493012345678
    EMAIL = "email"  # the form in which e-mail addresses are names


class Decimal(StrEnum):
    """What stands before the fraction of a number."""

    POINT = "point"  # 1,234.50
    COMMA = "comma"  # 1.234,50


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Which steps to take. A list has each of its texts formatted; other values stay."""

    trim: bool = False  # delete the spaces at both ends
    quotes: bool = False  # delete the quotation marks at both ends
    # Delete all that is no letter, digit or space.
    special_characters: bool = False
    keep: str = ""  # the special characters that stay nevertheless
    case: Case | None = None  # None leaves letters as they are
    kind: Kind | None = None  # None leaves the text a text
    date_order: DateOrder = DateOrder.MONTH_FIRST  # for the kinds of dates
    decimal: Decimal = Decimal.POINT  # for numbers
    # For phones, ISO 3166 alpha-2: whose numbers those without a country code are. None: such a
    # number stays as it is.
    country: str | None = None


# First names as people type them: ` "anna-lena" ` is Anna-Lena, and O'Brien stays.
NAMES: Final = Format(
    trim=True, quotes=True, special_characters=True, keep="-'\u2019.", case=Case.TITLE
)


def work(settings: Format) -> Work:
    """What formats the source; an absent source stays absent."""
    change = changer(settings)

    def formatted(sources: Sequence[Source]) -> Value:
        return in_each_text(only(sources), change)

    return formatted


def changer(settings: Format) -> Callable[[str], Any]:
    """What formats one text."""
    steps: list[Callable[[str], Any]] = []
    if settings.special_characters:
        steps.append(partial(_without_special_characters, keep=frozenset(settings.keep)))
    ends = (_SPACES if settings.trim else "") + (QUOTES if settings.quotes else "")
    if ends:
        steps.append(lambda text: text.strip(ends))
    if settings.case is not None:
        steps.append(_CASES[settings.case])
    if settings.kind is not None:
        steps.append(_reader(settings, settings.kind))

    def change(text: str) -> Any:
        value: Any = text
        for step in steps:
            value = step(value)
        return value

    return change


def _without_special_characters(text: str, *, keep: frozenset[str]) -> str:
    if text.isalnum():
        return text
    return "".join(
        each
        for each in text
        if each.isspace() or each in keep or unicodedata.category(each)[0] in _KEPT
    )


def title(text: str) -> str:
    """The text with the first letter of each word in upper case; `anna-lena` is two words.

    The other letters stay, as in McDonald, unless none of them is in lower case: JOHN DOE is John
    Doe.
    """
    shouted = not any(each.islower() for word in _WORD.findall(text) for each in word[1:])

    def capitalized(match: re.Match[str]) -> str:
        word = match[0]
        first, rest = _upper_first(word[0]), word[1:]
        return first + (rest.lower() if shouted else rest)

    return _WORD.sub(capitalized, text)


def _upper_first(letter: str) -> str:
    # A letter whose upper case is two letters, such as the German sharp s, stays.
    upper = letter.title()
    return upper if len(upper) == 1 else letter


_CASES: Final[dict[Case, Callable[[str], str]]] = {
    Case.TITLE: title,
    Case.UPPER: str.upper,
    Case.LOWER: str.lower,
}


def number(text: str, *, decimal: Decimal) -> int | float | None:
    """The number that the text names, with or without a currency's sign; None for none.

    An integer beyond 64 bits is none: readers of JSON would round it.
    """
    if len(text) > MAX_NUMBER_CHARS:
        return None
    bare = "".join(each for each in text if not _is_beside_digits(each))
    if decimal is Decimal.COMMA:
        bare = bare.translate(_SWAP)
    match = _NUMBER.fullmatch(bare)
    if match is None:
        return None
    digits = bare.replace(",", "")
    if match["fraction"] is not None:
        return float(digits)
    whole = int(digits)
    return whole if -INTEGER_LIMIT < whole < INTEGER_LIMIT else None


def _is_beside_digits(each: str) -> bool:
    # Spaces, the Swiss apostrophe between thousands, and signs of currencies.
    return each.isspace() or each in "'\u2019" or unicodedata.category(each) == "Sc"


def _phone(text: str, *, country: str | None) -> str | None:
    try:
        return phones.e164(text, default_country=country)
    except phones.NoPhone:
        return None


def _email(text: str) -> str | None:
    name = names.read("email", text, NameRules())
    return name.value if isinstance(name, Name) else None


def _reader(settings: Format, kind: Kind) -> Callable[[str], Any]:
    read: Callable[[str], Any]
    match kind:
        case Kind.DATE:
            read = partial(dates.date, order=settings.date_order)
        case Kind.DATE_TIME:
            read = partial(dates.date_time, order=settings.date_order)
        case Kind.NUMBER:
            read = partial(number, decimal=settings.decimal)
        case Kind.PHONE:
            read = partial(_phone, country=settings.country)
        case Kind.EMAIL:
            read = _email

    def as_read_or_as_it_is(text: str) -> Any:
        value = read(text)
        return text if value is None else value

    return as_read_or_as_it_is
