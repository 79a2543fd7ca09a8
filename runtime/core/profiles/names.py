"""Names: the texts by which a tenant's systems know one person, each in one published form.

Two names are the same if they are equal after `read`. So what `read` does may not change for a
tenant who has profiles: the names that are stored would no longer be met.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from runtime.core import preconditions
from runtime.core.events.envelope import (
    MAX_IDENTIFIER_CHARS,
    MAX_OWN_KINDS,
    NAME_KINDS,
    OWN_KIND_RULE,
    ProfileRef,
    is_own_kind,
)
from runtime.core.profiles import phones
from runtime.errors import BadInput, Place

MAX_NAME_BYTES: Final = 1024  # in UTF-8, after normalisation; the envelope's limit for identifiers
DEFAULT_MAX_VALUES: Final = 5
# A merge moves all names of a person in one transaction, which has at most 100 items: nine kinds of
# ten names leave room for the profiles and their snapshots.
MAX_VALUES: Final = 10
MAX_BLOCKED: Final = 200  # values of a tenant's own; the rules are one record of at most 400 KB
_SHOWN_CHARS: Final = 256  # of a name that is kept to show why it is not used
# Controls, and the halves of surrogate pairs, which UTF-8 cannot express.
_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# RFC 5322 allows none of these in an address without quotes; nobody has an address with them.
_NOT_IN_EMAIL: Final = re.compile(r"[\s@<>()\[\],;:\\\"]")
# What programs and people write where they have no value. A person with such a name would be merged
# with everybody else who has it. Compared without regard to case.
BLOCKED: Final = frozenset(
    {
        "(null)",
        "[object object]",
        "anonymous",
        "email@email.com",
        "false",
        "guest",
        "n/a",
        "na",
        "nan",
        "nil",
        "no@email.com",
        "noemail@noemail.com",
        "none",
        "none@none.com",
        "null",
        "null@null.com",
        "test",
        "test@example.com",
        "test@test.com",
        "true",
        "undefined",
        "unknown",
    }
)
# `0`, `00000`, `00000000-0000-0000-0000-000000000000`, `-1` and `---`.
_BLOCKED_DIGITS: Final = re.compile(r"[0\-]+|-1")


class Name(NamedTuple):
    """One name of a person, as it is looked up."""

    kind: str  # one of NAME_KINDS, or one of the tenant's own kinds
    value: str  # normalised


class Unusable(NamedTuple):
    """A text that is not used as a name; it is kept and shown, so that somebody can mend it."""

    kind: str
    # The text as it came, at most 256 characters of it, with `\\x..` for what is no printable text.
    value: str
    reason: str  # a sentence for people, without the text itself


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRules:
    """How a tenant's names are read, and which of them may join people."""

    # ISO 3166 alpha-2: whose numbers those without a country code are. None: such a number is not
    # used as a name.
    default_country: str | None = None
    # Whether `Ada@example.com` and `ada@example.com` are one address. The part before the @ may be
    # told apart by case as RFC 5321 has it; hardly any provider does.
    lower_local_part: bool = True
    own_kinds: tuple[str, ...] = ()  # the tenant's own kinds of names, the strongest first
    # How many names of a kind one person may have: kind -> 1 to MAX_VALUES, DEFAULT_MAX_VALUES for
    # a kind without an entry. 1: the name is unique per profile.
    max_values: Mapping[str, int] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()  # values that name nobody, in lower case, beside BLOCKED

    def to_json(self) -> dict[str, Any]:
        """The rules as the API shows and takes them."""
        return {
            "default_country": self.default_country,
            "lower_local_part": self.lower_local_part,
            "own_kinds": list(self.own_kinds),
            "max_values": {kind: self.max_values_of(kind) for kind in self.kinds},
            "blocked": sorted(self.blocked),
        }

    @property
    def etag(self) -> str:
        """A digest of the rules."""
        return preconditions.etag(self)

    def reads_like(self, other: "NameRules") -> bool:
        """Whether both give every text the same form: what may not change for known people."""
        return (self.default_country, self.lower_local_part) == (
            other.default_country,
            other.lower_local_part,
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of names, the strongest first."""
        return (*NAME_KINDS, *self.own_kinds)

    def max_values_of(self, kind: str) -> int:
        """How many names of this kind one person may have."""
        return self.max_values.get(kind, DEFAULT_MAX_VALUES)


class Named(NamedTuple):
    """What an event says of who it is about."""

    names: tuple[Name, ...]  # the strongest first
    unusable: tuple[Unusable, ...]


def read(kind: str, text: str, rules: NameRules) -> Name | Unusable:
    """The name that a text is by the tenant's rules, or why it is none; never raises.

    The value of the name, read again, gives the same name.
    """
    try:
        return Name(kind, _value(kind, text, rules))
    except (_NotUsed, phones.NoPhone) as problem:
        # `null` is no e-mail address, but that it is blocked says more.
        blocked = _is_blocked(text.strip(), rules)
        return Unusable(kind, _shown(text), _BLOCKED if blocked else str(problem))


def parse_rules(raw: object) -> NameRules:
    """Read a tenant's rules from JSON; what is left out has its default.

    Raises:
        BadInput: code `bad_identity`; the error names the field and the fix.
    """
    if not isinstance(raw, Mapping):
        raise _bad("the rules are a JSON object", ())
    if unknown := sorted(set(raw) - _RULES):
        raise _bad(f"unknown; known are {', '.join(sorted(_RULES))}", (str(unknown[0]),))
    own_kinds = _own_kinds(raw.get("own_kinds", []))
    lower_local_part = raw.get("lower_local_part", True)
    if not isinstance(lower_local_part, bool):
        raise _bad("must be true or false", ("lower_local_part",))
    return NameRules(
        default_country=_country(raw.get("default_country")),
        lower_local_part=lower_local_part,
        own_kinds=own_kinds,
        max_values=_max_values(raw.get("max_values", {}), (*NAME_KINDS, *own_kinds)),
        blocked=_blocked(raw.get("blocked", [])),
    )


_RULES: Final = frozenset(
    {"default_country", "lower_local_part", "own_kinds", "max_values", "blocked"}
)


def _bad(message: str, at: Place) -> BadInput:
    return BadInput(message, field=at, code="bad_identity")


def _country(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not phones.is_country(value):
        raise _bad("must be an ISO 3166 code such as DE, or null", ("default_country",))
    return value


def _own_kinds(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_OWN_KINDS:
        raise _bad(f"must be a list of at most {MAX_OWN_KINDS} kinds", ("own_kinds",))
    for position, kind in enumerate(value):
        at: Place = ("own_kinds", position)
        if not isinstance(kind, str) or not is_own_kind(kind):
            raise _bad(f"a kind of names is {OWN_KIND_RULE}", at)
        if kind in value[:position]:
            raise _bad("stands in the list twice", at)
    return tuple(value)


def _max_values(value: object, kinds: tuple[str, ...]) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        raise _bad("must be an object: how many names of each kind", ("max_values",))
    for kind, limit in value.items():
        at: Place = ("max_values", str(kind))
        if kind not in kinds:
            raise _bad(f"unknown kind; known are {', '.join(kinds)}", at)
        if type(limit) is not int or not 1 <= limit <= MAX_VALUES:
            raise _bad(f"must be a whole number from 1 to {MAX_VALUES}", at)
    return {kind: limit for kind, limit in value.items() if limit != DEFAULT_MAX_VALUES}


def _blocked(value: object) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > MAX_BLOCKED:
        raise _bad(f"must be a list of at most {MAX_BLOCKED} values", ("blocked",))
    for position, text in enumerate(value):
        usable = isinstance(text, str) and text.strip() and not _NOT_TEXT.search(text)
        if not usable or len(text) > MAX_IDENTIFIER_CHARS:
            raise _bad(
                f"must be a text of 1 to {MAX_IDENTIFIER_CHARS} characters",
                ("blocked", position),
            )
    return frozenset(unicodedata.normalize("NFC", text.strip().lower()) for text in value)


def of(ref: ProfileRef, rules: NameRules) -> Named:
    """The names by which an event names its person, and the texts that are not used as names."""
    texts = ref.names_by_kind()
    known = [kind for kind in rules.kinds if kind in texts]
    answers: Sequence[Name | Unusable] = [
        read(kind, texts[kind], rules) for kind in (*known, *sorted(texts.keys() - set(known)))
    ]
    return Named(
        tuple(answer for answer in answers if isinstance(answer, Name)),
        tuple(answer for answer in answers if isinstance(answer, Unusable)),
    )


_BLOCKED: Final = "the value is blocked: it is used for many people"
_TOO_LONG: Final = f"it has more than {MAX_NAME_BYTES} bytes"


class _NotUsed(Exception):
    """The text is no name; the message is the reason."""


def _value(kind: str, text: str, rules: NameRules) -> str:
    if kind not in rules.kinds:
        raise _NotUsed("no such kind of name is declared")
    if len(text) > MAX_NAME_BYTES:  # before any work on it: each character is a byte or more
        raise _NotUsed(_TOO_LONG)
    if _NOT_TEXT.search(text):
        raise _NotUsed("it has control characters or is no Unicode text")
    value = _of_kind(kind, unicodedata.normalize("NFC", text.strip()), rules)
    if not value:
        raise _NotUsed("it is empty")
    if len(value.encode()) > MAX_NAME_BYTES:
        raise _NotUsed(_TOO_LONG)
    if _is_blocked(value, rules) or _is_blocked(text.strip(), rules):
        raise _NotUsed(_BLOCKED)
    return value


def _of_kind(kind: str, value: str, rules: NameRules) -> str:
    match kind:
        case "email":
            return _email(value, lower_local_part=rules.lower_local_part)
        case "phone":
            return phones.e164(value, default_country=rules.default_country)
        case _:
            return value


def _email(value: str, *, lower_local_part: bool) -> str:
    local, at, domain = value.rpartition("@")
    if not at:
        raise _NotUsed("an e-mail address has an @")
    if not local or "." not in domain or not all(domain.split(".")):
        raise _NotUsed("an e-mail address has a name before the @ and a domain after it")
    if _NOT_IN_EMAIL.search(local) or _NOT_IN_EMAIL.search(domain):
        raise _NotUsed('an e-mail address has no blanks and none of @<>()[],;:\\"')
    local = local.lower() if lower_local_part else local
    # Lower case can take marks apart from their letters, as of İ.
    return unicodedata.normalize("NFC", f"{local}@{domain.lower()}")


def _is_blocked(value: str, rules: NameRules) -> bool:
    text = unicodedata.normalize("NFC", value.lower())
    return text in BLOCKED or text in rules.blocked or bool(_BLOCKED_DIGITS.fullmatch(text))


def _shown(text: str) -> str:
    start = text[:_SHOWN_CHARS]
    return _NOT_TEXT.sub(lambda match: f"\\x{ord(match[0]):02x}", start)[:_SHOWN_CHARS]
