"""The check ends with findings or with code, whatever the source is; it never falls over."""
# ruff: noqa: E501 - programs are clearest on a line each

import ast
import os
import warnings
from pathlib import Path

import pytest

from sandbox.engines.restricted.compiler import compile_source, look
from sandbox.engines.restricted.policy import Policy

REFUSED = {
    "await x": "syntax_not_allowed",
    "[i async for i in x]": "syntax_not_allowed",
    "x.__class__": "attribute_not_allowed",
    "__import__": "name_dunder",
    "(__name__ := 1)": "name_dunder",
    "open": "builtin_not_available",
    "lambda __x: 1": "name_dunder",
}
PLACES = [
    "f'{HOLE}'", "f'{HOLE!r:>{w}}'", "f'{x:{HOLE}}'", "f'{HOLE=}'", "(HOLE)(x)", "x(HOLE)", "str(HOLE)",
    "x(*HOLE, **HOLE)", "x(k=HOLE)", "(HOLE).a", "(HOLE).a = 1", "(HOLE).a += 1", "del (HOLE).a",
    "(HOLE)[0]", "(HOLE)[0] = 1", "(HOLE)[0] += 1", "x[HOLE] = 1", "x[HOLE:HOLE]", "del (HOLE)[0]",
    "y = HOLE", "y += HOLE", "y: int = HOLE", "y: HOLE = 1", "(HOLE).a: int = 1", "HOLE or x",
    "not (HOLE)", "-(HOLE)", "(HOLE) < x < (HOLE)", "x if (HOLE) else x", "lambda: HOLE",
    "lambda a=HOLE: a", "[HOLE for i in x if HOLE]", "[i for i in (HOLE)]", "{HOLE: HOLE}",
    "{**(HOLE)}", "{HOLE}", "(HOLE, *(HOLE))", "(y := (HOLE))", "assert HOLE, HOLE", "raise HOLE from HOLE",
    "yield (HOLE)", "yield from (HOLE)", "return HOLE", "type(HOLE).__name__", "print(HOLE)",
    "for i in (HOLE):\n        pass", "while (HOLE):\n        pass", "if (HOLE):\n        pass",
    "with (HOLE) as y:\n        pass", "with x as (HOLE).a:\n        pass",
    "try:\n        pass\n    except (HOLE):\n        pass",
    "match (HOLE):\n        case 1 if (HOLE):\n            pass",
    "def g(a=HOLE) -> HOLE:\n        pass", "def g(a: HOLE):\n        pass",
    "class G(HOLE):\n        pass", "class G:\n        a: HOLE = HOLE",
    "@(HOLE)\n    def g():\n        pass", "@(HOLE)\n    class G:\n        pass",
]  # fmt: skip


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refused_expression_is_a_finding_wherever_it_stands(refused: str) -> None:
    """The check of `f"{await x}"` fell over, and its user was told that the check gave up."""
    for place in PLACES:
        source = f"def handler(event):\n    x = w = event\n    {place.replace('HOLE', refused)}\n"
        try:
            ast.parse(source)
        except SyntaxError:
            continue  # not a place for this one
        if refused == "open" and place in {"y: HOLE = 1", "def g(a: HOLE):\n        pass"}:
            continue  # a type may be named that is not there
        code, findings = compile_source(source)
        assert code is None
        assert REFUSED[refused] in {finding.code for finding in findings}, source


def test_every_module_of_the_standard_library_can_be_looked_at() -> None:
    """No better collection of odd programs is at hand: each node of the grammar is in there."""
    folder = Path(os.__file__).parent
    files = [*sorted(folder.glob("*.py"))[::4], *(folder / "test").glob("test_[a-gp]*.py")]
    assert len(files) > 40
    for path in files:
        text = path.read_text("utf-8", "replace")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                tree = ast.parse(text)
            except SyntaxError:
                continue
        policy = Policy(frozenset(), frozenset(), modules={})
        policy.visit(tree)
        assert policy.findings, path
        assert isinstance(look(text), list)
