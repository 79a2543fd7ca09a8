"""What the flows of several domains need."""

import pytest

from tests.chaos.report import Tell


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Say something whatever happens."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(text)  # noqa: T201 - a seed that nobody has seen is lost

    return say
