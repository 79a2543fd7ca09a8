"""What stands before the API: a Function URL, or an HTTP API that throttles."""

from typing import Any, Final

import pytest

from infra.local.place import ROOT
from infra.scan import template

FRONT: Final = template.stacks()["Front"]["Resources"]
URL: Final = (
    "ApiFunctionUrl",
    "ApiFunctionUrlPublicPermissions",
    "ApiFunctionURLInvokeAllowPublicAccess",
)


def in_root(front: str) -> set[str]:
    """What the root stack has with this front, of all that one of the two needs."""
    made = template.installed("", ApiFront=front)
    return {name for name in (*URL, "Front", "FrontMayCall") if name in made}


def test_an_installation_has_one_front_and_no_way_around_it() -> None:
    """A URL that is left beside the HTTP API would lead a flood past the throttle."""
    assert set(URL) == in_root("url")
    assert {"Front", "FrontMayCall"} == in_root("http-api")


def test_the_address_of_a_function_url_does_not_change_when_sam_is_not_asked_for_it() -> None:
    """Its name in the template is the one that SAM gives it, so CloudFormation keeps the URL."""
    url = template.installed("")["ApiFunctionUrl"]
    assert ("AWS::Lambda::Url", "NONE") == (url.kind, url.properties["AuthType"])
    [api] = [each for each in template.functions() if each.name == "ApiFunction"]
    assert "FunctionUrlConfig" not in api.properties  # for which `sam deploy --guided` stops
    assert f"{api.name}Url" == url.name


def test_whoever_may_use_the_url_may_use_nothing_but_the_url() -> None:
    """AWS asks for both permissions; the second would let every account invoke the function."""
    made = template.installed("")
    invoke = made["ApiFunctionURLInvokeAllowPublicAccess"].properties
    url = made["ApiFunctionUrlPublicPermissions"].properties
    assert ("lambda:InvokeFunction", True) == (invoke["Action"], invoke["InvokedViaFunctionUrl"])
    assert ("lambda:InvokeFunctionUrl", "NONE") == (url["Action"], url["FunctionUrlAuthType"])


def test_the_http_api_hands_on_what_a_function_url_would() -> None:
    """The function reads one kind of event, and does not know what stands before it."""
    integration = FRONT["ToTheFunction"]["Properties"]
    assert ("AWS_PROXY", "2.0") == (
        integration["IntegrationType"],
        integration["PayloadFormatVersion"],
    )
    assert "$default" == FRONT["EveryCall"]["Properties"]["RouteKey"]
    assert "$default" == FRONT["Stage"]["Properties"]["StageName"]  # any other is in every path
    [api] = [each for each in template.functions() if each.name == "ApiFunction"]
    assert int(api.properties["Timeout"]) * 1000 <= integration["TimeoutInMillis"] <= 30_000


def test_the_http_api_throttles_all_callers_together() -> None:
    """What is beyond the rate never runs the function, so it takes no copy from the others."""
    settings: dict[str, Any] = FRONT["Stage"]["Properties"]["DefaultRouteSettings"]
    given = {name: value["Ref"] for name, value in settings.items()}
    assert {"ThrottlingRateLimit": "ThrottleRate", "ThrottlingBurstLimit": "ThrottleBurst"} == given
    parameters = template.stacks()[""]["Parameters"]
    assert parameters["ApiThrottleRate"]["Default"] >= parameters["ApiCallsPerSecond"]["Default"]


def test_only_the_http_api_of_the_installation_may_call_by_its_permission() -> None:
    """API Gateway is one service for all accounts."""
    permission = template.installed("", ApiFront="http-api")["FrontMayCall"].properties
    assert "apigateway.amazonaws.com" == permission["Principal"]
    assert "${AWS::AccountId}:${Front.Outputs.ApiId}/" in permission["SourceArn"]["Fn::Sub"]


@pytest.mark.parametrize("name", ["README.md", "docs/howto/deploy.md"])
def test_no_page_sends_a_reader_into_the_questions_of_guided(name: str) -> None:
    """It asks for what `samconfig.toml` knows, and takes no for an answer by default."""
    assert "--guided" not in (ROOT / name).read_text(encoding="utf-8")
