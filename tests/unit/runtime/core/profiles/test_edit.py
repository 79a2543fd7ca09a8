"""What callers ask for is read or refused, and a refusal names the field."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.profiles import attributes, edit
from runtime.core.profiles.names import NameRules
from runtime.errors import BadInput
from tests.builders import NOW, a_profile

RULES = NameRules()
_WORD = re.compile(r"NaN|Infinity")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
# A profile holds JSON, so no infinity.
STORED = VALUES.filter(lambda value: not _WORD.search(json.dumps(value)))
# Names of properties, channels and kinds, few enough to meet.
KEYS = st.sampled_from(["a", "b", "email", "sms", ""])
GROUPS = st.one_of(VALUES, st.dictionaries(KEYS, st.one_of(VALUES, st.lists(SCALARS, max_size=3))))
REQUESTS = st.dictionaries(st.sampled_from([*edit.FIELDS, "colour"]), GROUPS, max_size=4)


@given(REQUESTS, st.dictionaries(st.sampled_from("ab"), STORED))
def test_anything_is_read_or_refused(raw: dict[str, Any], properties: dict[str, Any]) -> None:
    """Another error would be ours, and would cost a bulk call all of its records."""
    profile = a_profile(properties=properties, revision=1)
    try:
        amendment = edit.amendment(edit.parse(raw, now=NOW), profile, RULES)
    except BadInput:
        return
    after = attributes.amend(profile, amendment, now=NOW, cause="key:key_1")

    json.dumps(dict(after.properties), allow_nan=False)


@given(st.lists(st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from([1.0, "1"]))))
def test_appending_again_changes_nothing_and_removing_takes_all(values: list[Any]) -> None:
    """A call that is sent twice adds once; 1, true and "1" are three values."""
    profile = a_profile(properties={}, revision=1)

    def put(field: str, properties: dict[str, Any]) -> Any:
        wanted = edit.parse({field: {"tags": values}}, now=NOW)
        return edit.amendment(wanted, a_profile(properties=properties, revision=1), RULES).put

    once = put("append", dict(profile.properties))["tags"]

    assert {json.dumps(value) for value in values} == {json.dumps(value) for value in once}
    assert len(once) == len({json.dumps(value) for value in values})
    assert {} == put("append", {"tags": once})
    assert values == [] or [] == put("remove", {"tags": once})["tags"]
