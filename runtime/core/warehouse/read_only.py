"""Judges whether a statement for the warehouse does nothing but read, before it is sent.

The judgement is on the safe side: what could be read in two ways is refused, with the way to write
it. The database has the last word, in a transaction that is read-only.
"""

import re
from collections.abc import Sequence
from typing import Final

from runtime.errors import BadInput

VERBS: Final = ("SELECT", "WITH", "SHOW", "EXPLAIN")
_EXPLAINED: Final = ("SELECT", "WITH")
# After WITH a statement may still write, and SELECT … INTO makes a table.
_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "INTO"})
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>[^\W\d][\w$]*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)


def check(sql: str) -> str:
    """The statement without blanks and a semicolon at its end, if it is one that reads.

    Raises:
        BadInput: code `not_read_only`, or `bad_sql` for what no single statement can be.
    """
    statement = sql.strip().removesuffix(";").rstrip()
    tokens = [match for match in _TOKEN.finditer(statement) if match.lastgroup != "space"]
    if any("\\'" in token[0] for token in tokens if token.lastgroup == "string"):
        raise _bad(
            "a quote after a backslash may or may not end a text: write '' for a quote in it"
        )
    if any(token[0] == ";" for token in tokens):
        raise _bad("only one statement is sent at a time")
    if any(token.lastgroup == "mark" and token[0] in "'\"$" for token in tokens):
        raise _bad("a quote is not closed, or a $ stands where none can")
    _check_words([token[0].upper() for token in tokens if token.lastgroup == "word"])
    return statement


def _check_words(words: Sequence[str]) -> None:
    if not words or words[0] not in VERBS:
        raise _not_read_only(f"begin with {', '.join(VERBS[:-1])} or {VERBS[-1]}")
    if words[0] == "EXPLAIN":
        explained = [word for word in words[1:3] if word != "VERBOSE"]
        if not explained or explained[0] not in _EXPLAINED:
            raise _not_read_only("EXPLAIN is followed by SELECT or WITH")
    for word in words:
        if word in _WRITES:
            raise _not_read_only(
                f"{word} writes; a name that is spelled so stands in double quotes"
            )


def _not_read_only(rule: str) -> BadInput:
    return BadInput(f"only statements that read are sent: {rule}", code="not_read_only")


def _bad(rule: str) -> BadInput:
    return BadInput(rule, code="bad_sql")
