"""Finds in a function's source the fields that it reads and that no event of its topics has.

It reads the source as a tree and runs none of it. It follows the handler's own arguments, and names
that are bound once to a part of them; where a function might have added the field itself, it says
nothing.

    >>> source = 'def handler(event): return event["propertys"]'
    >>> [each.hint for each in unknown_fields(source, topics=["metric.placed_order"])]
    ['did you mean "properties"?']
"""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from runtime.core.events.envelope import PROFILE_FIELDS, Event
from runtime.core.events.topics import covers
from runtime.core.functions.finding import Finding, Severity
from runtime.core.profiles.profile import IDENTIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CODE: Final = "unknown_field"
_EXAMPLE: Final = ("function", "version", "run_id", "outcome", "error_type")
_SYNC: Final = ("sync_id", "name", "kind", "failures", "failing_since")
_FAILURE: Final = ("error", "error_code", "advice")
# The properties of the platform's own events, by topic. Those of all other topics are free.
NOTICES: Final[Mapping[str, tuple[str, ...]]] = {
    "webhook.failing": ("webhook_id", "failures", "failing_since", "after_s"),
    "webhook.recovered": ("webhook_id", "failures", "failing_since"),
    "webhook.disabled": ("webhook_id", "reason", "failures", "failing_since"),
    "webhook.enabled": ("webhook_id", "reason"),
    "webhook.test": ("webhook_id", "name"),
    "function.failing": (*_EXAMPLE, "failures", "failing_since", "after_s"),
    "function.recovered": (*_EXAMPLE, "failures", "failing_since"),
    "function.canary_failed": (
        *(*_EXAMPLE, "live_version", "canary_id", "reason"),
        *("canary_runs", "canary_failures", "live_runs", "live_failures"),
    ),
    "sync.failing": (*_SYNC, *_FAILURE),
    "sync.recovered": _SYNC,
    "sync.gap": (
        *(*_SYNC, *_FAILURE, "first_seq", "last_seq", "batches", "rows"),
        *("arrived_from", "arrived_until"),
    ),
}
_NEAR: Final = 0.7  # how alike two names are when one is taken for a misspelling of the other
# Calls that give a value to nobody who could change it: builtins, and methods by their names.
_HARMLESS: Final = frozenset(
    {"bool", "dict", "isinstance", "len", "list", "print", "repr", "sorted", "str", "tuple"}
    | {"deliver", "dumps", "emit", "error", "info", "log", "warning"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """The fields that a value has."""

    name: str  # what a message calls the value
    fields: Mapping[str, _Shape | None]  # None: anything may be in that field
    advice: str  # where to look for a field that none of these is like


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A place that reads a field."""

    of: ast.expr  # the value that has the field
    name: str  # the field's
    line: int  # of the name, from 1
    column: int  # of the name, from 1


_IDENTIFIERS: Final = _Shape(
    name="the profile of an event",
    fields=dict.fromkeys(PROFILE_FIELDS),
    advice="the handler's argument `profile` has the properties",
)
_PROFILE: Final = _Shape(
    name="a profile",
    fields=dict.fromkeys(("id", *IDENTIFIERS, "properties")),
    advice='your own fields are in profile["properties"]',
)


def unknown_fields(source: str, *, topics: Iterable[str]) -> tuple[Finding, ...]:
    """A hint for each read of a field that does not exist.

    Args:
        source: the function's source; one that does not parse has no hints.
        topics: the topics and prefixes that trigger the function; none for a transform.
    """
    try:
        module = ast.parse(source)
        handler = _handler(module)
        if handler is None:
            return ()
        findings = _findings(module, handler, _event(tuple(topics)))
        return tuple(sorted(findings, key=lambda each: (each.line, each.column)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _event(topics: tuple[str, ...]) -> _Shape:
    names: dict[str, _Shape | None] = dict.fromkeys(each.name for each in fields(Event))
    return _Shape(
        name="an event",
        fields=names | {"profile": _IDENTIFIERS, "properties": _notice(topics)},
        advice='your own fields are in event["properties"]',
    )


def _notice(topics: tuple[str, ...]) -> _Shape | None:
    """The properties of events of these topics; None if some of them are free."""
    covered = [[topic for topic in NOTICES if covers(pattern, topic)] for pattern in topics]
    if not covered or not all(covered):
        return None
    names = {name: None for notices in covered for topic in notices for name in NOTICES[topic]}
    of = f"the properties of {', '.join(sorted(topics))}"
    return _Shape(name=of, fields=names, advice=f"there are {', '.join(names)}")


def _handler(module: ast.Module) -> ast.FunctionDef | None:
    """The handler, if it is one plain function; None where something else might be called."""
    match [each for each in ast.walk(module) if "handler" in _bound_by(each)]:
        case [ast.FunctionDef(decorator_list=[], args=ast.arguments(vararg=None)) as handler]:
            return handler if handler in module.body else None
        case _:
            return None


def _arguments(handler: ast.FunctionDef, event: _Shape) -> dict[str, _Shape]:
    names = [each.arg for each in (*handler.args.posonlyargs, *handler.args.args)]
    shapes = dict.fromkeys(names[:1], event)
    if "profile" in names[1:2]:
        shapes["profile"] = _PROFILE
    return shapes


def _findings(module: ast.Module, handler: ast.FunctionDef, event: _Shape) -> Iterator[Finding]:
    known = _known(handler, event)
    own_fields = set(_written(module))
    near_only = _may_gain_fields(module, handler, known)
    for read in filter(None, map(_read, ast.walk(handler))):
        shape = _shape(read.of, known)
        if shape is None or read.name in shape.fields or read.name in own_fields:
            continue
        finding = _finding(read, shape)
        if not near_only or finding.hint != shape.advice:
            yield finding


def _finding(read: _Read, shape: _Shape) -> Finding:
    near = difflib.get_close_matches(read.name, shape.fields, n=1, cutoff=_NEAR)
    return Finding(
        line=read.line,
        column=read.column,
        code=CODE,
        message=f'{shape.name} never has "{read.name}"',
        hint=f'did you mean "{near[0]}"?' if near else shape.advice,
        severity=Severity.HINT,
    )


def _known(handler: ast.FunctionDef, event: _Shape) -> dict[str, _Shape]:
    """The shapes of the arguments, and of names that are bound once, to a part of them."""
    bindings = Counter(name for each in _inside(handler) for name in _bound_by(each))
    arguments = _arguments(handler, event)
    known = {name: shape for name, shape in arguments.items() if not bindings[name]}
    assigned = {
        node.targets[0].id: node.value
        for node in ast.walk(handler)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for _ in assigned:  # a name may be a part of another name, in any order
        for name, value in assigned.items():
            shape = _shape(value, known)
            if shape is not None and bindings[name] == 1 and name not in arguments:
                known[name] = shape
    return known


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from ast.walk(statement)


def _bound_by(node: ast.AST) -> tuple[str, ...]:
    """The names that this node itself binds, or takes out of the function's own."""
    match node:
        case (
            ast.Name(id=name, ctx=ast.Store() | ast.Del())
            | ast.arg(arg=name)
            | ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
            | ast.ExceptHandler(name=str(name))
        ):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return tuple(names)
        case ast.alias(name=name, asname=asname):
            return (asname or name.partition(".")[0],)
        case _:
            return ()


def _shape(value: ast.expr, known: Mapping[str, _Shape]) -> _Shape | None:
    """The shape of an expression's value; None if it is anything else."""
    match value:
        case ast.Name(id=name):
            return known.get(name)
        case (
            ast.BoolOp(op=ast.Or(), values=[part, ast.Dict(keys=[])])
            | ast.IfExp(body=part, orelse=ast.Dict(keys=[]))
        ):
            return _shape(part, known)
        case _:
            read = _read(value)
            whole = None if read is None else _shape(read.of, known)
            return None if read is None or whole is None else whole.fields.get(read.name)


def _read(node: ast.AST) -> _Read | None:
    """The value that a field is read of, and its name: in `x["name"]` and in `x.get("name")`."""
    match node:
        case (
            ast.Subscript(value=value, slice=ast.Constant(value=str(name)) as key, ctx=ast.Load())
            | ast.Call(
                func=ast.Attribute(value=value, attr="get"),
                args=[ast.Constant(value=str(name)) as key, *_],
            )
        ):
            return _Read(of=value, name=name, line=key.lineno, column=key.col_offset + 1)
        case _:
            return None


def _written(module: ast.Module) -> Iterator[str]:
    """The names of fields that the source writes into anything, whatever it may be."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Store()):
                yield key
            case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=key), _]):
                yield str(key)
            case ast.Call(func=ast.Attribute(attr="update"), args=args, keywords=keywords):
                keys = [key for each in args if isinstance(each, ast.Dict) for key in each.keys]
                yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))
                yield from (each.arg for each in keywords if each.arg is not None)
            case _:
                pass


def _may_gain_fields(
    module: ast.Module, handler: ast.FunctionDef, known: Mapping[str, _Shape]
) -> bool:
    """Whether the source may write fields into the arguments whose names it does not spell out."""
    if not any(_writes_any_field(node) for node in ast.walk(module)):
        return False
    return any(_gives_away(node, known) for node in ast.walk(handler))


def _writes_any_field(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(slice=ast.Constant(), ctx=ast.Store()):
            return False
        case ast.Subscript(ctx=ast.Store()) | ast.AugAssign(op=ast.BitOr()):
            return True
        case ast.Call(func=ast.Attribute(attr="update"), args=args):
            return not all(isinstance(each, ast.Dict) for each in args)
        case _:
            return False


def _gives_away(node: ast.AST, known: Mapping[str, _Shape]) -> bool:
    """Whether this writes into one of the arguments, or calls what might do so."""
    match node:
        case ast.Subscript(value=value, ctx=ast.Store()):
            return _shape(value, known) is not None
        case ast.Call(func=ast.Attribute(value=value, attr="update")) if _shape(value, known):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _HARMLESS:
            return False
        case ast.Call(args=args, keywords=keywords):
            values = [*args, *(each.value for each in keywords)]
            return any(_shape(each, known) is not None for each in values)
        case _:
            return False
