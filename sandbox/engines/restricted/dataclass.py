"""Dataclasses without generated source: plain closures over the list of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.engines.restricted import attributes, guards, shown

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
_FIELDS = "__dataclass_fields__"


class FrozenInstanceError(AttributeError):
    """The instance belongs to a frozen dataclass."""


class Field:
    """One field of a dataclass."""

    __slots__ = (
        "compare",
        "default",
        "default_factory",
        "init",
        "kw_only",
        "metadata",
        "name",
        "repr",
    )
    compare: bool
    default: Any
    default_factory: Any
    init: bool
    kw_only: bool
    metadata: Any
    name: str
    repr: bool

    def __init__(self, **settings: Any) -> None:
        for name in Field.__slots__:
            setattr(self, name, settings.pop(name))
        if settings:
            raise TypeError("a field is made by field()")


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
    """What dataclasses.field does, as far as functions need it."""
    return Field(
        name="",
        default=default,
        default_factory=default_factory,
        init=bool(init),
        repr=bool(repr),
        compare=bool(compare),
        metadata=metadata or {},
        kw_only=bool(kw_only),
    )


def dataclass(cls: Any = None, /, **options: Any) -> Any:
    """What dataclasses.dataclass does: init, repr, eq, order, frozen, kw_only; slots is ignored."""
    known = {"init", "repr", "eq", "order", "frozen", "kw_only", "slots", "unsafe_hash"}
    for name in options:
        if name not in known:
            raise TypeError(f"dataclass() takes no '{name}' here")
    if cls is None:
        return lambda later: _build(later, options)
    return _build(cls, options)


def _build(cls: Any, options: dict[str, Any]) -> Any:
    if not guards.is_user_class(cls):
        raise TypeError("dataclass() takes a class of yours")
    found = _collect(cls, kw_only=bool(options.get("kw_only")))
    own = dict(cls.__dict__)
    type.__setattr__(cls, _FIELDS, found)
    if own.get("__repr__") is guards.plain_repr:
        del own["__repr__"]  # made for every plain class; a dataclass has a better one
    for name, value in _made(cls, found, options).items():
        if name not in own:
            type.__setattr__(cls, name, value)
    return cls


def _made(cls: Any, found: dict[str, Field], options: dict[str, Any]) -> dict[str, Any]:
    """The methods that the options ask for."""
    compared = [item.name for item in found.values() if item.compare]
    made: dict[str, Any] = {}
    if options.get("init", True):
        made["__init__"] = _init_of(cls, found)
    if options.get("repr", True):
        made["__repr__"] = _repr_of(found)
    if options.get("eq", True):
        made["__eq__"] = _eq_of(compared)
        hashes = options.get("frozen") or options.get("unsafe_hash")
        made["__hash__"] = _hash_of(compared) if hashes else None
    if options.get("order"):
        made.update(_order_of(compared))
    if options.get("frozen"):
        made["__setattr__"] = made["__delattr__"] = _frozen
    return made


def _collect(cls: Any, *, kw_only: bool) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found.update(base.__dict__.get(_FIELDS, {}))
    only = kw_only
    annotations = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - texts, made by our policy
    for name, annotation in annotations.items():
        text = str(annotation)
        if text.rsplit(".", maxsplit=1)[-1].startswith("ClassVar"):
            continue
        if text.endswith("KW_ONLY"):
            only = True
            continue
        found[name] = _one(cls, name, kw_only=only)
    return found


def _one(cls: Any, name: str, *, kw_only: bool) -> Field:
    value = cls.__dict__.get(name, _MISSING)
    if type(value) is not Field:
        value = field(default=value, kw_only=kw_only)
    elif value.default is _MISSING:
        type.__delattr__(cls, name)
    else:
        type.__setattr__(cls, name, value.default)
    if isinstance(value.default, list | dict | set):
        kind = type(value.default).__name__
        raise ValueError(f"mutable default {kind} for field {name}: use default_factory")  # noqa: TRY004 - dataclasses' own type
    value.name = name
    value.kw_only = value.kw_only or kw_only
    return value  # type: ignore[no-any-return]


def _init_of(cls: Any, found: dict[str, Field]) -> Callable[..., None]:
    taken = [item for item in found.values() if item.init]
    positional = [item for item in taken if not item.kw_only]
    _check_order(positional)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(args) > len(positional):
            message = f"{cls.__name__}() takes {len(positional)} arguments, {len(args)} given"
            raise TypeError(message)
        values = {item.name: value for item, value in zip(positional, args, strict=False)}
        for name, value in kwargs.items():
            if name in values or not any(item.name == name for item in taken):
                raise TypeError(f"{cls.__name__}() got an unexpected argument '{name}'")
            values[name] = value
        for item in found.values():
            object.__setattr__(self, item.name, _value_of(cls, item, values))
        after = getattr(self, "__post_init__", None)
        if after is not None:
            after()

    return init


def _check_order(positional: list[Field]) -> None:
    seen = False
    for item in positional:
        has = item.default is not _MISSING or item.default_factory is not _MISSING
        if seen and not has:
            raise TypeError(f"non-default argument '{item.name}' follows default argument")
        seen = seen or has


def _value_of(cls: Any, item: Field, values: dict[str, Any]) -> Any:
    if item.name in values:
        return values[item.name]
    if item.default is not _MISSING:
        return item.default
    if item.default_factory is not _MISSING:
        return item.default_factory()
    raise TypeError(f"{cls.__name__}() misses the argument '{item.name}'")


def _repr_of(found: dict[str, Field]) -> Callable[[Any], str]:
    def represent(self: Any) -> str:
        shows = shown.representation
        parts = [f"{n}={shows(getattr(self, n))}" for n, item in found.items() if item.repr]
        return f"{guards.type_name(self)}({', '.join(parts)})"

    return represent


def _key(names: list[str], obj: Any) -> tuple[Any, ...]:
    return tuple(getattr(obj, name) for name in names)


def _eq_of(names: list[str]) -> Callable[[Any, Any], Any]:
    def equal(self: Any, other: Any) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        return _key(names, self) == _key(names, other)

    return equal


def _hash_of(names: list[str]) -> Callable[[Any], int]:
    return lambda self: hash(_key(names, self))


def _order_of(names: list[str]) -> dict[str, Any]:
    def compare(how: str) -> Callable[[Any, Any], Any]:
        def compared(self: Any, other: Any) -> Any:
            if type(other) is not type(self):
                return NotImplemented
            return getattr(_key(names, self), how)(_key(names, other))

        return compared

    return {how: compare(how) for how in ("__lt__", "__le__", "__gt__", "__ge__")}


def _frozen(_self: Any, name: str, *_: Any) -> None:
    raise FrozenInstanceError(f"cannot change field '{name}'")


def _fields_of(obj: Any) -> dict[str, Field]:
    kind = obj if isinstance(obj, type) else type(obj)
    found = getattr(kind, _FIELDS, None) if guards.is_user_class(kind) else None
    if not isinstance(found, dict):
        raise TypeError("this is not a dataclass of yours")
    return found


def fields(obj: Any) -> tuple[Field, ...]:
    """The fields of a dataclass or an instance of one."""
    return tuple(_fields_of(obj).values())


def is_dataclass(obj: Any) -> bool:
    """True for dataclasses of yours and their instances."""
    kind = obj if isinstance(obj, type) else type(obj)
    return guards.is_user_class(kind) and hasattr(kind, _FIELDS)


def asdict(obj: Any) -> dict[str, Any]:
    """The fields and their values, dataclasses inside included."""
    return {name: _plain(getattr(obj, name), asdict) for name in _fields_of(obj)}


def astuple(obj: Any) -> tuple[Any, ...]:
    """The values, dataclasses inside included."""
    return tuple(_plain(getattr(obj, name), astuple) for name in _fields_of(obj))


def _plain(value: Any, turn: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_plain(item, turn) for item in value]
    if type(value) is tuple:
        return tuple(_plain(item, turn) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item, turn) for key, item in value.items()}
    return turn(value) if not isinstance(value, type) and is_dataclass(value) else value


def replace(obj: Any, /, **changes: Any) -> Any:
    """A copy of the instance with these fields changed."""
    values = {n: getattr(obj, n) for n, item in _fields_of(obj).items() if item.init}
    return type(obj)(**(values | changes))
