"""The modules enum, dataclasses and typing, as far as functions need them."""

from __future__ import annotations

import collections
import enum
from typing import Any, Final

from sandbox.engines.restricted import classes, kinds
from sandbox.engines.restricted.dataclass import (
    FrozenInstanceError,
    asdict,
    astuple,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)
from sandbox.engines.restricted.facade import Marker


class Hint:
    """Stands for every type in typing. Subscripts, `|` and calls give it back, unchecked."""

    __slots__ = ()
    __iter__ = None  # else Python would iterate by `__getitem__`, which never ends

    def __getitem__(self, _: Any) -> Hint:
        return self

    def __or__(self, _: Any) -> Hint:
        return self

    def __ror__(self, _: Any) -> Hint:
        return self

    def __call__(self, *_: Any, **__: Any) -> Hint:
        """The hint itself."""
        return self

    def __repr__(self) -> str:
        return "typing"


HINT: Final = Hint()


def _make_namedtuple(name: str, namespace: dict[str, Any]) -> type:
    names = list(namespace.get("__annotations__", {}))
    defaults = [namespace[key] for key in names if key in namespace]
    base: Any = collections.namedtuple(name, names, defaults=defaults)  # type: ignore[misc]  # noqa: PYI024 - the fields are the user's
    kinds.adopt(base, by_library=True)
    own = {key: value for key, value in namespace.items() if key not in names}
    own.pop("__annotations__", None)
    return classes.make_class(name, (base,), own) if _has_methods(own) else base


def _has_methods(namespace: dict[str, Any]) -> bool:
    return any(not key.startswith("__") or callable(value) for key, value in namespace.items())


def _unique(cls: Any) -> Any:
    if not kinds.is_user_class(cls) or not isinstance(cls, enum.EnumType):
        raise TypeError("unique() takes an enumeration of yours")
    enumeration: Any = cls
    return enum.unique(enumeration)


def _make_typed_dict(_name: str, _namespace: dict[str, Any]) -> type:
    return dict


def _make_plain(name: str, namespace: dict[str, Any]) -> Any:
    return classes.make_class(name, (), namespace)


def _cast(_type: Any, value: Any) -> Any:
    return value


def _same(value: Any) -> Any:
    return value


def _new_type(_name: str, kind: Any) -> Any:
    return kind if callable(kind) else _same


_HINTS: Final = (
    "Any Optional Union List Dict Set FrozenSet Tuple Type Callable Iterable Iterator Mapping "
    "MutableMapping Sequence Generator Literal Final ClassVar Annotated TypeAlias TypeVar Self "
    "NoReturn Never Hashable Collection Required NotRequired DefaultDict Deque Counter"
)

MODULES: Final[dict[str, dict[str, Any]]] = {
    "enum": {
        "Enum": classes.Enum,
        "IntEnum": classes.IntEnum,
        "StrEnum": classes.StrEnum,
        "auto": enum.auto,
        "unique": _unique,
    },
    "dataclasses": {
        "FrozenInstanceError": FrozenInstanceError,
        "asdict": asdict,
        "astuple": astuple,
        "dataclass": dataclass,
        "field": field,
        "fields": fields,
        "is_dataclass": is_dataclass,
        "replace": replace,
    },
    "typing": dict.fromkeys(_HINTS.split(), HINT)
    | {
        "TYPE_CHECKING": False,
        "NamedTuple": Marker(_make_namedtuple),
        "TypedDict": Marker(_make_typed_dict),
        "Protocol": Marker(_make_plain),
        "NewType": _new_type,
        "cast": _cast,
        "overload": _same,
        "final": _same,
    },
}
