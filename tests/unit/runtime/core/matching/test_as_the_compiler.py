"""What AWS's own compiler of patterns refuses and takes, we do; each row is its verdict."""

from typing import Any

import pytest

from runtime.core.matching import matching
from runtime.errors import BadInput
from tests.event_patterns import is_matched


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ({"ip": [{"cidr": "10.0.0.0"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/255.0.0.0"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/0.255.255.255"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/8/8"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/-1"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/8x"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.0/32"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0/8"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "10.0.0.256/8"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "2001:db8::%eth0/32"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "2001:db8::/128"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "2001:db8::1.2.3.4/96"}]}, "filter.ip[0].cidr"),
        ({"ip": [{"cidr": "::ffff:a00:0/104"}]}, "filter.ip[0].cidr"),  # this is 10.0.0.0
        ({"a": [{"exactly": 5}]}, "filter.a[0].exactly"),
        ({"a": [{"exactly": ["x"]}]}, "filter.a[0].exactly"),
        ({"a": [{"anything-but": {"exactly": "x"}}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {"suffix": ["x", ""]}}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {"wildcard": "**"}}]}, "filter.a[0].anything-but.wildcard"),
        ({"$or": {"a": ["x"]}}, "filter.$or"),
        ({"$or": ["x", "y"]}, "filter.$or[0]"),
        ({"$or": []}, "filter.$or"),
        ({"$or": [{"a": ["x"]}]}, "filter.$or"),
        ({"$or": [{"a": ["x"]}, 5]}, "filter.$or[1]"),
        ({"$or": [{"a": ["x"]}, ["x"]]}, "filter.$or[1]"),
        ({"a": {"$or": "x"}}, "filter.a.$or"),
        ({"$or": [{"prefix": ["x"]}, {"a": ["x"]}]}, "filter.$or[0].prefix"),
        ({"$or": [{"a": ["x"]}, {"a": {"numeric": ["x"]}}]}, "filter.$or[1].a.numeric"),
        ({"$or": [{"a": ["x"]}, {"date-after": ["x"]}]}, "filter.$or[1].date-after"),
        ({"$or": [{"a": ["x"]}, {"<": ["x"]}]}, "filter.$or[1].<"),
        (
            {"$or": [{"a": ["x"]}, {"$or": [{"b": [1]}, {"exists": [True]}]}]},
            "filter.$or[1].$or[1].exists",
        ),
        ({"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["y"]}]}, "filter"),
        ({"$or": [{"a": ["y"]}, {"b": ["y"]}], "b": ["x"]}, "filter"),
        ({"o": {"$or": [{"a": [1]}, {"b": [1]}]}, "o.a": [2]}, "filter"),
        ({"$or": [{"a": [1], "$or": [{"a": [2]}, {"b": [2]}]}, {"c": [1]}]}, "filter.$or[0]"),
        ({"a.b": ["x"], "a": {"b": ["y"]}}, "filter"),
    ],
)
def test_what_the_compiler_refuses_is_refused_with_its_place(
    pattern: dict[str, Any], field: str
) -> None:
    """A filter that means two things means neither."""
    with pytest.raises(BadInput) as refusal:
        matching.compile(pattern)

    assert ("bad_filter", field) == (refusal.value.code, refusal.value.field)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"cidr": "2001:db8::/32"}, "2001:db8::1%eth0", False),  # a zone makes it no address
        ({"cidr": "2001:db8::/32"}, "2001:DB8:0::1", True),
        ({"cidr": "2001:db8::/32"}, "2001:db8::1.2.3.4", False),
        ({"cidr": "10.1.2.3/8"}, "10.9.9.9", True),
        ({"cidr": "10.0.0.0/08"}, "10.9.9.9", True),
        ({"cidr": "0.0.0.0/0"}, "10.9.9.9", True),
        ({"cidr": "0.0.0.0/0"}, "2001:db8::1", False),
        ({"cidr": "10.0.0.0/31"}, "10.0.0.1", True),
        ({"cidr": "10.0.0.0/31"}, "10.0.0.2", False),
        ({"cidr": "10.0.0.0/8"}, "010.000.000.001", True),
        ({"cidr": "10.0.0.0/8"}, "010.000.0000.001", False),  # too long for one
        ({"cidr": "10.0.0.0/8"}, "::ffff:a00:1", True),
        ({"cidr": "10.0.0.0/8"}, "::ffff:10.0.0.1", False),
        ({"cidr": "10.0.0.0/8"}, "10.0.0.1/32", False),
        ({"cidr": "10.0.0.0/8"}, "10.0.1", False),
        ({"cidr": "10.0.0.0/8"}, "10.0.0.1\n", False),
        ({"cidr": "10.0.0.0/8"}, 167772161, False),
        ("10.0.0.1", "10.0.0.01", True),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1", True),
        ("2001:db8::1", "2001:db8::2", False),
        ({"exactly": "10.0.0.1"}, "10.0.0.01", False),
        ({"exactly": "x"}, "x", True),
        ({"exactly": "x"}, "y", False),
        ({"anything-but": "10.0.0.1"}, "10.0.0.01", True),
        ({"anything-but": {"wildcard": ""}}, "", False),
        ({"anything-but": {"wildcard": ""}}, "x", True),
        ({"anything-but": {"wildcard": ["", "a*"]}}, "ab", False),
        ({"anything-but": {"equals-ignore-case": ""}}, "", False),
        ({"anything-but": {"equals-ignore-case": ""}}, 5, True),
        ({"anything-but": [""]}, "", False),
    ],
)
def test_what_the_compiler_takes_means_the_same_here(
    rule: object,
    value: object,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A filter moves between a rule of the bus and a subscription unchanged."""
    assert is_matched({"x": [rule]}, {"x": value}) is expected


@pytest.mark.parametrize("name", ["prefix", "numeric", "regex", "="])
def test_outside_of_or_a_field_may_be_called_like_an_operator(name: str) -> None:
    """Only inside `$or` could it be mistaken for one."""
    assert is_matched({name: ["x"], "a": {name: ["y"]}}, {name: "x", "a": {name: "y"}})


def test_an_address_of_any_length_is_read_in_no_time() -> None:
    """What a stranger sends must not be walked again for each of its colons."""
    assert not is_matched({"x": [{"cidr": "2001:db8::/32"}]}, {"x": ":" * 200_000 + "g"})
