"""The API behind an HTTP API of API Gateway answers as it does behind a Function URL."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import api as api_function
from tests.api_client import ApiClient, a_url_event


def a_gateway_event(method: str, path: str, **options: Any) -> dict[str, Any]:
    """What an HTTP API hands to its function in payload format 2.0, by AWS's documentation.

    It decodes the path, has the caller's account in no place, and its own host in two.
    """
    event = a_url_event(method, path, **options)
    host = "abc.execute-api.eu-central-1.amazonaws.com"
    event["headers"] |= {"host": host, "x-forwarded-proto": "https", "x-forwarded-port": "443"}
    event["requestContext"] |= {"accountId": "123456789012", "domainName": host}
    return event


def ask(api: ApiClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and document, by way of the HTTP API."""
    event = a_gateway_event(
        method,
        path,
        body=None if body is None else json.dumps(body),
        headers={"authorization": f"Bearer {api.key}"},
    )
    answer = api_function.handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_call_by_the_http_api_is_answered_as_one_by_the_url(api: ApiClient) -> None:
    """An installation changes its front, and no caller's code."""
    hook = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
    status, made = ask(api, "POST", "/v1/webhooks", hook)
    assert 201 == status
    assert api.get("/v1/webhooks").json == ask(api, "GET", "/v1/webhooks")[1]
    assert (200, made["id"]) == (
        (shown := ask(api, "GET", f"/v1/webhooks/{made['id']}"))[0],
        shown[1]["id"],
    )


def test_a_path_that_the_http_api_has_decoded_leads_to_the_same(api: ApiClient) -> None:
    """It decodes what is escaped in a path; a Function URL leaves it as it came."""
    by_url = api.get("/v1/functions/no%20such")
    assert 422 == by_url.status  # the name is read, and is none
    assert (by_url.status, by_url.json) == ask(api, "GET", "/v1/functions/no such")
