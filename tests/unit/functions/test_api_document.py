"""The OpenAPI document: valid, complete, and held against every answer that any test gets."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions._api.endpoints import ENDPOINTS
from functions._api.refusals import OWN, refusals
from runtime.core.tenancy import scopes
from tests import api_contract
from tests.api_client import ApiClient

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}


def test_the_document_is_valid_openapi() -> None:
    """Generators and browsers of documents read it; defaults and examples must fit, too."""
    errors = OpenAPIV31SpecValidator(api_contract.DOCUMENT).iter_errors()

    assert [] == [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors]


def test_no_schema_is_named_after_a_module() -> None:
    """Of two classes with one name, the document would name each by its place in our code."""
    names = api_contract.DOCUMENT["components"]["schemas"]

    assert [] == [name for name in names if name.startswith("runtime__")]


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_an_operation_names_its_scope_and_every_status_with_its_codes(each: Any) -> None:
    """A client is written from the document alone, for the bad days too."""
    described = api_contract.operation(each)

    assert [{"key": [each.scope] if each.scope else []}] == described["security"]
    for status, codes in refusals(each).items():
        [(kind, _)] = described["responses"][str(status)]["content"].items()
        assert "application/problem+json" == kind
        assert list(codes) == described["responses"][str(status)]["x-codes"]
    statuses = {int(status) for status in described["responses"]}
    assert {401, 413, 429, 500, 503} < statuses
    assert (each.scope is None and each.is_for_receivers) == (403 not in statuses)
    assert (each.body is None) == (415 not in statuses)


def test_the_table_of_refusals_names_only_operations_that_there_are() -> None:
    """An operation that was renamed would lose its codes silently."""
    known = {f"{each.method} {each.path}" for each in ENDPOINTS}

    assert set() == set(OWN) - known


def test_every_scope_of_the_document_is_one_that_a_key_can_have() -> None:
    """A scope that is misspelt locks everybody out."""
    named = {each.scope for each in ENDPOINTS if each.scope}

    assert named <= {*scopes.SCOPES, scopes.ADMIN}


def test_an_answer_that_is_not_in_the_document_fails_the_test_that_gets_it(
    api: ApiClient,
) -> None:
    """A check that cannot fail proves nothing."""
    path = "/v1/webhooks"
    made = api.post(path, HOOK)

    for changed in (
        {"status": 200},
        {"text": made.text.replace('"enabled":true', '"enabled":"yes"')},
        {"headers": {"Content-Type": "text/plain"}},
        {"status": 409, "text": '{"code":"teapot"}'},
        {"text": ""},
    ):
        sent: dict[str, Any] = {"status": 201, "headers": made.headers, "text": made.text}
        with pytest.raises((AssertionError, ValueError)):
            api_contract.hold("POST", path, **sent | changed)
