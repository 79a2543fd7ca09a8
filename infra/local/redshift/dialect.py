"""Redshift's SQL as DuckDB understands it, token by token, so that no literal is ever touched."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from infra.local.redshift.failures import SqlFailure

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>[A-Za-z_][\w$]*)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<mark>::|.)""",
    re.VERBOSE | re.DOTALL,
)
_TYPES: Final = {"SUPER": "JSON", "VARBYTE": "BLOB", "TIMESTAMPTZ": "TIMESTAMPTZ"}
_TEXTS: Final = ("VARCHAR", "NVARCHAR", "CHAR", "BPCHAR", "TEXT", "CHARACTER", "NCHAR")
_DEFAULT_BYTES: Final = {"CHAR": 1, "CHARACTER": 1, "NCHAR": 1}
_MAX_BYTES: Final = 65_535
_CONSTRAINTS: Final = ("PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT")
_PLACEMENT: Final = ("DISTSTYLE", "DISTKEY", "SORTKEY", "COMPOUND", "BACKUP")  # on which node
_DATE_FUNCTIONS: Final = ("DATEADD", "DATEDIFF", "DATE_PART")
_WORDS: Final = {"SUPER": "JSON", "NVL": "COALESCE", "SYSDATE": "getdate()", "LEN": "length"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL. `upper` is set for bare words."""

    text: str
    kind: str

    @property
    def upper(self) -> str:
        """The word as a keyword; empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""


Tokens = list[Token]


def tokens(sql: str) -> Tokens:
    """The tokens of one statement; blanks and comments are one blank each."""
    found = [
        Token(" " if match.lastgroup == "space" else match[0], match.lastgroup or "mark")
        for match in _TOKEN.finditer(sql.strip().removesuffix(";"))
    ]
    if any(token.text == ";" and token.kind == "mark" for token in found):
        raise SqlFailure("ERROR: cannot insert multiple commands into a prepared statement")
    return found


def words(found: Tokens, count: int) -> str:
    """The first words of a statement, upper-case."""
    solid = [token for token in found if token.kind != "space"]
    return " ".join(token.upper or token.text for token in solid[:count])


def text(found: Tokens) -> str:
    """Back to SQL."""
    return "".join(token.text for token in found)


def translate(found: Tokens) -> str:
    """The statement in DuckDB's dialect."""
    if _creates_table(found):
        return _create_table(found)
    if words(found, 2) == "ALTER TABLE":
        return _alter_table(found)
    return text(_expressions(found))


def _expressions(found: Tokens) -> Tokens:
    """Functions and type names; the unit of DATEADD and the like becomes a string."""
    done: Tokens = []
    for token in found:
        solid = [earlier for earlier in done if earlier.kind != "space"]
        after_date = len(solid) > 1 and solid[-1].text == "(" and solid[-2].upper in _DATE_FUNCTIONS
        if token.kind == "word" and after_date:
            done.append(Token(f"'{token.text.lower()}'", "string"))
        elif token.upper in _WORDS and not (solid and solid[-1].text == "."):
            done.append(Token(_WORDS[token.upper], "word"))
        else:
            done.append(token)
    return done


def _creates_table(found: Tokens) -> bool:
    start = words(found, 3).replace("TEMPORARY", "TEMP").replace("LOCAL ", "")
    return start.startswith(("CREATE TABLE", "CREATE TEMP TABLE"))


def _create_table(found: Tokens) -> str:
    opening = _first(found, lambda token: token.text == "(")
    as_query = _first(found, lambda token: token.upper == "AS")
    attributes = _first(found, lambda token: token.upper in _PLACEMENT)
    if min(as_query, attributes) < opening or opening == len(found):
        head = [*found[: min(as_query, attributes)], Token(" ", "space")]
        return text(head + _expressions(found[as_query:]))
    closing = _closing(found, opening)
    items = _split(found[opening + 1 : closing])
    if words(items[0], 1) == "LIKE":
        other = text([token for token in items[0] if token.kind != "space"][1:])
        return f"{text(found[:opening])} AS SELECT * FROM {other} LIMIT 0"  # noqa: S608 - local
    columns = [_column(item) for item in items if words(item, 1) not in _CONSTRAINTS]
    return f"{text(found[:opening])}({', '.join(columns)})"


def _first(found: Tokens, wanted: Callable[[Token], bool]) -> int:
    return next((n for n, token in enumerate(found) if wanted(token)), len(found))


def _alter_table(found: Tokens) -> str:
    """`ADD COLUMN` without encodings and lengths (lengths of added columns are not enforced)."""
    at = _first(found, lambda token: token.upper == "ADD")
    if at == len(found):
        return text(found)
    rest = [token for token in found[at + 1 :] if token.upper != "COLUMN"]
    column = re.sub(r" CHECK \(strlen\(\S+\) <= \d+\)", "", _column(rest))
    return f"{text(found[:at])} ADD COLUMN {column}"


def _column(item: Tokens) -> str:
    solid = [token for token in item if token.kind != "space"]
    name, kind, rest = solid[0].text, solid[1], solid[2:]
    arguments: list[str] = []
    if kind.upper == "CHARACTER" and rest and rest[0].upper == "VARYING":
        kind, rest = Token("VARCHAR", "word"), rest[1:]
    if kind.upper == "DOUBLE" and rest and rest[0].upper == "PRECISION":
        rest = rest[1:]
    if rest and rest[0].text == "(":
        closing = _closing(rest, 0)
        arguments = [token.text for token in rest[1:closing]]
        rest = rest[closing + 1 :]
    return " ".join([name, _type(name, kind.upper, arguments), *_kept(rest)])


def _type(name: str, kind: str, arguments: list[str]) -> str:
    if kind in _TEXTS:
        size = arguments[0].upper() if arguments else str(_DEFAULT_BYTES.get(kind, 256))
        return f"VARCHAR CHECK (strlen({name}) <= {_MAX_BYTES if size == 'MAX' else size})"
    extra = f"({''.join(arguments)})" if arguments else ""
    return _TYPES.get(kind, kind) + extra


def _kept(rest: Tokens) -> list[str]:
    """Of a column's attributes, those that Redshift enforces: NOT NULL and DEFAULT."""
    keywords = [token.upper for token in rest]
    kept = []
    if "IDENTITY" in keywords:
        raise SqlFailure("ERROR: IDENTITY columns are not part of the local Redshift")
    if any(pair == ("NOT", "NULL") for pair in itertools.pairwise(keywords)):
        kept.append("NOT NULL")
    if "DEFAULT" in keywords:
        at = keywords.index("DEFAULT")
        end = next(
            (n for n in range(at + 1, len(rest)) if keywords[n] in ("ENCODE", "NOT", "DISTKEY")),
            len(rest),
        )
        kept.append(text(_expressions(_spaced(rest[at:end]))))
    return kept


def _spaced(found: Tokens) -> Tokens:
    return [piece for token in found for piece in (token, Token(" ", "space"))]


def _closing(found: Tokens, opening: int) -> int:
    depth = 0
    for n in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[n].text, 0)
        if depth == 0:
            return n
    raise SqlFailure("ERROR: syntax error at end of input")


def _split(found: Tokens) -> list[Tokens]:
    """The items between top-level commas."""
    items: list[Tokens] = [[]]
    depth = 0
    for token in found:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return items
