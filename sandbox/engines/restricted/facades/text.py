"""The modules for text and its formats: json, re, urllib.parse, html, csv and others."""

from __future__ import annotations

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
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted.facade import only
from sandbox.engines.restricted.facades import copies
from sandbox.engines.restricted.facades.data import pick
from sandbox.engines.restricted.formatting import exact
from sandbox.engines.restricted.kinds import type_name

if TYPE_CHECKING:
    from collections.abc import Callable

_DUMPS: Final = "allow_nan default ensure_ascii indent separators skipkeys sort_keys"
_LOADS: Final = "parse_constant parse_float parse_int"


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its text as an exact str.

    The real function passes a table of its own to a method of its text, and that must not be a
    method that the user wrote.
    """

    def call(text: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(text, str | bytes):
            raise TypeError(f"{function.__name__}() takes text, not {type_name(text)}")
        return function(exact(text), *args, **kwargs)

    call.__name__ = call.__qualname__ = function.__name__
    return call


MODULES: Final[dict[str, dict[str, Any]]] = {
    "json": {
        "dumps": only(json.dumps, keywords=_DUMPS),
        "loads": only(json.loads, keywords=_LOADS),
        "JSONDecodeError": json.JSONDecodeError,
    },
    "re": pick(
        re,
        "compile findall finditer fullmatch match search split sub subn A ASCII DOTALL I "
        "IGNORECASE M MULTILINE S VERBOSE X U UNICODE NOFLAG Match Pattern error",
    )
    | {"escape": _of_text(re.escape)},
    "string": pick(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable "
        "punctuation whitespace capwords",
    ),
    "textwrap": {
        name: _of_text(function)
        for name, function in pick(textwrap, "dedent fill indent shorten wrap").items()
    },
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
    "copy": {"copy": copies.copy, "deepcopy": copies.deepcopy},
}
