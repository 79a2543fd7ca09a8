"""Ordinary statements, as people write them every day, run in the sandbox as anywhere."""
# ruff: noqa: E501, ISC004 - programs and their results are clearest on a line each

import json
import textwrap
from typing import Any

import pytest

from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

BODIES: dict[str, tuple[str, Any]] = {
    "augmented assignment to items": (
        "d = {'a': 1}\nd['a'] += 2\nd.setdefault('l', [])\nd['l'] += [1]\nreturn d",
        {"a": 3, "l": [1]},
    ),
    "augmented assignment evaluates its object once": (
        "n = []\ndef f():\n    n.append(1)\n    return {'a': 1}\nf()['a'] += 1\nreturn len(n)",
        1,
    ),
    "annotations": (
        "x: int = 1\ny: list[str]\ndef f(a: int) -> 'no':\n    return a\nreturn f(x)",
        1,
    ),
    "nonlocal": (
        "n = 0\ndef f():\n    nonlocal n\n    n += 1\n    return n\nf()\nreturn f()",
        2,
    ),
    "tuple unpacking with a star": ("a, (b, *c) = 1, (2, 3, 4)\nreturn [a, b, c]", [1, 2, [3, 4]]),
    "star arguments": (
        "def f(a, *b, k=0, **m):\n    return [a, list(b), k, m]\nreturn f(*[1, 2], **{'k': 3, 'z': 4})",
        [1, [2], 3, {"z": 4}],
    ),
    "comprehensions": (
        "return [[x for x in range(3) if x], sorted({x % 2 for x in range(3)}), "
        "{k: v for k, v in [('a', 1)]}, sum(x for x in range(4))]",
        [[1, 2], [0, 1], {"a": 1}, 6],
    ),
    "f-strings with format specs": (
        "v = 1234.5\nw = 10\nreturn f'{v:,.2f}|{\"x\":>{w}}|{v!r}|{v=}'",
        "1,234.50|         x|1234.5|v=1234.5",
    ),
    "str.format without attributes": (
        "return '{} {0[a]} {n:>3}'.replace('{} ', '').format({'a': 1}, n=2) + '{}-{}'.format(1, 2)",
        "1   21-2",
    ),
    "percent format": ("return '%s %05.1f %(x)s'[:9] % ('a', 1.25)", "a 001.2"),
    "try, except, else, finally": (
        "out = []\ntry:\n    int('x')\nexcept (ValueError, TypeError) as e:\n    out.append(str(e)[:7])\n"
        "else:\n    out.append('no')\nfinally:\n    out.append('f')\nreturn out",
        ["invalid", "f"],
    ),
    "raise from": (
        "try:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise ValueError('x') from e\n"
        "except ValueError as e:\n    return type(e).__name__",
        "ValueError",
    ),
    "generators": (
        "def g(n):\n    for i in range(n):\n        got = yield i\n        if got:\n            yield got\n"
        "def h():\n    yield from g(2)\nx = g(3)\nnext(x)\nreturn [list(h()), x.send('s'), next(x)]",
        [[0, 1], "s", 1],
    ),
    "match on values, sequences and mappings": (
        "def f(x):\n    match x:\n        case 0 | 1:\n            return 'small'\n        case [a, *rest] if rest:\n"
        "            return [a, rest]\n        case {'type': 'x', **more}:\n            return more\n"
        "        case str(s):\n            return s + '!'\n        case None:\n            return 'none'\n"
        "        case _:\n            return 'other'\n"
        "return [f(1), f([1, 2, 3]), f({'type': 'x', 'a': 1}), f('s'), f(None), f(2.5)]",
        ["small", [1, [2, 3]], {"a": 1}, "s!", "none", "other"],
    ),
    "walrus, chained comparison, conditional": (
        "if (n := 5) > 3 and 1 < n < 10:\n    return 'y' if n else 'n'",
        "y",
    ),
    "lambda, map, filter, sorted with key": (
        "return [list(map(lambda x: x * 2, [1, 2])), list(filter(None, [0, 1])), "
        "sorted([{'a': 2}, {'a': 1}], key=lambda d: d['a'], reverse=True), max([1, 3], default=0)]",
        [[2, 4], [1], [{"a": 2}, {"a": 1}], 3],
    ),
    "slices and deletion": (
        "x = list(range(6))\ndel x[0]\nx[1:3] = ['a']\nd = {'k': 1}\ndel d['k']\nreturn [x, x[::-1][:2], d]",
        [[1, "a", 4, 5], [5, 4], {}],
    ),
    "zip, enumerate, reversed, any, all, bytes": (
        "return [list(zip('ab', [1, 2])), list(enumerate('a', 1)), list(reversed([1, 2])), any([0, 1]), "
        "all([]), bytes([65]).decode(), dict(zip('a', [1]))]",
        [[["a", 1], ["b", 2]], [[1, "a"]], [2, 1], True, True, "A", {"a": 1}],
    ),
    "while with else, for with else, continue": (
        "n = 0\nwhile n < 3:\n    n += 1\nelse:\n    n = 10\nfor i in range(2):\n    continue\nelse:\n    n += 1\nreturn n",
        11,
    ),
    "isinstance and type": (
        "return [isinstance(1, (int, str)), type('') is str, type([]) == list, callable(len)]",
        [True, True, True, True],
    ),
    "private names": ("_x = 1\ndef _f(_y):\n    return _x + _y\nreturn _f(1)", 2),
    "global": ("global COUNT\nCOUNT = 5\nreturn COUNT", 5),
    "assert": (
        "try:\n    assert 1 == 2, 'no'\nexcept AssertionError as e:\n    return str(e)",
        "no",
    ),
    "recursion": ("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nreturn f(15)", 610),
    "getattr with a default": ("return [getattr('', 'nope', 1), hasattr('', 'upper')]", [1, True]),
    "integers and rounding": (
        "return [7 // 2, -7 % 3, 2 ** 10, round(2.675, 2), divmod(7, 2), int('ff', 16)]",
        [3, 2, 1024, 2.67, [3, 1], 255],
    ),
    "counters as results": (
        "import collections\nreturn collections.Counter('aab')",
        {"a": 2, "b": 1},
    ),
}


def _run(box: Sandbox, source: str) -> dict[str, Any]:
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize("what", BODIES)
def test_plain_statement_runs_as_anywhere(box: Sandbox, what: str) -> None:
    """A developer who has to learn a dialect goes elsewhere."""
    body, expected = BODIES[what]
    result = _run(box, "def handler(event, profile, context):\n" + textwrap.indent(body, "    "))
    assert result["output"] == json.loads(json.dumps(expected)), result
