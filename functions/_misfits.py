"""Says what of a request does not fit: each wrong field with its JSON pointer (RFC 6901)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from pydantic import AfterValidator, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from runtime.errors import BadInput, EventsRejected, Place, written

T = TypeVar("T")
# What pydantic calls an error, and what we promise to call it.
_CODES: Final = {"missing": "missing_field", "extra_forbidden": "unknown_field"}
_OTHER_CODE: Final = "bad_field"
MISFIT_CODES: Final = (*_CODES.values(), _OTHER_CODE)
REQUEST: Final = "request"  # the context in which pydantic reads what callers send
_RULE: Final = "rule"  # pydantic's name for a refusal by the core


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One value that does not fit."""

    place: Place  # inside of the body, the query or the path's parameters; empty for the whole
    code: str
    message: str

    @property
    def field(self) -> str:
        """The place as people write it, such as `topics[0]`."""
        return written(self.place)

    @property
    def pointer(self) -> str:
        """The place as RFC 6901 writes it, such as `/topics/0`."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.place)

    def shown(self) -> dict[str, str]:
        """The misfit as a problem document lists it."""
        return {
            "pointer": self.pointer,
            "field": self.field,
            "code": self.code,
            "message": self.message,
        }


class BadRequest(BadInput):
    """The body, the query or the path does not fit its model.

    Attributes:
        misfits: every value that does not fit, in order.
    """

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        first = misfits[0]
        super().__init__(first.message, field=first.place, code=first.code)
        self.misfits = tuple(misfits)

    @classmethod
    def of(cls, problem: ValidationError, raw: object) -> Self:
        """What pydantic found in `raw`. A field that may be of several kinds is named once."""
        found: dict[tuple[Place, str], list[str]] = {}
        for error in problem.errors():
            place = _place(error["loc"], raw, is_missing=error["type"] == "missing")
            rule = error.get("ctx", {}) if error["type"] == _RULE else {}
            code = rule.get("code") or _CODES.get(error["type"], _OTHER_CODE)
            key = (place + rule.get("inside", ()), code)
            found.setdefault(key, []).append(str(error["msg"]))
        return cls(
            [
                Misfit(place=place, code=code, message="; or: ".join(messages))
                for (place, code), messages in found.items()
            ]
        )


def misfits(error: BadInput) -> tuple[Misfit, ...]:
    """Every value for which a request was refused."""
    if isinstance(error, BadRequest):
        return error.misfits
    if isinstance(error, EventsRejected):
        return tuple(_rejected(error))
    return (Misfit(place=error.place, code=error.code, message=error.message),)


def read_by(read: Callable[[Any], object]) -> AfterValidator:
    """Have a field of a request hold what the core makes of it.

    Args:
        read: makes the value; raises BadInput for one that it refuses.
    """
    return AfterValidator(
        lambda value, info: judge_now(lambda: read(value), depth=1) if _is_sent(info) else value
    )


def judged_by(check: Callable[[Any], object], *, depth: int = 1) -> AfterValidator:
    """Have a field of a request judged by the core's rule, together with all other fields.

    A rule that the use case alone applies would be named after the caller has mended everything
    else. What we show of our own records is not judged: it was right when it was stored.

    Args:
        check: raises BadInput for a value that the rule refuses.
        depth: how many steps of the error's `field` lead to the value itself.
    """

    def judge(value: Any, info: ValidationInfo) -> Any:
        if _is_sent(info):
            judge_now(lambda: check(value), depth=depth)
        return value

    return AfterValidator(judge)


def judge_now(check: Callable[[], T], *, depth: int) -> T:
    """Run a rule inside of a validator; its refusal becomes one of pydantic's errors."""
    try:
        return check()
    except BadInput as refusal:
        inside = refusal.place[depth:]
        details = {"code": refusal.code, "inside": inside, "message": refusal.message}
        raise PydanticCustomError(_RULE, "{message}", details) from refusal


def _is_sent(info: ValidationInfo) -> bool:
    """Whether a caller has sent this; else it is a record of ours."""
    return bool(info.context == REQUEST)


def _place(loc: Sequence[int | str], raw: object, *, is_missing: bool) -> Place:
    """The place of a value, without the kinds that pydantic names between and behind the fields."""
    place: list[str | int] = []
    for n, part in enumerate(loc, 1):
        if isinstance(raw, Mapping) and isinstance(part, str):
            if part in raw:
                raw = raw[part]
            elif not (is_missing and n == len(loc)):
                continue
            place.append(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
            place.append(part)
    return tuple(place)


def _rejected(error: EventsRejected) -> Iterable[Misfit]:
    for each in error.rejected:
        around = (error.at, each.index) if error.at else ()
        place = (*around, *each.problem.place)
        yield Misfit(place=place, code=each.code, message=each.message)
