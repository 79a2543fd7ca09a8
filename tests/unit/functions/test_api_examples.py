"""The examples of the OpenAPI document: every operation has them, they fit, and they are true."""

import json
from typing import Any

import pytest

from functions._api.endpoints import ENDPOINTS
from tests import api_contract, api_examples


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_an_operation_shows_a_request_and_its_answer_that_fit_their_schemas(each: Any) -> None:
    """Whoever begins with an operation begins with its example."""
    described = api_contract.operation(each)

    for parameter in described["parameters"]:
        if parameter["in"] == "path":
            assert api_contract.validator(parameter["schema"]).is_valid(parameter["example"])
    answers = [one for status, one in described["responses"].items() if status < "300"]
    shown = [one["content"]["application/json"] for one in answers if "content" in one]
    assert not each.answer or any("example" in one for one in shown)
    for content in shown:
        if "example" in content:
            api_contract.validator(content["schema"]).validate(content["example"])
    if each.body:
        content = described["requestBody"]["content"]["application/json"]
        api_contract.validator(content["schema"]).validate(content["example"])


def test_the_examples_are_what_the_api_answers() -> None:
    """Run `python -m tests.api_examples` when they are not: one that lies is worse than none."""
    written = json.loads(api_examples.FILE.read_text(encoding="utf-8"))

    assert api_examples.told() == written
