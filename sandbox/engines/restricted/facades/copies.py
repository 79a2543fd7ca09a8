"""copy and deepcopy without __reduce_ex__, which reaches any object's insides."""

from __future__ import annotations

import copy as _real
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

from sandbox.engines.restricted.facade import Facade
from sandbox.engines.restricted.given import CAPABILITIES
from sandbox.engines.restricted.guards import is_user_class

_CONTAINERS = frozenset({list, dict, set, deque, defaultdict, OrderedDict, Counter})
_VALUES: tuple[type, ...] = (str, int, float, tuple)


def copy(value: Any) -> Any:
    """A shallow copy of containers and of instances of yours; anything else itself."""
    if is_user_class(type(value)):
        return _instance(value, _state(value))
    _refuse_capability(value)
    return _real.copy(value) if type(value) in _CONTAINERS else value


def deepcopy(value: Any) -> Any:
    """A deep copy of containers and of instances of yours; anything else itself."""
    return _deep(value, {})


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    if id(value) in memo:
        return memo[id(value)]
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return kind(_deep(item, memo) for item in value)
    if kind in _CONTAINERS or is_user_class(kind):
        made = memo[id(value)] = copy(value)
        _deepen(made, memo)
        return made
    _refuse_capability(value)
    return value


def _refuse_capability(value: Any) -> None:
    if type(value) in CAPABILITIES or type(value) is Facade:
        raise TypeError("this cannot be copied")


def _deepen(made: Any, memo: dict[int, Any]) -> None:
    if isinstance(made, dict):
        for key, item in list(made.items()):
            dict.__setitem__(made, key, _deep(item, memo))
    elif isinstance(made, list | deque):
        for index, item in enumerate(list(made)):
            base: Any = list if isinstance(made, list) else deque
            base.__setitem__(made, index, _deep(item, memo))
    for name, item in list(_state(made).items()):
        made.__dict__[name] = _deep(item, memo)


def _state(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(value, "__dict__", {}) if is_user_class(type(value)) else {}
    return found


def _instance(value: Any, state: dict[str, Any]) -> Any:
    kind: Any = type(value)
    if isinstance(value, _VALUES) or not hasattr(value, "__dict__"):
        return value
    made = kind.__new__(kind)
    if isinstance(value, dict | set):
        made.update(value)
    elif isinstance(value, list):
        made.extend(value)
    made.__dict__.update(state)
    return made
