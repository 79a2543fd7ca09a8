"""What a handler may return, and what it is told where it may not."""

from typing import Any

import pytest

from tests.sandbox.wasm.conftest import Run

HEAD = """
import dataclasses, decimal, datetime, enum, collections, typing
class Plan(enum.Enum):
    PRO = "pro"
class Kind(enum.StrEnum):
    ORDER = "order"
@dataclasses.dataclass
class Row:
    plan: Plan
    n: int = 1
    made: typing.ClassVar[int] = 5
Point = collections.namedtuple("Point", "x y")
def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value
def handler(event):
"""


def of(expression: str) -> str:
    """A function that returns this."""
    return f"{HEAD}    return {expression}\n"


@pytest.mark.parametrize(
    ("expression", "output"),
    [
        (
            "{7: 'a', 2.5: 'b', True: 'c', None: 'd'}",
            {"7": "a", "2.5": "b", "true": "c", "null": "d"},
        ),
        ("(1, (2, 3))", [1, [2, 3]]),
        ("Point(1, 2)", [1, 2]),
        ("{Kind.ORDER: Kind.ORDER}", {"order": "order"}),
        ("[Plan.PRO]", ["pro"]),
        ("Row(Plan.PRO)", {"plan": "pro", "n": 1}),
        ("collections.Counter('aab')", {"a": 2, "b": 1}),
        ("[2**64 - 1, -(2**64) + 1]", [2**64 - 1, -(2**64) + 1]),
        ("'12345678901234567890123'", "12345678901234567890123"),
        ("0.00012345678901234567", 0.00012345678901234567),
        ("['[[{{' * 99, '\\\\\\\\\"]' * 99]", ["[[{{" * 99, '\\\\"]' * 99]),
        ("'\\U0001f389 \\\\ud83d'", "\U0001f389 \\ud83d"),
        ("nested(64)[0][0]", None),
    ],
)
def test_a_result_is_what_json_dumps_makes_of_it(run: Run, expression: str, output: Any) -> None:
    """With two rules beyond it: an enum is its value, a dataclass a dict of its fields."""
    result = run(of(expression))
    assert result["outcome"] == "returned", result["error"]
    if output is not None:
        assert result["output"] == output


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("{'items': [{'total': decimal.Decimal('1')}]}",
         ("the result holds Decimal at ['items'][0]['total'], which is not JSON;"
         " use float(...) or str(...)")),
        ("datetime.date(2026, 1, 1)",
         "the result holds date, which is not JSON; use .isoformat()"),
        ("{1, 2}", "the result holds set, which is not JSON; use sorted(...) or list(...)"),
        ("(n for n in [1])", "the result holds generator, which is not JSON; use list(...)"),
        ("object()", ("the result holds object, which is not JSON;"
         " return dict, list, str, int, float, bool or None")),
        ("{'a': {(1, 2): 3}}",
         "the result has a key of type tuple at ['a']; JSON keys are text: use str()"),
        ("[1, float('nan')]", "the result holds NaN or infinity at [1], which JSON does not have"),
        ("2**64", "the result holds an integer beyond 64 bits; return it as text"),
        ("-(2**64)", "the result holds an integer beyond 64 bits; return it as text"),
        ("10**5000", "the result holds an integer beyond 64 bits; return it as text"),
        ("{'a': 'cut \\ud83d'}", "the result holds text with a lone surrogate"),
        ("{'\\ud83d': 1}", "the result holds text with a lone surrogate"),
        ("nested(65)", "the result is nested deeper than 64 levels"),
        ("nested(1000)", "the result is nested deeper than 64 levels"),
        ("[1] * 200_001", "the result has more than 200000 parts"),
        ("[[]] * 100_001", "the result has more than 200000 parts"),
        ("'x' * (1 << 20)", "the result is 1048578 bytes of JSON, the limit is 1048576"),
        ("'é' * ((1 << 19) + 1)", "the result is 1048580 bytes of JSON, the limit is 1048576"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_an_error_that_says_where_and_what_to_do(
    run: Run, expression: str, message: str
) -> None:
    """It is the function's fault, never a broken protocol: the parent would kill for that."""
    result = run(of(expression))
    assert (result["outcome"], result["error"]["type"]) == ("raised", "InvalidResult")
    assert result["error"]["message"] == message


def test_a_result_that_holds_itself_is_told_so(run: Run) -> None:
    """An encoder without this look would use up its stack."""
    result = run("def handler(event):\n    a = {}\n    a['b'] = [a]\n    return a\n")
    assert result["error"]["message"].startswith("the result holds itself")


def test_after_a_result_that_is_no_json_the_next_is_well(run: Run) -> None:
    """The encoder is made once, and notes where it is: an error must not leave notes behind."""
    source = (
        "KEPT = {'a': {1, 2}}\n"
        "def handler(event):\n    return KEPT if event == 'bad' else KEPT.update(a=1) or KEPT\n"
    )
    result = run(source, "good")
    assert result["output"] == {"a": 1}


def test_a_result_is_cut_at_the_limit_that_a_function_sets(run: Run) -> None:
    """Bytes are those of UTF-8, as the platform keeps them, not of escapes."""
    source = "def handler(event):\n    return 'é' * 49\n"
    assert run(source, limits={"result_bytes": 100})["outcome"] == "returned"
    result = run(source.replace("49", "50"), limits={"result_bytes": 100})
    assert result["error"]["message"] == "the result is 102 bytes of JSON, the limit is 100"
