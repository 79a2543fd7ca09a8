"""Translates Redshift's SQL to DuckDB's, token by token, so that literals are never changed."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from infra.local.redshift.failures import MAX_VARCHAR_BYTES, SqlFailure

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
_MAX_CHAR_BYTES: Final = 4_096
_MAX_COLUMNS: Final = 1_600
_CONSTRAINTS: Final = ("PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT")
# Attributes of a table that say on which nodes and in which order its rows are stored.
_PLACEMENT: Final = ("DISTSTYLE", "DISTKEY", "SORTKEY", "COMPOUND", "BACKUP")
# Words that may stand before the name of what a statement writes, makes or drops.
_BEFORE_NAMES: Final = frozenset(
    {"CREATE", "OR", "REPLACE", "TABLE", "VIEW", "SCHEMA", "IF", "NOT", "EXISTS", "TEMP"}
    | {"TEMPORARY", "LOCAL", "INSERT", "INTO", "DELETE", "FROM", "UPDATE", "COPY", "LOCK", "DROP"}
    | {"ALTER", "TRUNCATE", "VACUUM", "ANALYZE", "COMMENT", "ON"}
)
_DATE_FUNCTIONS: Final = ("DATEADD", "DATEDIFF", "DATE_PART")
_WORDS: Final = {"SUPER": "JSON", "NVL": "COALESCE", "SYSDATE": "getdate()", "LEN": "length"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL."""

    text: str
    kind: str  # `space`, `string`, `quoted`, `word`, `number` or `mark`

    @property
    def upper(self) -> str:
        """The word in upper case; empty for a token that is no word."""
        return self.text.upper() if self.kind == "word" else ""


Tokens = list[Token]


def tokens(sql: str) -> Tokens:
    """The tokens of one statement. Each run of blanks and each comment becomes one blank.

    Raises:
        SqlFailure: there is more than one statement.
    """
    all_tokens = [
        Token(" " if match.lastgroup == "space" else match[0], match.lastgroup or "mark")
        for match in _TOKEN.finditer(sql.strip().removesuffix(";"))
    ]
    if any(token.text == ";" and token.kind == "mark" for token in all_tokens):
        raise SqlFailure("ERROR: cannot insert multiple commands into a prepared statement")
    return all_tokens


def words(statement: Tokens, count: int) -> str:
    """The first `count` tokens of a statement, in upper case, with one blank between them."""
    solid_tokens = [token for token in statement if token.kind != "space"]
    return " ".join(token.upper or token.text for token in solid_tokens[:count])


def text(statement: Tokens) -> str:
    """The tokens as SQL text."""
    return "".join(token.text for token in statement)


def names(statement: Tokens) -> Iterator[tuple[str, str]]:
    """Each name in a statement, keywords too, with its schema; an empty text if it has none."""
    solid_tokens = [token for token in statement if token.kind != "space"]
    place = 0
    while place < len(solid_tokens):
        parts = _path(solid_tokens[place:])
        if parts:
            yield (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
        place += max(1, 2 * len(parts) - 1)


def first_name(statement: Tokens) -> tuple[str, str]:
    """The name of what a statement writes, makes or drops, with its schema, or empty texts."""
    named = (name for name in names(statement) if name[0] or name[1].upper() not in _BEFORE_NAMES)
    return next(named, ("", ""))


def unquoted(name: str) -> str:
    """A name without the quotation marks around it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _path(solid_tokens: Tokens) -> list[str]:
    """The parts of the name that begins here, which dots join; none if no name begins here."""
    parts: list[str] = []
    for name, dot in itertools.zip_longest(solid_tokens[::2], solid_tokens[1::2]):
        if name.kind not in ("word", "quoted"):
            break
        parts.append(unquoted(name.text))
        if dot is None or dot.text != ".":
            break
    return parts


def translate(statement: Tokens) -> str:
    """The statement in DuckDB's dialect.

    Raises:
        SqlFailure: it uses something that the local Redshift does not have.
    """
    if _creates_table(statement):
        return _create_table(statement)
    if words(statement, 2) == "ALTER TABLE":
        return _alter_table(statement)
    return text(_expressions(statement))


def _expressions(statement: Tokens) -> Tokens:
    """The tokens with DuckDB's names of functions and types.

    The unit of DATEADD and similar functions becomes a string.
    """
    translated_tokens: Tokens = []
    for token in statement:
        solid = [earlier for earlier in translated_tokens if earlier.kind != "space"]
        after_date = len(solid) > 1 and solid[-1].text == "(" and solid[-2].upper in _DATE_FUNCTIONS
        if token.kind == "word" and after_date:
            translated_tokens.append(Token(f"'{token.text.lower()}'", "string"))
        elif token.upper in _WORDS and not (solid and solid[-1].text == "."):
            translated_tokens.append(Token(_WORDS[token.upper], "word"))
        else:
            translated_tokens.append(token)
    return translated_tokens


def _creates_table(statement: Tokens) -> bool:
    start = words(statement, 3).replace("TEMPORARY", "TEMP").replace("LOCAL ", "")
    return start.startswith(("CREATE TABLE", "CREATE TEMP TABLE"))


def _create_table(statement: Tokens) -> str:
    opening = _first(statement, lambda token: token.text == "(")
    as_query = _first(statement, lambda token: token.upper == "AS")
    attributes = _first(statement, lambda token: token.upper in _PLACEMENT)
    if min(as_query, attributes) < opening or opening == len(statement):
        head = [*statement[: min(as_query, attributes)], Token(" ", "space")]
        return text(head + _expressions(statement[as_query:]))
    closing = _closing(statement, opening)
    items = _split(statement[opening + 1 : closing])
    if words(items[0], 1) == "LIKE":
        other_table = text([token for token in items[0] if token.kind != "space"][1:])
        return f"{text(statement[:opening])} AS SELECT * FROM {other_table} LIMIT 0"  # noqa: S608 - local
    columns = [_column(item) for item in items if words(item, 1) not in _CONSTRAINTS]
    if len(columns) > _MAX_COLUMNS:
        raise SqlFailure(f"ERROR: tables can have at most {_MAX_COLUMNS} columns")
    return f"{text(statement[:opening])}({', '.join(columns)})"


def _first(statement: Tokens, is_match: Callable[[Token], bool]) -> int:
    return next((n for n, token in enumerate(statement) if is_match(token)), len(statement))


def _alter_table(statement: Tokens) -> str:
    """`ADD COLUMN` without encodings and lengths.

    DuckDB cannot add a column with a check, so the lengths of added columns are not enforced.
    """
    at = _first(statement, lambda token: token.upper == "ADD")
    if at == len(statement):
        return text(statement)
    column_tokens = [token for token in statement[at + 1 :] if token.upper != "COLUMN"]
    column = re.sub(r" CHECK \(strlen\(\S+\) <= \d+\)", "", _column(column_tokens))
    return f"{text(statement[:at])} ADD COLUMN {column}"


def _column(item: Tokens) -> str:
    solid = [token for token in item if token.kind != "space"]
    name, kind, attributes = solid[0].text, solid[1], solid[2:]
    arguments: list[str] = []
    if kind.upper == "CHARACTER" and attributes and attributes[0].upper == "VARYING":
        kind, attributes = Token("VARCHAR", "word"), attributes[1:]
    if kind.upper == "DOUBLE" and attributes and attributes[0].upper == "PRECISION":
        attributes = attributes[1:]
    if attributes and attributes[0].text == "(":
        closing = _closing(attributes, 0)
        arguments = [token.text for token in attributes[1:closing]]
        attributes = attributes[closing + 1 :]
    return " ".join([name, _type(name, kind.upper, arguments), *_enforced_attributes(attributes)])


def _type(name: str, kind: str, arguments: list[str]) -> str:
    if kind in _TEXTS:
        return f"VARCHAR CHECK (strlen({name}) <= {_text_bytes(kind, arguments)})"
    extra = f"({''.join(arguments)})" if arguments else ""
    return _TYPES.get(kind, kind) + extra


def _text_bytes(kind: str, arguments: list[str]) -> int:
    """How many bytes a column of texts takes.

    Raises:
        SqlFailure: Redshift has no such length.
    """
    fixed = kind in _DEFAULT_BYTES
    family, limit = ("char", _MAX_CHAR_BYTES) if fixed else ("varchar", MAX_VARCHAR_BYTES)
    if not arguments:
        return _DEFAULT_BYTES.get(kind, 256)
    if arguments[0].upper() == "MAX" and not fixed:
        return limit
    if not re.fullmatch("[0-9]{1,9}", arguments[0]):
        raise SqlFailure(f'ERROR: syntax error at or near "{arguments[0]}"')
    if int(arguments[0]) < 1:
        raise SqlFailure(f"ERROR: length for type {family} must be at least 1")
    if int(arguments[0]) > limit:
        raise SqlFailure(f"ERROR: length for type {family} cannot exceed {limit}")
    return int(arguments[0])


def _enforced_attributes(attributes: Tokens) -> list[str]:
    """The attributes of a column that Redshift enforces: NOT NULL and DEFAULT.

    Raises:
        SqlFailure: it is an IDENTITY column.
    """
    keywords = [token.upper for token in attributes]
    clauses = []
    if "IDENTITY" in keywords:
        raise SqlFailure("ERROR: IDENTITY columns are not part of the local Redshift")
    if any(pair == ("NOT", "NULL") for pair in itertools.pairwise(keywords)):
        clauses.append("NOT NULL")
    if "DEFAULT" in keywords:
        at = keywords.index("DEFAULT")
        end = next(
            (
                n
                for n in range(at + 1, len(attributes))
                if keywords[n] in ("ENCODE", "NOT", "DISTKEY")
            ),
            len(attributes),
        )
        clauses.append(text(_expressions(_with_blanks(attributes[at:end]))))
    return clauses


def _with_blanks(statement: Tokens) -> Tokens:
    return [piece for token in statement for piece in (token, Token(" ", "space"))]


def _closing(statement: Tokens, opening: int) -> int:
    depth = 0
    for n in range(opening, len(statement)):
        depth += {"(": 1, ")": -1}.get(statement[n].text, 0)
        if depth == 0:
            return n
    raise SqlFailure("ERROR: syntax error at end of input")


def _split(statement: Tokens) -> list[Tokens]:
    """The items between the commas that are not in parentheses."""
    items: list[Tokens] = [[]]
    depth = 0
    for token in statement:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return items
