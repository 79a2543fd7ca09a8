"""The API, running."""

from collections.abc import Iterator

import pytest

from tests.api_client import ApiClient, running_api


@pytest.fixture(scope="module")
def installation() -> Iterator[ApiClient]:
    """One installation for a module's tests; each brings a tenant of its own."""
    with running_api() as client:
        yield client


@pytest.fixture
def api(installation: ApiClient) -> ApiClient:
    """The API with a key of a new tenant that has every scope but admin."""
    return installation.newcomer()
