"""Reads and writes YAML as what a document is: tables, lists, texts, numbers and switches.

Versions of YAML read some words differently, and a document must not mean two things. So `no`,
`on` and a date are texts, `true` and `false` are the only switches, and a number that one version
reads in another base than the next (`010`, `1_000`, `1:30`, `0x1F`) is refused with the place and
the fix. Tags are refused, because they make objects of a program. Anchors are read, and so is
`<<`; what they expand to is bounded.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from runtime.errors import BadInput

MAX_CHARS: Final = 4 * 1024 * 1024  # of a file, as the body of a call
MAX_NODES: Final = 100_000  # with everything that an alias repeats; a tenant's fill a tenth of it
MAX_DEPTH: Final = 64  # as the API's JSON
_MERGE: Final = "<<"
_UNTAGGED: Final = "untagged"  # in the place of a tag where the text has none
_SWITCHES: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_WHOLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_REAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?")
# What YAML 1.1 or 1.2 takes for a number, and the other for another number or for a text.
_TWO_WAYS: Final = re.compile(
    r"[-+]?(0[0-9_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*|[0-9]+(:[0-5]?[0-9])+"
    r"|\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))"
)
_QUOTE: Final = "in quotes it is text"


class _Loader(yaml.SafeLoader):
    """PyYAML's parser; what a word without quotes means is decided here, not by its own rules."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:  # noqa: ARG002 - the signature is PyYAML's
        return _UNTAGGED


class _Dumper(yaml.SafeDumper):
    """PyYAML's writer, which puts into quotes what any version of YAML would not read as text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the signature is PyYAML's
        return super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        style = None if _is_text(data) else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def parse(text: str) -> dict[str, Any]:
    """The document in a text, as plain JSON; an empty one is an empty table.

    Raises:
        BadInput: it is not YAML, says something twice, or holds what has no single meaning; the
            message names the line, and the fix.
    """
    if len(text) > MAX_CHARS:
        raise BadInput(f"has {len(text):,} characters; at most {MAX_CHARS:,}")
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        at = _place(problem.problem_mark) if problem.problem_mark else ""
        raise BadInput(f"{at}is not YAML: {problem.problem or problem.context}") from problem
    except yaml.YAMLError as problem:
        raise BadInput(f"is not YAML: {problem}") from problem
    except RecursionError as problem:
        raise BadInput(f"is nested too deep; at most {MAX_DEPTH} levels") from problem
    if root is None:
        return {}
    value = _Reading().value(root, depth=0)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput("must be a mapping of sections, such as `webhooks:`")
    return value


def dump(document: Mapping[str, Any]) -> str:
    """The document as YAML that `parse` and any other reader take for the same."""
    return yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )


@dataclass(slots=True)
class _Reading:
    """One pass over the nodes, which counts them as often as they are named."""

    _count: int = 0
    _above: set[int] = field(default_factory=set)  # the nodes that are being read, by identity

    def value(self, node: yaml.Node, *, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            raise _refused(node, f"has more than {MAX_NODES:,} values with what aliases repeat")
        if depth > MAX_DEPTH:
            raise _refused(node, f"is nested too deep; at most {MAX_DEPTH} levels")
        if id(node) in self._above:
            raise _refused(node, "is an alias of what it stands in")
        _check_tag(node)
        self._above.add(id(node))
        try:
            match node:
                case yaml.MappingNode():
                    return self._mapping(node, depth=depth + 1)
                case yaml.SequenceNode():
                    return [self.value(each, depth=depth + 1) for each in node.value]
                case yaml.ScalarNode():
                    return _scalar(node)
                case _:
                    raise AssertionError("the parser makes no other nodes")
        finally:
            self._above.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, *, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            value = self.value(value_node, depth=depth)
            if key == _MERGE and key_node.style is None:
                _take(merged, value, value_node)
            elif key in own:
                raise _refused(key_node, f"says {key!r} twice; keep one of the two")
            else:
                own[key] = value
        return {**merged, **own}


def _take(merged: dict[str, Any], value: Any, node: yaml.Node) -> None:
    """Merge what `<<` names; the first of several that says something is obeyed."""
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            raise _refused(node, "`<<` takes a mapping, such as `<<: *defaults`")
        for name, inherited in each.items():
            merged.setdefault(name, inherited)


def _key(node: yaml.Node) -> str:
    _check_tag(node)
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(node, "a key is text")
    if node.style is None and not _is_text(node.value):
        raise _refused(node, f"the key {node.value or '~'} is not text; {_QUOTE}")
    return str(node.value)


def _is_text(word: str) -> bool:
    """Whether a word without quotes is text to every version of YAML, or to us at least."""
    others = (_WHOLE, _REAL, _TWO_WAYS)
    return (
        word not in _NOTHING
        and word not in _SWITCHES
        and not any(pattern.fullmatch(word) for pattern in others)
    )


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _NOTHING:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise _refused(node, f"{text} is too large for a number; {_QUOTE}")
        return number
    if _TWO_WAYS.fullmatch(text):
        raise _refused(
            node,
            f"{text} is one number to some versions of YAML, and another one or text to others;"
            f" write the number in full in base ten, such as 8 or 0.5; {_QUOTE}",
        )
    return text


def _check_tag(node: yaml.Node) -> None:
    if node.tag != _UNTAGGED:
        raise _refused(node, f"has the tag {node.tag}; take it away: a document is plain data")


def _refused(node: yaml.Node, reason: str) -> BadInput:
    return BadInput(f"{_place(node.start_mark)}{reason}")


def _place(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: "
