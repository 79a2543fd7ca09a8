"""What the dialect's check says of modules, and of members that they do not have."""

import pytest

from sandbox.host import Sandbox


def _findings(box: Sandbox, source: str) -> list[tuple[int, str]]:
    return [(f.line, f.message) for f in box.check(source) if f.code == "module_not_available"]


def test_a_member_that_a_module_does_not_have_is_found_by_line(box: Sandbox) -> None:
    """Otherwise the first event finds it."""
    source = (
        "import math, urllib.parse\nimport collections.abc as abc\nfrom urllib import parse as p\n"
        "def handler(event):\n"
        "    math.nope(1)\n    urllib.parse.qoute('a')\n    abc.Mapp\n    p.qoute\n"
        "    return [math.sqrt(4), urllib.parse.quote('a'), abc.Mapping, p.quote]\n"
    )
    assert _findings(box, source) == [
        (5, '"math" has no "nope" here'),
        (6, '"urllib.parse" has no "qoute" here'),
        (7, '"collections.abc" has no "Mapp" here'),
        (8, '"urllib.parse" has no "qoute" here'),
    ]


def test_members_are_not_looked_for_where_the_name_may_mean_something_else(box: Sandbox) -> None:
    """A finding refuses the function, so it must not be a guess."""
    source = (
        "import math, json, itertools\nfrom datetime import datetime\nimport datetime as other\n"
        "def f(json):\n    return json.anything\n"
        "def g(x: math.Nope, y: 'math.Nope') -> math.Nope:\n    z: math.Nope = 1\n    return z\n"
        "def handler(event):\n"
        "    try:\n        return math.nope\n    except AttributeError:\n        pass\n"
        "    if hasattr(itertools, 'nope'):\n        return itertools.nope\n"
        "    return datetime.now\n"
    )
    assert _findings(box, source) == []


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("urllib3", "context.http"),
        ("stripe", "the service's HTTP API"),
        ("klaviyo_api", "the service's HTTP API"),
        ("dateutil.relativedelta", "use engine wasm, which has it"),
        ("yaml", "use engine wasm, which has it"),
        ("gzip", "use engine wasm, which has it"),
        ("email.utils", "use engine wasm, which has it"),
        ("html.parser", "use engine wasm, which has it"),
        ("pandas", "no engine has"),
        ("threading", "one run is one thread"),
        ("socket", "no operating system"),
        ("imp", "Python itself has it no more"),
        ("left_pad", "no package can be added"),
        ("statistic", "no package can be added"),
    ],
)
def test_a_module_that_is_not_there_comes_with_what_to_do(
    box: Sandbox, module: str, says: str
) -> None:
    """A wrong hint costs more than none: `urllib3` is not `urllib`, nor `stripe` `string`."""
    [finding] = box.check(f"import {module}\ndef handler(event):\n    return 1\n")
    assert says in finding.hint
    assert "did you mean" not in finding.hint
