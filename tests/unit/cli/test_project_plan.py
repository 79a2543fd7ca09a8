"""Laws of a plan: what is carried out is not planned again, and all that is sent is in the plan."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.project import plan
from cli.project.plan import Action, Step
from cli.project.sealed import FromEnvironment
from cli.project.webhooks import DeclaredWebhook

SECRETS = st.sampled_from(["A", "B"]).map(lambda name: FromEnvironment(variable=name))
SETTINGS = st.fixed_dictionaries(
    {
        "url": st.sampled_from(["https://a.example.com/", "https://b.example.com/"]),
        "topics": st.lists(
            st.sampled_from(["metric.x", "metric.y", "list.*"]), min_size=1, unique=True
        ),
        "filter": st.sampled_from([None, {"properties": {"value": [1]}}]),
        "transform": st.sampled_from([None, "vip"]),
        "format": st.just("standard"),
        "handshake": st.booleans(),
        "retry_schedule_s": st.sampled_from([None, [], [5, 60]]),
        "timeout_s": st.integers(1, 30),
        "rate_limit": st.sampled_from([None, {"count": 1, "per": "hour"}]),
        "max_concurrency": st.sampled_from([None, 3]),
    }
)
DECLARED = st.builds(
    DeclaredWebhook,
    name=st.just("orders"),
    settings=SETTINGS,
    enabled=st.sampled_from([None, True, False]),
    has_private_key=st.sampled_from([False]),
    headers=st.none() | st.dictionaries(st.sampled_from(["X-A", "x-b"]), SECRETS, min_size=1),
    auth=st.none()
    | SECRETS.map(lambda secret: {"kind": "bearer", "token": secret})
    | SECRETS.map(lambda secret: {"kind": "basic", "username": "u", "password": secret}),
    client_certificate=st.none()
    | SECRETS.map(lambda secret: {"certificate": secret, "private_key": secret}),
    secret=st.none() | SECRETS,
)


def planned(declared: DeclaredWebhook, *rows: dict[str, Any], send_secrets: bool = False) -> Step:
    """The one step."""
    [step] = plan.of_webhooks([declared], rows, send_secrets=send_secrets).steps
    return step


def carried_out(step: Step, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The webhook as the API shows it after a step."""
    row: dict[str, Any] = before or {
        "id": "whk_1", "etag": "0", "enabled": True, "signing_keys": [{"kind": "hmac"}],
        "headers": {}, "auth": None, "client_certificate": None,
    }  # fmt: skip
    row = {**row, **step.body}
    return {
        **row,
        "header_names": list(row["headers"]),
        "auth_kind": row["auth"] and row["auth"]["kind"],
        "certificate_expires_at": row["client_certificate"] and "2027-01-01T00:00:00.000Z",
    }


@given(first=DECLARED, then=DECLARED)
def test_what_was_carried_out_is_the_same_at_the_next_look(
    first: DeclaredWebhook, then: DeclaredWebhook
) -> None:
    """Whatever the file said before: a plan that does not come to rest would never be read."""
    created = planned(first)
    row = carried_out(created)
    changed = planned(then, row)

    assert Action.CREATE is created.action
    assert Action.SAME is planned(first, row).action
    assert Action.SAME is planned(then, carried_out(changed, row)).action
    assert {change.field for change in changed.changes} == set(changed.body)


@given(declared=DECLARED)
def test_secrets_that_are_sent_again_are_all_that_is_sent(declared: DeclaredWebhook) -> None:
    """And nothing of them is in the plan."""
    row = carried_out(planned(declared))

    again = planned(declared, row, send_secrets=True)

    sealed = {name for name in plan.SEALED if getattr(declared, name) is not None}
    assert sealed == set(again.body)
    assert all(change.after == plan.SENT_AGAIN for change in again.changes)
