"""copy and deepcopy without __reduce_ex__, which reaches any object's insides."""

from __future__ import annotations

import copy as _real
import enum
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any, Final

from sandbox.engines.restricted import given, kinds

_CONTAINERS: Final = frozenset({list, dict, set, deque, defaultdict, OrderedDict, Counter})
_VALUES: Final[tuple[type, ...]] = (str, int, float, frozenset, enum.Enum)


class Memo:
    """What is copied already; user code hands it through, and cannot look inside.

    The keys are memory addresses, and each original is kept so that its address stays its own.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}

    def __repr__(self) -> str:
        return "<memo>"


def copy(value: Any) -> Any:
    """A shallow copy of containers and of instances of yours; anything else itself."""
    kind = type(value)
    if kind in _CONTAINERS:
        return _real.copy(value)
    if not kinds.is_user_class(kind):
        _refuse_capability(value)
        return value
    return value.__copy__() if kinds.has_own(kind, "__copy__") else _instance(value)


def deepcopy(value: Any, memo: Any = None) -> Any:
    """A deep copy of containers and of instances of yours; anything else itself."""
    return _deep(value, memo if type(memo) is Memo else Memo())


def _deep(value: Any, memo: Memo) -> Any:
    table = memo._made  # noqa: SLF001 - ours
    if id(value) in table:
        return table[id(value)][1]
    kind = type(value)
    if kinds.is_user_class(kind):
        if kinds.has_own(kind, "__deepcopy__"):
            made = value.__deepcopy__(memo)
            table[id(value)] = (value, made)
            return made
        made = _tuple(value, memo) if isinstance(value, tuple) else _instance(value)
    elif kind in _CONTAINERS:
        made = _real.copy(value)
    elif kind is tuple or kind is frozenset:
        return kind(_deep(item, memo) for item in value)
    else:
        _refuse_capability(value)
        return value
    table[id(value)] = (value, made)
    if made is not value:
        _deepen(made, memo)
    return made


def _refuse_capability(value: Any) -> None:
    kind = type(value)
    ours = kind.__module__.startswith("sandbox.") and kind not in given.TYPES
    if kind in given.CAPABILITIES or (ours and not isinstance(value, Exception)):
        raise TypeError("this cannot be copied")


def _deepen(made: Any, memo: Memo) -> None:
    base: Any
    if isinstance(made, dict):
        base = OrderedDict if isinstance(made, OrderedDict) else dict
        for key, item in list(base.items(made)):
            base.__setitem__(made, key, _deep(item, memo))
    elif isinstance(made, list | deque):
        base = list if isinstance(made, list) else deque
        for index, item in enumerate(list(base.__iter__(made))):
            base.__setitem__(made, index, _deep(item, memo))
    state = _state(made)
    for name, item in list(state.items()):
        state[name] = _deep(item, memo)


def _state(value: Any) -> dict[str, Any]:
    own = kinds.is_user_class(type(value)) and hasattr(value, "__dict__")
    return vars(value) if own else {}


def _tuple(value: Any, memo: Memo) -> Any:
    made = tuple.__new__(type(value), [_deep(item, memo) for item in tuple.__iter__(value)])
    _state(made).update(_state(value))
    return made


def _instance(value: Any) -> Any:
    """A copy of an instance of a class of the user's, made without a call of its `__init__`."""
    if isinstance(value, (*_VALUES, tuple)) or not hasattr(value, "__dict__"):
        return value
    kind: Any = type(value)
    made = kind.__new__(kind)
    for base in (OrderedDict, dict, set, list):
        if isinstance(value, base):
            _fill(made, value, base)
            break
    _state(made).update(_state(value))
    return made


def _fill(made: Any, value: Any, base: Any) -> None:
    if isinstance(value, defaultdict):
        made.default_factory = value.default_factory
    if base is list:
        list.extend(made, list.__iter__(value))
    elif base is set:
        set.update(made, set.__iter__(value))
    else:
        for key, item in base.items(value):
            base.__setitem__(made, key, item)
