"""The tables of keys: they are the API's fields, and the page's example can be read."""

from dataclasses import fields

from cli.project import function_keys, keys
from cli.project.functions import load_function
from cli.project.key import names as names_of
from cli.project.project import load_project
from functions._api.api_keys import ApiKeyIn
from functions._api.functions import FunctionIn
from functions._api.syncs import SyncIn
from functions._api.transforms import NewTransformIn
from functions._api.webhook_access import BasicIn, BearerIn, CertificateIn, OAuth2In
from functions._api.webhooks import RateLimitIn, WebhookIn
from infra.build import project_page
from runtime.core.functions.function import RetryPolicy
from runtime.core.matching.trigger import Trigger


def test_a_webhook_or_a_sync_can_be_declared_with_all_that_the_api_takes() -> None:
    """A field that the API gets later must not be forgotten here."""
    tables = (
        (keys.WEBHOOK, set(WebhookIn.model_fields) - {"name"}),
        (keys.RATE_LIMIT, set(RateLimitIn.model_fields)),
        (keys.BASIC, set(BasicIn.model_fields)),
        (keys.BEARER, set(BearerIn.model_fields)),
        (keys.OAUTH2, set(OAuth2In.model_fields)),
        (keys.CERTIFICATE, set(CertificateIn.model_fields)),
        (keys.SYNC, (set(SyncIn.model_fields) - {"name"}) | {"enabled"}),
        # The order of the file is the order of the chain.
        (keys.TRANSFORM, set(NewTransformIn.model_fields) - {"name", "position"}),
        (
            keys.API_KEY,
            (set(ApiKeyIn.model_fields) - {"name", "webhook_id"}) | {"webhook"},
        ),
        (
            function_keys.FUNCTION,
            set(FunctionIn.model_fields) | {"source", "publish", "enabled"},
        ),
        (function_keys.RETRY, {each.name for each in fields(RetryPolicy)}),
        (function_keys.TRIGGER, {each.name for each in fields(Trigger)}),
    )
    for table, names in tables:
        assert names == set(names_of(table))


def test_the_example_of_the_page_is_a_project() -> None:
    """Whoever begins with a copy of it begins with something that works."""
    project = load_project(project_page.EXAMPLE)
    folder = project_page.EXAMPLE.parent

    assert 2 == len(project.webhooks)
    assert ["warehouse"] == [sync.name for sync in project.syncs]
    assert load_function(folder / "order_slip.py").is_transform
    assert 1 == len(load_function(folder / "vip.py").triggers)
