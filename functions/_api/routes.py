"""Finds the endpoint that a request is for, and the parameters in its path, which may be any text.

A Function URL hands the path on as the caller sent it, with percent-escapes. API Gateway's HTTP
APIs and some local emulators decode it first. `Routes` reads both, so an id may have a blank, a
slash, a `#` or an emoji either way.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote

from functions._http import MethodNotAllowed
from runtime.errors import BadInput, NotFound

T = TypeVar("T")
# What no percent-encoded path has: blanks, controls, non-ASCII, `?`, `#`, a `%` that escapes
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
        """The parameters, or None when the segments do not fit; a parameter is never empty."""
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

        HEAD is served as GET is, by every path that has GET.

        Raises:
            BadInput: code `bad_path`; its escapes are not UTF-8.
            NotFound: code `no_such_path`.
            MethodNotAllowed: the path has other methods.
        """
        fitting = self._found(raw_path)
        for rule, parameters in fitting:
            if rule.method == ("GET" if method == "HEAD" else method):
                return Match(target=rule.target, parameters=parameters)
        raise MethodNotAllowed(method, allow=_methods(fitting))

    def methods(self, raw_path: str) -> tuple[str, ...]:
        """The methods that this path has, as the header `Allow` lists them.

        Raises:
            BadInput: code `bad_path`; its escapes are not UTF-8.
            NotFound: code `no_such_path`.
        """
        return _methods(self._found(raw_path))

    def _found(self, raw_path: str) -> list[tuple[_Rule[T], dict[str, str]]]:
        fitting = self._fitting(_segments(raw_path))
        if not fitting:
            raise NotFound(f"there is no {raw_path[:200]}; see /openapi.json", code="no_such_path")
        return fitting

    def _fitting(self, segments: tuple[str, ...]) -> list[tuple[_Rule[T], dict[str, str]]]:
        exact = [(rule, rule.read(segments)) for rule in self._rules]
        # A rule may take the slashes of an id only when no rule fits segment by segment.
        is_exact = any(values is not None for _, values in exact)
        candidates = exact if is_exact else self._greedy(segments)
        return [(rule, values) for rule, values in candidates if values is not None]

    def _greedy(self, segments: tuple[str, ...]) -> list[tuple[_Rule[T], dict[str, str] | None]]:
        return [
            (rule, rule.read(_joined(segments, at=len(rule.segments) - 1)))
            for rule in self._rules
            if rule.is_greedy
        ]


def _methods(fitting: Sequence[tuple[_Rule[Any], Mapping[str, str]]]) -> tuple[str, ...]:
    # `bulk` may be a profile's id; the path `/v1/profiles/bulk` has the methods of its own rule.
    fewest = min(len(values) for _, values in fitting)
    own = {rule.method for rule, values in fitting if len(values) == fewest}
    return tuple(sorted(own | ({"HEAD"} if "GET" in own else set()) | {"OPTIONS"}))


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
