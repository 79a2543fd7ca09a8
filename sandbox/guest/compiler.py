"""Source to code: by the guest's own compiler, with every finding; hints never refuse."""

from __future__ import annotations

import ast
import base64
import marshal
import warnings
from typing import TYPE_CHECKING, Any

from . import hints
from .bridge import BRIDGE, written
from .caps import FINDINGS_MAX, FRAME_MAX_BYTES, SOURCE_MAX_BYTES, SOURCE_MAX_LINES
from .errors import FILENAME, without_surrogates
from .findings import Finding

if TYPE_CHECKING:
    from types import CodeType

_TOO_COMPLEX = "the source is nested too deeply to be compiled"
_LINE_MAX_CHARS = 200
_SPLIT = "split it into several functions"


def compile_frame(message: dict[str, Any]) -> str:
    """The `compiled` frame that answers a `compile` frame."""
    BRIDGE.silent = True  # a module that a hint looks into may print
    try:
        code, made = compile_source(message["source"])
    finally:
        BRIDGE.silent = False
    frame = _frame(message["seq"], code, made)
    if len(frame) > FRAME_MAX_BYTES:
        too_large = Finding(
            0, 0, "source_too_large", "the source is too large once compiled", _SPLIT
        )
        frame = _frame(message["seq"], None, [too_large])
    return frame


def _frame(seq: int, code: str | None, made: list[Finding]) -> str:
    listed = [finding.to_json() for finding in made[:FINDINGS_MAX]]
    return written({"op": "compiled", "seq": seq, "code": code or "", "findings": listed})


def compile_source(source: str) -> tuple[str | None, list[Finding]]:
    """The code as `load` takes it, or None; and errors and hints, by line."""
    source = source.removeprefix("\ufeff")
    refused = _unfit(source)
    if refused is not None:
        return None, [refused]
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", SyntaxWarning)
            tree = ast.parse(source, FILENAME)
            code = compile(source, FILENAME, "exec", dont_inherit=True, optimize=0)
    except SyntaxError as error:
        return None, [_of_syntax(error, source)]
    except (RecursionError, MemoryError):
        return None, [Finding(0, 0, "too_complex", _TOO_COMPLEX, "split it up")]
    except (ValueError, OverflowError) as error:
        return None, [Finding(0, 0, "syntax_error", f"the source cannot be compiled: {error}")]
    # The same warning comes from each step of compiling that sees its reason.
    made = list(dict.fromkeys(map(_of_warning, warned))) + _hints(tree, source)
    refused = hints.no_handler(tree)
    if refused is not None:
        made.append(refused)
    made.sort(key=lambda finding: (finding.line, finding.column))
    if any(finding.severity == "error" for finding in made):
        return None, made
    return _packed(code, source), made


def _hints(tree: ast.Module, source: str) -> list[Finding]:
    try:
        return hints.hints(tree, source)
    except Exception as error:  # noqa: BLE001 - what is wrong with a hint refuses nobody's source
        message = f"there are no hints for this source: {type(error).__name__} while it was read"
        return [Finding(0, 0, "no_hints", message, severity="hint")]


def _packed(code: CodeType, source: str) -> str:
    # The source travels with its code: tracebacks and inspect.getsource show it, as CPython does.
    return base64.b64encode(marshal.dumps((code, source))).decode("ascii")


def _unfit(source: str) -> Finding | None:
    """The finding for a text that is no source; cheap, and safe on any text."""
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        return Finding(0, 0, "source_not_text", "the source holds a lone surrogate")
    if size > SOURCE_MAX_BYTES or source.count("\n") > SOURCE_MAX_LINES:
        text = f"the source is over {SOURCE_MAX_BYTES // 1024} KB or {SOURCE_MAX_LINES} lines"
        return Finding(0, 0, "source_too_large", text, _SPLIT)
    if "\0" in source:
        line = source.count("\n", 0, source.index("\0")) + 1
        return Finding(line, 1, "source_not_text", "the source holds a NUL character")
    return None


def _of_syntax(error: SyntaxError, source: str) -> Finding:
    """The compiler's own error, with its line and a caret below it."""
    line, column = error.lineno or 0, error.offset or 0
    text = f"syntax error: {error.msg}"
    lines = source.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if shown and 0 < column <= _LINE_MAX_CHARS:
        shown = shown[:_LINE_MAX_CHARS]
        width = 1
        if error.end_lineno == error.lineno and error.end_offset:
            width = max(1, min(error.end_offset, len(shown) + 1) - column)
        # Tabs stay tabs, so that the caret stands where it belongs.
        indent = "".join("\t" if letter == "\t" else " " for letter in shown[: column - 1])
        text = f"{text}\n{shown}\n{indent}{'^' * width}"
    return Finding(line, column, "syntax_error", without_surrogates(text))


def _of_warning(warned: warnings.WarningMessage) -> Finding:
    return Finding(warned.lineno, 0, "syntax_warning", str(warned.message), "", severity="hint")
