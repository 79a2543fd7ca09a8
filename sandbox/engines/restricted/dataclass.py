"""Dataclasses without generated source: their methods are closures over the list of fields.

User code can call these methods with any arguments, and with anything as `self`, but they are code
of the platform. So each method first checks that `self` is an instance of the class that it was
made for. It reads and writes attributes through the guards, as user code does. And it takes the
fields' names from a table that user code cannot reach: the Field objects that user code holds are
copies.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sandbox.engines.restricted import attributes, guards, hashes, kinds, shown
from sandbox.engines.restricted.classes import plain_repr
from sandbox.engines.restricted.formatting import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MISSING: Final[Any] = type("Missing", (), {"__slots__": (), "__repr__": lambda _: "MISSING"})()
_CLASS_VARIABLE: Final = re.compile(r"(\w+\.)*ClassVar\b")
_KNOWN: Final = frozenset(
    {"init", "repr", "eq", "order", "frozen", "kw_only", "slots", "unsafe_hash"}
)


class FrozenInstanceError(AttributeError):
    """The instance belongs to a frozen dataclass."""


class Spec(NamedTuple):
    """One field, as the methods of its dataclass use it. Its names are those of a real Field."""

    name: str
    default: Any
    default_factory: Any
    init: bool
    repr: bool
    compare: bool
    kw_only: bool
    metadata: Any


# The fields of each dataclass, by name. User code never holds these.
_tables: dict[type, dict[str, Spec]] = {}


class Field:
    """What field() and fields() give to user code: a copy of a Spec."""

    __slots__ = Spec._fields

    def __init__(self, spec: Spec) -> None:
        if type(spec) is not Spec:
            raise TypeError("a field is made by field()")
        for name, value in zip(Spec._fields, spec, strict=True):
            setattr(self, name, value)


attributes.INSTANCE[Field] = frozenset({"name", "default", "init", "repr", "compare", "metadata"})


def field(  # noqa: PLR0913 - dataclasses' own signature
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - dataclasses' own keyword
    compare: bool = True,
    metadata: Any = None,
    kw_only: bool = False,
) -> Any:
    """Like dataclasses.field, without its `hash`."""
    flags = {"init": init, "repr": repr, "compare": compare, "kw_only": kw_only}
    booleans = {name: bool(value) for name, value in flags.items()}
    metadata_or_empty = {} if metadata is None else metadata
    return Field(Spec("", default, default_factory, metadata=metadata_or_empty, **booleans))


def dataclass(cls: Any = None, /, **options: Any) -> Any:
    """Like dataclasses.dataclass, with its options init, repr, eq, order, frozen and kw_only.

    `slots` is accepted and ignored.

    Raises:
        TypeError: an option is not supported, or `cls` is no class of the user's.
    """
    for name in options:
        if name not in _KNOWN:
            raise TypeError(f"dataclass() takes no '{name}' here")
    if cls is None:
        return lambda later: _build(later, options)
    return _build(cls, options)


def _build(cls: Any, options: dict[str, Any]) -> Any:
    if not kinds.is_user_class(cls) or type(cls) is not type:
        raise TypeError("dataclass() takes a class of yours")
    table = _collect(cls, kw_only=bool(options.get("kw_only")))
    own = dict(cls.__dict__)
    _tables[cls] = table
    if own.get("__repr__") is plain_repr:
        del own["__repr__"]  # `make_class` gave it to the class; a dataclass gets a better one
    for name, value in _methods_of(cls, list(table.values()), options).items():
        if name not in own:
            type.__setattr__(cls, name, value)
    return cls


def _methods_of(cls: type, specs: list[Spec], options: dict[str, Any]) -> dict[str, Any]:
    """The methods that the options ask for."""
    compared_names = [spec.name for spec in specs if spec.compare]
    methods: dict[str, Any] = {}
    if options.get("init", True):
        methods["__init__"] = _init_of(cls, specs)
    if options.get("repr", True):
        methods["__repr__"] = _repr_of(cls, [spec.name for spec in specs if spec.repr])
    if options.get("eq", True):
        methods["__eq__"] = _comparison(cls, compared_names, operator.eq)
        is_hashable = options.get("frozen") or options.get("unsafe_hash")
        methods["__hash__"] = _hash_of(cls, compared_names) if is_hashable else None
    if options.get("order"):
        for how in (operator.lt, operator.le, operator.gt, operator.ge):
            methods[f"__{how.__name__}__"] = _comparison(cls, compared_names, how)
    if options.get("frozen"):
        methods["__setattr__"] = methods["__delattr__"] = _frozen
    return methods


# The fields of a class


def _collect(cls: type, *, kw_only: bool) -> dict[str, Spec]:
    table: dict[str, Spec] = {}
    for base in reversed(cls.__mro__[1:]):
        table.update(_tables.get(base, {}))
    annotations = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - texts, made by our policy
    for name, text in annotations.items():
        if not _CLASS_VARIABLE.match(text):
            table[name] = _one(cls, name, kw_only=kw_only)
    return table


def _one(cls: type, name: str, *, kw_only: bool) -> Spec:
    if name in kinds.DENIED[cls]:
        raise TypeError(f"a field of {kinds.class_name(cls)} cannot be named '{name}' here")
    value = cls.__dict__.get(name, _MISSING)
    if type(value) is not Field:
        spec = _spec(field(default=value))
    else:
        spec = _spec(value)
        if spec.default is _MISSING:
            type.__delattr__(cls, name)
        else:
            type.__setattr__(cls, name, spec.default)
    if isinstance(spec.default, list | dict | set):
        kind = kinds.type_name(spec.default)
        raise ValueError(f"mutable default {kind} for field {name}: use default_factory")  # noqa: TRY004 - dataclasses' own type
    return spec._replace(name=name, kw_only=spec.kw_only or kw_only)


def _spec(shown_field: Field) -> Spec:
    return Spec(*(getattr(shown_field, name) for name in Spec._fields))


# The methods


def _init_of(cls: type, specs: list[Spec]) -> Callable[..., None]:
    names = [spec.name for spec in specs]
    positional = [spec.name for spec in specs if spec.init and not spec.kw_only]
    _check_order([spec for spec in specs if spec.init and not spec.kw_only])

    def init(self: Any, /, *args: Any, **values: Any) -> None:
        kinds.need_instance(self, cls)
        if values or not len(args) == len(positional) == len(names):
            _check_arguments(cls, specs, len(args), values)
            values.update(zip(positional, args, strict=False))
            _add_defaults(cls, specs, values)
            guards.write_fields(self, [(name, values[name]) for name in names if name in values])
        else:
            guards.write_fields(self, zip(names, args, strict=True))
        if kinds.has_own(type(self), "__post_init__"):
            self.__post_init__()

    return init


def _check_arguments(cls: type, specs: list[Spec], count: int, values: dict[str, Any]) -> None:
    """Raise TypeError unless `cls` takes `count` arguments by position and `values` by keyword."""
    positional = [spec.name for spec in specs if spec.init and not spec.kw_only]
    if count > len(positional):
        message = f"takes {len(positional)} arguments, {count} given"
        raise TypeError(f"{kinds.class_name(cls)}() {message}")
    open_names = {spec.name for spec in specs if spec.init} - {*positional[:count]}
    for name in values:
        if name not in open_names:
            message = f"got an unexpected argument '{exact(name)}'"
            raise TypeError(f"{kinds.class_name(cls)}() {message}")


def _add_defaults(cls: type, specs: list[Spec], values: dict[str, Any]) -> None:
    for spec in specs:
        if spec.name in values:
            continue
        if spec.default is not _MISSING:
            values[spec.name] = spec.default
        elif spec.default_factory is not _MISSING:
            values[spec.name] = spec.default_factory()
        elif spec.init:
            raise TypeError(f"{kinds.class_name(cls)}() misses the argument '{spec.name}'")


def _check_order(positional: list[Spec]) -> None:
    had_default = False
    for spec in positional:
        if had_default and not _has_default(spec):
            raise TypeError(f"non-default argument '{spec.name}' follows default argument")
        had_default = had_default or _has_default(spec)


def _has_default(spec: Spec) -> bool:
    return spec.default is not _MISSING or spec.default_factory is not _MISSING


def _values(cls: type, names: Iterable[str], obj: Any) -> tuple[Any, ...]:
    kinds.need_instance(obj, cls)
    return tuple(guards.guarded_getattr(obj, name) for name in names)


def _repr_of(cls: type, names: list[str]) -> Callable[[Any], str]:
    def represent(self: Any) -> str:
        values = zip(names, _values(cls, names, self), strict=True)
        parts = [f"{name}={shown.representation(value)}" for name, value in values]
        return f"{kinds.type_name(self)}({', '.join(parts)})"

    return represent


def _comparison(
    cls: type, names: list[str], how: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        kinds.need_instance(self, cls)
        if type(other) is not type(self):
            return NotImplemented
        return how(_values(cls, names, self), _values(cls, names, other))

    return compare


def _hash_of(cls: type, names: list[str]) -> Callable[[Any], int]:
    return lambda self: hashes.hash_of(_values(cls, names, self))


def _frozen(_self: Any, name: Any, *_: Any) -> None:
    raise FrozenInstanceError(f"cannot change field '{name}'")


# The functions of the module dataclasses


def _table_of(kind: type) -> dict[str, Spec] | None:
    if not kinds.is_user_class(kind):
        return None
    return next((_tables[base] for base in kind.__mro__ if base in _tables), None)


def _specs_of(kind: type) -> dict[str, Spec]:
    table = _table_of(kind)
    if table is None:
        raise TypeError("this is not a dataclass of yours")
    return table


def fields(obj: Any) -> tuple[Field, ...]:
    """Like dataclasses.fields.

    Raises:
        TypeError: `obj` is neither a dataclass of the user's nor an instance of one.
    """
    kind = obj if isinstance(obj, type) else type(obj)
    return tuple(map(Field, _specs_of(kind).values()))


def is_dataclass(obj: Any) -> bool:
    """Whether `obj` is a dataclass of the user's or an instance of one."""
    return _table_of(obj if isinstance(obj, type) else type(obj)) is not None


def asdict(obj: Any) -> dict[str, Any]:
    """Like dataclasses.asdict: the instance as a dict, and dataclasses in its fields too.

    Raises:
        TypeError: `obj` is no instance of a dataclass of the user's.
    """
    table = _specs_of(type(obj))
    return {name: _plain(guards.guarded_getattr(obj, name), asdict) for name in table}


def astuple(obj: Any) -> tuple[Any, ...]:
    """Like dataclasses.astuple: the instance's values, and those of dataclasses in its fields.

    Raises:
        TypeError: `obj` is no instance of a dataclass of the user's.
    """
    table = _specs_of(type(obj))
    return tuple(_plain(guards.guarded_getattr(obj, name), astuple) for name in table)


def _plain(value: Any, turn: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_plain(item, turn) for item in value]
    if type(value) is tuple:
        return tuple(_plain(item, turn) for item in value)
    if isinstance(value, dict):
        items = guards.guarded_getattr(value, "items")()
        return {key: _plain(item, turn) for key, item in items}
    return value if _table_of(type(value)) is None else turn(value)


def replace(obj: Any, /, **changes: Any) -> Any:
    """Like dataclasses.replace: a copy of the instance with these fields changed.

    Raises:
        TypeError: `obj` is no instance of a dataclass of the user's, or has no such field.
    """
    table = _specs_of(type(obj))
    values = {
        name: guards.guarded_getattr(obj, name)
        for name, spec in table.items()
        if spec.init and name not in changes
    }
    return type(obj)(**values, **changes)
