"""Where the emulators differ, each answers as docs/explanation/emulators.md says."""

import pytest

from tests.cloud import Cloud
from tests.emulators import page
from tests.emulators.difference import Difference, answer
from tests.emulators.of_dynamodb import DYNAMODB
from tests.emulators.of_sqs import SQS


def asks(difference: Difference) -> str:
    """How a case is named in the report."""
    return difference.asks


@pytest.mark.parametrize("cloud", ["botocore"], indirect=True, ids=["asked by botocore"])
@pytest.mark.parametrize("difference", [*DYNAMODB, *SQS], ids=asks)
def test_each_emulator_answers_as_the_page_says(
    difference: Difference, where: str, cloud: Cloud
) -> None:
    """An emulator that has changed its mind may hide a bug, or no longer hide one."""
    assert difference.expected(where) == answer(difference, cloud)


def test_the_page_lists_every_difference() -> None:
    """`python -m tests.emulators.page` writes it."""
    text = page.PAGE.read_text()

    assert page.tables() in text


@pytest.mark.parametrize("difference", [*DYNAMODB, *SQS], ids=asks)
def test_somebody_answers_differently(difference: Difference) -> None:
    """What all answer alike is no difference."""
    answers = {difference.aws, difference.moto, difference.ministack, difference.other}

    assert len(answers) > 1
