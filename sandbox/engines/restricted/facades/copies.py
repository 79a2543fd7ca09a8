"""copy and deepcopy without `__reduce_ex__`, which gives access to the inside of any object."""

from __future__ import annotations

import copy as _real
import enum
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any, Final

from sandbox.engines.restricted import kinds, sdk_objects

_CONTAINERS: Final = frozenset({list, dict, set, deque, defaultdict, OrderedDict, Counter})
_VALUES: Final[tuple[type, ...]] = (str, int, float, frozenset, enum.Enum)


class Memo:
    """The copies that one deepcopy has made. User code passes it on, and cannot look inside.

    Its keys are the originals' addresses. It holds each original too, so that no other object gets
    that address meanwhile.
    """

    __slots__ = ("_copies",)

    def __init__(self) -> None:
        self._copies: dict[int, tuple[Any, Any]] = {}

    def __repr__(self) -> str:
        return "<memo>"


def copy(value: Any) -> Any:
    """A shallow copy of a container or of an instance of a user's class; other values themselves.

    Raises:
        TypeError: `value` is an object of the platform, which cannot be copied.
    """
    kind = type(value)
    if kind in _CONTAINERS:
        return _real.copy(value)
    if not kinds.is_user_class(kind):
        _refuse_capability(value)
        return value
    return value.__copy__() if kinds.has_own(kind, "__copy__") else _instance(value)


def deepcopy(value: Any, memo: Any = None) -> Any:
    """A deep copy of a container or of an instance of a user's class; other values themselves.

    Raises:
        TypeError: `value` is, or holds, an object of the platform, which cannot be copied.
    """
    return _deep(value, memo if type(memo) is Memo else Memo())


def _deep(value: Any, memo: Memo) -> Any:
    table = memo._copies  # noqa: SLF001 - ours
    if id(value) in table:
        return table[id(value)][1]
    kind = type(value)
    if kinds.is_user_class(kind):
        if kinds.has_own(kind, "__deepcopy__"):
            duplicate = value.__deepcopy__(memo)
            table[id(value)] = (value, duplicate)
            return duplicate
        duplicate = _tuple(value, memo) if isinstance(value, tuple) else _instance(value)
    elif kind in _CONTAINERS:
        duplicate = _real.copy(value)
    elif kind is tuple or kind is frozenset:
        return kind(_deep(item, memo) for item in value)
    else:
        _refuse_capability(value)
        return value
    table[id(value)] = (value, duplicate)
    if duplicate is not value:
        _deepen(duplicate, memo)
    return duplicate


def _refuse_capability(value: Any) -> None:
    kind = type(value)
    ours = kind.__module__.startswith("sandbox.") and kind not in sdk_objects.TYPES
    if kind in sdk_objects.CAPABILITIES or (ours and not isinstance(value, Exception)):
        raise TypeError("this cannot be copied")


def _deepen(duplicate: Any, memo: Memo) -> None:
    base: Any
    if isinstance(duplicate, dict):
        base = OrderedDict if isinstance(duplicate, OrderedDict) else dict
        for key, item in list(base.items(duplicate)):
            base.__setitem__(duplicate, key, _deep(item, memo))
    elif isinstance(duplicate, list | deque):
        base = list if isinstance(duplicate, list) else deque
        for index, item in enumerate(list(base.__iter__(duplicate))):
            base.__setitem__(duplicate, index, _deep(item, memo))
    state = _state(duplicate)
    for name, item in list(state.items()):
        state[name] = _deep(item, memo)


def _state(value: Any) -> dict[str, Any]:
    own = kinds.is_user_class(type(value)) and hasattr(value, "__dict__")
    return vars(value) if own else {}


def _tuple(value: Any, memo: Memo) -> Any:
    duplicate = tuple.__new__(type(value), [_deep(item, memo) for item in tuple.__iter__(value)])
    _state(duplicate).update(_state(value))
    return duplicate


def _instance(value: Any) -> Any:
    """A copy of an instance of a user's class, made without a call of its `__init__`."""
    if isinstance(value, (*_VALUES, tuple)) or not hasattr(value, "__dict__"):
        return value
    kind: Any = type(value)
    duplicate = kind.__new__(kind)
    for base in (OrderedDict, dict, set, list):
        if isinstance(value, base):
            _fill(duplicate, value, base)
            break
    _state(duplicate).update(_state(value))
    return duplicate


def _fill(duplicate: Any, value: Any, base: Any) -> None:
    if isinstance(value, defaultdict):
        duplicate.default_factory = value.default_factory
    if base is list:
        list.extend(duplicate, list.__iter__(value))
    elif base is set:
        set.update(duplicate, set.__iter__(value))
    else:
        for key, item in base.items(value):
            base.__setitem__(duplicate, key, item)
