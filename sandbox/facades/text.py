"""Text and its formats: json, re, urls, html, csv and their like."""

from __future__ import annotations

import copy
import csv
import difflib
import html
import io
import json
import re
import string
import textwrap
import unicodedata
import urllib.parse
from typing import Any

from sandbox.facade import only
from sandbox.facades.data import pick
from sandbox.guards import is_user_class

_DUMPS = "allow_nan default ensure_ascii indent separators skipkeys sort_keys"
_LOADS = "parse_constant parse_float parse_int"


def _copy(value: Any) -> Any:
    kind = type(value)
    if is_user_class(kind):
        return _copy_instance(value, {key: item for key, item in _state(value).items()})
    if isinstance(value, list | dict | set):
        return value.copy()
    return value if _immutable(kind) else copy.copy(value)


def _deepcopy(value: Any, memo: dict[int, Any] | None = None) -> Any:
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    kind = type(value)
    if kind is list:
        out: Any = []
        memo[id(value)] = out
        out.extend(_deepcopy(item, memo) for item in value)
        return out
    if kind is dict:
        out = {}
        memo[id(value)] = out
        out.update({_deepcopy(key, memo): _deepcopy(item, memo) for key, item in value.items()})
        return out
    if kind is tuple or kind is set or kind is frozenset:
        return kind(_deepcopy(item, memo) for item in value)
    if is_user_class(kind):
        state = {key: _deepcopy(item, memo) for key, item in _state(value).items()}
        memo[id(value)] = out = _copy_instance(value, state)
        return out
    return value if _immutable(kind) else copy.copy(value)


def _state(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(value, "__dict__", {})
    return found


def _copy_instance(value: Any, state: dict[str, Any]) -> Any:
    kind = type(value)
    if kind.__flags__ & (1 << 8) or not hasattr(value, "__dict__"):
        return value
    for base in (dict, list, set, str, int, float, tuple):
        if issubclass(kind, base):
            made = base.__new__(kind, value) if base in (str, int, float, tuple) else base.__new__(kind)
            if base in (dict, set):
                made.update(value)
            elif base is list:
                made.extend(value)
            break
    else:
        made = object.__new__(kind) if not issubclass(kind, Exception) else kind.__new__(kind)
    made.__dict__.update(state)
    return made


_COPIES = frozenset({"deque", "defaultdict", "OrderedDict", "Counter"})


def _immutable(kind: type) -> bool:
    return kind.__name__ not in _COPIES


_COPY = {"copy": _copy, "deepcopy": lambda value: _deepcopy(value)}
for _name, _function in _COPY.items():
    _function.__name__ = _name

MODULES: dict[str, dict[str, Any]] = {
    "json": {
        "dumps": only(json.dumps, keywords=_DUMPS),
        "loads": only(json.loads, keywords=_LOADS),
        "JSONDecodeError": json.JSONDecodeError,
    },
    "re": pick(
        re,
        "compile escape findall finditer fullmatch match search split sub subn A ASCII DOTALL I "
        "IGNORECASE M MULTILINE S VERBOSE X U UNICODE NOFLAG Match Pattern error",
    ),
    "string": pick(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable "
        "punctuation whitespace capwords",
    ),
    "textwrap": pick(textwrap, "dedent fill indent shorten wrap"),
    "html": pick(html, "escape unescape"),
    "unicodedata": pick(
        unicodedata,
        "bidirectional category combining decimal decomposition digit east_asian_width "
        "is_normalized lookup mirrored name normalize numeric",
    ),
    "difflib": pick(difflib, "SequenceMatcher get_close_matches ndiff unified_diff"),
    "csv": pick(
        csv,
        "DictReader DictWriter Error QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC reader "
        "writer",
    ),
    "io": {"StringIO": io.StringIO},
    "urllib": {},
    "urllib.parse": pick(
        urllib.parse,
        "parse_qs parse_qsl quote quote_plus unquote unquote_plus urldefrag urlencode urljoin "
        "urlparse urlsplit urlunparse urlunsplit",
    ),
    "copy": _COPY,
}
