"""Which endpoint a request is for, and what its path says; any text may stand for a parameter.

A Function URL hands the path on as it was sent, with percent-escapes. API Gateway's HTTP APIs and
some local stand-ins decode it first. Both are read here, so that an id with a blank, a slash, a
`#` or an emoji is found either way.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import unquote

from functions._http import MethodNotAllowed
from runtime.errors import BadInput, NotFound

T = TypeVar("T")
# What no percent-encoded path holds: blanks, controls, non-ASCII, `?`, `#`, a `%` that escapes
# nothing. A path with one of these has been decoded on its way.
_DECODED: Final = re.compile(r"[^\x21-\x7e]|[?#]|%(?![0-9A-Fa-f]{2})")
_PARAMETER: Final = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[T]):
    """What a rule leads to, and the values of its parameters, decoded."""

    target: T
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule(Generic[T]):
    method: str
    segments: tuple[str, ...]
    target: T

    @property
    def is_greedy(self) -> bool:
        """Whether the last parameter takes slashes too."""
        return self.segments[-1].endswith("+}")

    def read(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The parameters, when these segments fit; each is at least one character."""
        if len(segments) != len(self.segments):
            return None
        parameters: dict[str, str] = {}
        for rule, segment in zip(self.segments, segments, strict=True):
            parameter = _PARAMETER.fullmatch(rule)
            if parameter is None and rule != segment:
                return None
            if parameter is not None:
                parameters[parameter[1]] = segment
        return parameters if all(parameters.values()) else None


class Routes(Generic[T]):
    """The table of rules `(method, path, target)`.

    A path's `{name}` stands for one segment. `{name+}` at its end stands for the rest, slashes
    included, as a decoding gateway leaves them.
    """

    def __init__(self, rules: Iterable[tuple[str, str, T]]) -> None:
        self._rules = tuple(
            _Rule(method=method, segments=tuple(path.split("/")), target=target)
            for method, path, target in rules
        )

    def find(self, method: str, raw_path: str) -> Match[T]:
        """The rule for this method and path, as the gateway hands them over.

        Raises:
            BadInput: code `bad_path`; its escapes are not UTF-8.
            NotFound: code `no_such_path`.
            MethodNotAllowed: the path has other methods.
        """
        fitting = self._fitting(_segments(raw_path))
        if not fitting:
            raise NotFound(f"there is no {raw_path}; see /openapi.json", code="no_such_path")
        for rule, parameters in fitting:
            if rule.method == method:
                return Match(target=rule.target, parameters=parameters)
        raise MethodNotAllowed(method, allow=tuple(sorted({rule.method for rule, _ in fitting})))

    def _fitting(self, segments: tuple[str, ...]) -> list[tuple[_Rule[T], dict[str, str]]]:
        exact = [(rule, rule.read(segments)) for rule in self._rules]
        # Only when no rule fits segment by segment, one may swallow the slashes of an id.
        tried = exact if any(read is not None for _, read in exact) else self._greedy(segments)
        return [(rule, read) for rule, read in tried if read is not None]

    def _greedy(self, segments: tuple[str, ...]) -> list[tuple[_Rule[T], dict[str, str] | None]]:
        return [
            (rule, rule.read(_joined(segments, at=len(rule.segments) - 1)))
            for rule in self._rules
            if rule.is_greedy
        ]


def plain(path: str) -> str:
    """A rule's path as documents write it: `{name+}` is `{name}` there."""
    return _PARAMETER.sub(r"{\1}", path)


def parameters(path: str) -> tuple[str, ...]:
    """The names in a rule's path."""
    return tuple(match[1] for match in _PARAMETER.finditer(path))


def _segments(raw_path: str) -> tuple[str, ...]:
    segments = raw_path.split("/")
    if _DECODED.search(raw_path):
        return tuple(segments)
    try:
        return tuple(unquote(segment, errors="strict") for segment in segments)
    except UnicodeDecodeError as problem:
        raise BadInput("the path's escapes are not UTF-8", code="bad_path") from problem


def _joined(segments: tuple[str, ...], *, at: int) -> tuple[str, ...]:
    return (*segments[:at], "/".join(segments[at:]))
