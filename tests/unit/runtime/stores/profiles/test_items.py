"""Profiles survive their table and its stream."""

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.stores.profiles import items
from tests.builders import a_profile
from tests.json_values import JSON


@given(st.dictionaries(st.text("xyz", min_size=1), JSON))
def test_a_profile_comes_back_through_its_stream(properties: dict[str, Any]) -> None:
    """The stream hands bytes over as base64; the warehouse must not notice."""
    profile = a_profile(properties={**properties, "long": "x" * 5000})
    image = {
        name: {"B": base64.b64encode(held["B"]).decode()} if "B" in held else held
        for name, held in items.profile_item(profile).items()
    }

    assert profile == items.profile_from_stream(image)
