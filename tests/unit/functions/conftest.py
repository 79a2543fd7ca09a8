"""The API, running."""

from collections.abc import Iterator

import pytest

from tests.api_client import ApiClient, running_api


@pytest.fixture
def api() -> Iterator[ApiClient]:
    """The API with a key of tenant `acme` that has every scope but admin."""
    with running_api() as client:
        yield client
