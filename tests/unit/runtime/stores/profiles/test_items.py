"""Profiles survive their table and its stream."""

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.profiles.profile_change import ProfileChange
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

    record = {"NewImage": image, "OldImage": image, "ApproximateCreationDateTime": 1_763_644_800}
    assert items.change(record) == ProfileChange(
        before=profile, after=profile, at="2025-11-20T13:20:00.000Z"
    )
