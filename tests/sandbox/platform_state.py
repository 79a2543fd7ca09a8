"""What is the platform's in a worker, whether any of it has changed, and whether a value is it."""

import _strptime
import collections
import contextlib
import decimal
import encodings
import functools
import gc
import hmac
import itertools
import re
import sys
import types
import weakref
import zoneinfo
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox import wire
from sandbox.engines.restricted import attributes, classes, context, dataclass, errors, guards, kinds
from sandbox.engines.restricted.facade import Facade
from sandbox.engines.restricted.facades import FACADES, MODULES
from sandbox.engines.restricted.names import SOURCE_NAME

_INSIDES = (
    types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, types.CellType,
)  # fmt: skip
# What C code checks for itself, whatever it is called for.
_DESCRIPTORS = (
    types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, types.ClassMethodDescriptorType,
)  # fmt: skip
_PLAIN = (
    str, int, float, bytes, complex, type(None), type(NotImplemented), type(...), range, slice,
)  # fmt: skip
# They would read files, or call and read whatever they are given.
_NEVER = (zoneinfo.ZoneInfo, hmac.HMAC, functools._lru_cache_wrapper)
_CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)
# What was warned of, a flag's opposite, the dict that a class gets when it is asked for one, dice.
_REMEMBERED = frozenset({"__warningregistry__", "_inverted_", "__annotations__", "gauss_next"})
_MANY = 40
_LOOKED_AT_MAX = 3000
_DEPTH = 4
_PLACES = re.compile(r"/(usr|root|home|opt|work|var|tmp|lib|private|Users)/|\.py\b")


class Platform:
    """Everything that was there before user code."""

    def __init__(self, user_globals: dict[str, Any], leave_out: list[Any]) -> None:
        self.modules = {name: dict(members) for name, members in MODULES.items()}
        self._user_globals = user_globals
        self.shown = self._shown_values()
        self._kept = re.compile("(?P<a>x)(y)?")  # of the platform's, and what the zoo compiles too
        gc.collect()
        for item in gc.get_objects():
            with contextlib.suppress(Exception):
                vars(item)  # makes the dict of an instance, which is looked at as well
        gc.collect()
        mine = {id(self), id(self.__dict__), id(self.shown), id(user_globals), *map(id, leave_out)}
        self._all = [item for item in _everything() if id(item) not in mine]
        self._ids = {id(item) for item in self._all}
        self._caches = _caches(self._all)

    def _shown_values(self) -> dict[int, Any]:
        table = self._user_globals["__builtins__"]
        values = [*table.values(), *FACADES.values()]
        values += [value for members in MODULES.values() for value in members.values()]
        values += [kind for kind in attributes.INSTANCE if kind.__module__[:8] != "sandbox."]
        values = [value for value in values if not any(value is kind for kind in _NEVER)]
        values += [errors.shown_class(kind) for kind in _all_subclasses(Exception)]
        values += [object, type(None), dataclass._MISSING, classes._TRACE, *guards._TEXT_METHODS.values()]
        # Why a Decimal could not be made: classes of exceptions, which may be raised and caught.
        values += [kind for kind in vars(decimal).values() if isinstance(kind, type)]
        return {id(value): value for value in values}

    # Changes

    def state(self) -> dict[int, Any]:
        """What each object of the platform holds, by identity."""
        return {id(item): _held(item) for item in self._all if id(item) not in self._caches}

    def changes(self, before: dict[int, Any]) -> list[str]:
        """In words, which objects hold something else now."""
        return [
            f"{type(item).__name__} {_shortly(item)}: {_difference(before[id(item)], _held(item))}"
            for item in self._all
            if id(item) in before and before[id(item)] != _held(item)
        ]

    # What a value is

    def suspicious(self, value: Any) -> list[str]:
        """What user code could get out of this value that is the platform's."""
        found: list[str] = []
        seen: set[int] = set()
        waiting = [(value, 0)]
        while waiting and len(seen) < _LOOKED_AT_MAX:
            item, depth = waiting.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            problem = self._problem(item)
            if problem:
                found.append(problem)
            elif depth < _DEPTH:
                waiting += [(part, depth + 1) for part in _parts(item)]
        return found

    def _problem(self, item: Any) -> str:
        if id(item) in self.shown or isinstance(item, (*_PLAIN, tuple, frozenset)):
            return "".join(self.paths(item)) if type(item) is str else ""
        kind = type(item)
        if isinstance(item, _DESCRIPTORS):
            return ""
        if isinstance(item, _INSIDES):
            return f"{kind.__name__} {_shortly(item)}"
        owner = getattr(item, "__self__", None)
        if isinstance(item, types.BuiltinFunctionType) and id(owner) in self.shown:
            return ""  # a static or class method of a class that is shown
        if id(item) in self._ids and not _is_value(item):
            return f"the platform's {kind.__name__} {_shortly(item)}"
        if isinstance(item, type):
            return "" if item in kinds.OWN else f"the class {item!r}"
        if isinstance(item, types.GeneratorType):
            ours = "/sandbox/engines/" in item.gi_code.co_filename
            return f"the generator {item!r}" if ours else ""
        if isinstance(item, types.FunctionType):
            return "" if _is_opaque(item) else f"the function {item!r}"
        if isinstance(item, types.BuiltinFunctionType | types.MethodType):
            return self._problem(owner) if owner is not None else f"{item!r}"
        return ""

    def paths(self, text: str) -> list[str]:
        """Places on this machine that the text names."""
        inside = _PLACES.search(text)
        return [f"a path: {text!r}"] if inside and sys.prefix in text else []


def _everything() -> Iterator[Any]:
    """All objects that hold others, or could."""
    tracked = gc.get_objects()
    yield from tracked
    seen = {id(item) for item in tracked}
    for item in tracked:
        # A dict of numbers holds nothing that the collector would follow, and is not listed.
        for part in gc.get_referents(item):
            if id(part) not in seen and isinstance(part, dict | list | set):
                seen.add(id(part))
                yield part


def _all_subclasses(kind: type) -> Iterator[type]:
    for sub in kind.__subclasses__():
        if sub.__module__ == "builtins":
            yield sub
        yield from _all_subclasses(sub)


def _is_opaque(function: types.FunctionType) -> bool:
    """True for the user's own, and for closures of the sandbox: nobody can look into them."""
    code = function.__code__
    return code.co_filename == SOURCE_NAME or "/sandbox/engines/" in code.co_filename


def _is_value(item: Any) -> bool:
    """True for what cannot be changed and holds nothing: a member of an enumeration, a date."""
    return type(item) in attributes.INSTANCE and type(item) not in guards._WRITABLE | {set}


def _parts(item: Any) -> Iterable[Any]:
    if isinstance(item, _PLAIN):
        return ()
    with contextlib.suppress(Exception):
        if isinstance(item, dict):
            return [*itertools.islice(dict.items(item), _MANY)]
        if isinstance(item, _CONTAINERS):
            base = next(kind for kind in _CONTAINERS if isinstance(item, kind))
            return [*itertools.islice(base.__iter__(item), _MANY * 10)]
        if hasattr(type(item), "__next__") and type(item) not in kinds.OWN:
            return [*itertools.islice(item, 3)]
    return [got for name in _names(item) for got in _read(item, name)]


def _names(item: Any) -> Iterable[str]:
    shown = attributes.INSTANCE.get(type(item))
    if shown is not None:
        return shown
    if isinstance(item, BaseException):
        return attributes.ERROR
    return () if isinstance(item, Facade) else [n for n in dir(item) if n[:2] != "__"]


def _read(item: Any, name: str) -> list[Any]:
    try:
        return [guards.guarded_getattr(item, name)]
    except BaseException:  # noqa: BLE001 - properties of the zoo raise what they like
        return []


def _held(item: Any) -> Any:
    kind = type(item)
    if kind is dict:
        return {
            _key(key): id(value)
            for key, value in item.items()
            if key not in _REMEMBERED and weakref.ref not in {type(key), type(value)}
        }
    if kind is list or kind is tuple or kind is collections.deque:
        return [*map(id, item)]
    if kind is set:
        # What isinstance() remembers of abstract classes are weak references.
        return frozenset(id(part) for part in item if type(part) is not weakref.ref)
    if isinstance(item, type):
        return {key: id(value) for key, value in vars(item).items() if key not in _REMEMBERED}
    if kind is types.FunctionType:
        return [id(item.__code__), id(item.__defaults__), id(item.__kwdefaults__), len(vars(item))]
    if kind is types.CellType:
        try:
            return [id(item.cell_contents)]
        except ValueError:
            return []
    slots = [name for base in kind.__mro__ for name in _slots(base)]
    return [id(getattr(item, name, None)) for name in slots]


def _slots(kind: type) -> Iterable[str]:
    found = vars(kind).get("__slots__", ())
    return (found,) if isinstance(found, str) else found


def _key(key: Any) -> Any:
    return key if type(key) is str else id(key)


def _difference(before: Any, now: Any) -> str:
    if isinstance(now, dict):
        return str({key for key in {*before, *now} if before.get(key) != now.get(key)})[:300]
    return f"{len(before)} parts, now {len(now)}"


def _shortly(item: Any) -> str:
    try:
        return (repr(list(item)[:6]) if isinstance(item, dict) else repr(item))[:200]
    except Exception as problem:  # noqa: BLE001 - only for the message
        return type(problem).__name__


def _caches(everything: Iterable[Any]) -> set[int]:
    """What may change: what the library remembers, and what the worker counts and reads."""
    caches: list[Any] = [re._cache, _strptime._regex_cache, encodings._cache, vars(context.RUN)]
    caches += [getattr(re, name) for name in ("_cache2",) if hasattr(re, name)]
    caches += [re.RegexFlag._value2member_map_, re.RegexFlag._member_map_]
    caches += [kinds.OWN, kinds.DENIED, kinds._MADE_FOR_USER, dataclass._tables]
    for item in everything:
        if isinstance(item, functools._lru_cache_wrapper):
            caches += gc.get_referents(item)
        if isinstance(item, wire.FrameBuffer):
            caches.append(item)
    return {id(cache) for cache in caches}
