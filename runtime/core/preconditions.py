"""Conditional requests: the ETag of a record, and what a caller demands of it (RFC 9110, 13)."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime.errors import BadInput, PreconditionFailed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_OPAQUE: Final = r'"[!\x23-\x7e\x80-\xff]*"'
_TAG: Final = re.compile(rf"(W/)?({_OPAQUE})")
_ANY: Final = "*"
# The value of `If-Match` and `If-None-Match`: `*`, or a list of ETags.
CONDITION: Final = re.compile(rf"\*|(?:W/)?{_OPAQUE}(?:[ \t]*,[ \t]*(?:W/)?{_OPAQUE})*")


def etag(record: "DataclassInstance") -> str:
    """A digest of all that a record holds. Two records with the same one are the same.

    It does not tell 1 from 1.0, the order of an object's members, or a field that is None from one
    that the record does not have: a store gives these back in another form than it got them.
    """
    text = json.dumps(_plain(record), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class IfMatch:
    """The records that a caller's change is meant for."""

    etags: frozenset[str] | None = None  # without quotes; None: whatever is there

    def check(self, current: str) -> None:
        """Refuse a change of a record that has another ETag.

        Raises:
            PreconditionFailed: with the current ETag.
        """
        if self.etags is not None and current not in self.etags:
            raise PreconditionFailed(current)


ANY: Final = IfMatch()


def if_match(header: str | None) -> IfMatch:
    """Read the header `If-Match`; without one, anything matches.

    A weak ETag (`W/"…"`) matches nothing: it does not promise that the record is the same.

    Raises:
        BadInput: code `bad_condition`.
    """
    if header is None or _checked(header, name="If-Match") == _ANY:
        return ANY
    return IfMatch(etags=frozenset(tag for weak, tag in _tags(header) if not weak))


def is_known(header: str | None, current: str) -> bool:
    """Whether the caller has what it asks for already, by its header `If-None-Match`.

    Raises:
        BadInput: code `bad_condition`.
    """
    if header is None:
        return False
    if _checked(header, name="If-None-Match") == _ANY:
        return True
    return current in {tag for _, tag in _tags(header)}


def _checked(header: str, *, name: str) -> str:
    text = header.strip(" \t")
    if CONDITION.fullmatch(text) is None:
        raise BadInput(
            'must be * or ETags in quotes, such as "5d41402a", with commas between them',
            field=name,
            code="bad_condition",
        )
    return text


def _tags(header: str) -> list[tuple[str, str]]:
    return [(weak, quoted[1:-1]) for weak, quoted in _TAG.findall(header)]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        named = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _plain(held) for name, held in named if held is not None}
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, frozenset):
        return sorted(_plain(held) for held in value)
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
