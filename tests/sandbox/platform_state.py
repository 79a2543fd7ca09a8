"""What is the platform's in a worker, whether any of it has changed, and whether a value is it."""
# ruff: noqa: SLF001 - looks into everything there is

import _strptime  # type: ignore[import-not-found]
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
from sandbox.engines.restricted import (
    attributes,
    classes,
    dataclass,
    errors,
    guards,
    kinds,
)
from sandbox.engines.restricted.facade import Facade
from sandbox.engines.restricted.facades import FACADES, MODULES
from sandbox.engines.restricted.names import SOURCE_NAME
from sandbox.sdk.run import RUN

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
_CONTAINERS: tuple[Any, ...] = (list, tuple, dict, set, frozenset, collections.deque)
# What was warned of, a flag's opposite, what a class gets when it is asked for it, dice, and what a
# folder of modules has, into which others write meanwhile.
_REMEMBERED = frozenset(
    {"__warningregistry__", "_inverted_", "__annotations__", "__slotnames__", "gauss_next"}
    | {"_path_mtime", "_path_cache", "_relaxed_path_cache"}
)
_MANY = 400
_LOOKED_AT_MAX = 3000
_DEPTH = 4
_PLACE = re.compile(r"/\w+/\w+|\.py\b")


class Platform:
    """Everything that was there before user code."""

    def __init__(self, user_globals: dict[str, Any], leave_out: list[Any]) -> None:
        self.modules = {name: dict(members) for name, members in MODULES.items()}
        self.shown = _shown_values(user_globals["__builtins__"])
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
        if type(item) is str:
            return self.place(item)
        owner = getattr(item, "__self__", None)
        if (
            id(item) in self.shown
            or isinstance(item, (*_PLAIN, *_DESCRIPTORS, tuple, frozenset))
            # A static or class method of a class that is shown.
            or (isinstance(item, types.BuiltinFunctionType) and id(owner) in self.shown)
        ):
            return ""
        if isinstance(item, _INSIDES) or (id(item) in self._ids and not _is_value(item)):
            return f"the platform's {type(item).__name__} {_shortly(item)}"
        if isinstance(item, types.BuiltinFunctionType | types.MethodType) and owner is not None:
            return self._problem(owner)
        return "" if _is_made_for_user(item) else f"the {type(item).__name__} {item!r}"

    def place(self, text: str) -> str:
        """A place on this machine that the text names, in words; empty where it names none."""
        named = _PLACE.search(text) and any(place in text for place in (sys.prefix, *sys.path[1:]))
        return f"a path: {text!r}" if named else ""


def _shown_values(table: dict[str, Any]) -> dict[int, Any]:
    """What the tables show, by identity."""
    values = [*table.values(), *FACADES.values()]
    values += [value for members in MODULES.values() for value in members.values()]
    values += [kind for kind in attributes.INSTANCE if kind.__module__[:8] != "sandbox."]
    values = [value for value in values if not any(value is kind for kind in _NEVER)]
    values += [errors.shown_class(kind) for kind in _subclasses(Exception)]
    values += [object, type(None), dataclass._MISSING, classes._TRACE]
    values += guards._TEXT_METHODS.values()
    # Why a Decimal could not be made: classes of exceptions, which may be raised and caught.
    values += [kind for kind in vars(decimal).values() if isinstance(kind, type)]
    return {id(value): value for value in values}


def _subclasses(kind: type) -> Iterator[type]:
    subs: list[type] = type.__subclasses__(kind)
    for sub in subs:
        if sub.__module__ == "builtins":
            yield sub
        yield from _subclasses(sub)


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


def _is_made_for_user(item: Any) -> bool:
    """True for what was made since, unless it is a class or a function of somebody else's."""
    if isinstance(item, type):
        return item in kinds.OWN
    if isinstance(item, types.GeneratorType):
        return "/sandbox/engines/" not in item.gi_code.co_filename
    if isinstance(item, types.FunctionType):
        # The user's own, and closures of the sandbox: nobody can look into them.
        code = item.__code__
        return code.co_filename == SOURCE_NAME or "/sandbox/engines/" in code.co_filename
    return not isinstance(item, types.BuiltinFunctionType | types.MethodType)


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
            return [*itertools.islice(base.__iter__(item), _MANY)]
        if hasattr(type(item), "__next__") and type(item) not in kinds.OWN:
            return [*itertools.islice(item, 3)]
    return [part for name in _names(item) for part in _read(item, name)]


def _names(item: Any) -> Iterable[str]:
    shown = attributes.INSTANCE.get(type(item))
    if shown is not None:
        return shown
    if isinstance(item, BaseException):
        return attributes.ERROR
    if isinstance(item, Facade):
        return ()
    kind = item if isinstance(item, type) else type(item)
    names = {*dir(item)}
    if kind in kinds.OWN:
        names = {*_inherited(kind), *(vars(item) if hasattr(item, "__dict__") else ())}
    return [name for name in names if name[:2] != "__"]


@functools.cache
def _inherited(kind: type) -> frozenset[str]:
    """Names that a class of the user's has from others: what the user wrote is the user's."""
    return frozenset(name for base in kind.__mro__ if base not in kinds.OWN for name in dir(base))


def _read(item: Any, name: str) -> list[Any]:
    try:
        return [guards.guarded_getattr(item, name)]
    except BaseException:  # noqa: BLE001 - properties of the zoo raise what they like
        return []


# What an object holds: the identities of its parts


def _held(item: Any) -> Any:
    kind = type(item)
    if isinstance(item, dict):
        pairs = dict.items(item)
        return {_key(key): id(value) for key, value in pairs if _counts(key, value)}
    for base in _SEQUENCES:
        if isinstance(item, base):
            return [*map(id, base.__iter__(item))]
    if isinstance(item, set):
        # What isinstance() remembers of abstract classes are weak references.
        return frozenset(id(part) for part in set.__iter__(item) if type(part) is not weakref.ref)
    if isinstance(item, type):
        return {key: id(value) for key, value in vars(item).items() if key not in _REMEMBERED}
    return _held_by_names(item, kind)


_SEQUENCES: tuple[Any, ...] = (list, tuple, collections.deque)


def _held_by_names(item: Any, kind: type) -> list[int]:
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
    names: Any = vars(kind).get("__slots__", ())
    return (names,) if isinstance(names, str) else names


def _key(key: Any) -> Any:
    return key if type(key) is str else id(key)


def _counts(key: Any, value: Any) -> bool:
    return weakref.ref not in {type(key), type(value)} and (
        type(key) is not str or key not in _REMEMBERED
    )


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
    caches: list[Any] = [vars(re)["_cache"], vars(encodings)["_cache"], _strptime._regex_cache]
    caches += [getattr(re, name) for name in ("_cache2",) if hasattr(re, name)]
    caches += [re.RegexFlag._value2member_map_, re.RegexFlag._member_map_, RUN, RUN.counts]
    caches += [kinds.OWN, kinds.DENIED, kinds._MADE_FOR_USER, kinds._hooks, dataclass._tables]
    for item in everything:
        if isinstance(item, functools._lru_cache_wrapper):
            caches += gc.get_referents(item)
        if isinstance(item, wire.FrameBuffer):
            caches.append(item)
    return {id(cache) for cache in caches}
