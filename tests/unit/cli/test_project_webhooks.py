"""Webhooks and syncs in a `penstock.toml`: what the API would refuse is refused with its place."""

from pathlib import Path

import pytest

from cli._errors import WrongUsage
from cli.project import carry_out
from cli.project.document import FILE
from cli.project.plan import Action, of_webhooks
from cli.project.project import Project, load_project

PLAIN = '[webhooks.orders]\nurl = "https://x.example.com/"\ntopics = ["metric.x"]\n'
LAKE = '[syncs.lake]\nkind = "s3"\n'


def loaded(folder: Path, text: str) -> Project:
    """What a file declares."""
    (folder / FILE).write_text(text, "utf-8")
    return load_project(folder / FILE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{PLAIN}timeout = 3\n", "webhooks.orders.timeout: is unknown; did you mean timeout_s?"),
        (f"{PLAIN}timeout_s = 99\n", "webhooks.orders.timeout_s: must be from 1 to 30 seconds"),
        (f"{PLAIN}timeout_s = true\n", "webhooks.orders.timeout_s: must be a whole number"),
        (f"{PLAIN}retry_schedule_s = [0]\n", "webhooks.orders.retry_schedule_s: must be at most"),
        (f'{PLAIN}format = "klavio"\n', "webhooks.orders.format: is unknown; did you mean klaviyo"),
        (f"{PLAIN}handshake = true\n", "webhooks.orders.handshake: is part of the cloudevents"),
        (f"{PLAIN}enabled = 1\n", "webhooks.orders.enabled: must be true or false"),
        (f'{PLAIN}transform = "V"\n', "webhooks.orders.transform: "),
        (f"{PLAIN}max_concurrency = 0\n", "webhooks.orders.max_concurrency: must be from 1"),
        (f"{PLAIN}rate_limit = {{ count = 1 }}\n", "webhooks.orders.rate_limit: has no per"),
        (
            f'{PLAIN}rate_limit = {{ count = 1, per = "day" }}\n',
            "webhooks.orders.rate_limit.per: is unknown",
        ),
        (f"{PLAIN}filter = {{ a = [2026-01-01] }}\n", "webhooks.orders.filter.a[0]: date has no"),
        (PLAIN.replace("metric.x", "profile.create"), "webhooks.orders.topics: "),
        ('[webhooks.x]\nurl = "https://x.example.com/"\n', "webhooks.x: has no topics"),
        ('[webhooks]\nx = "https://x"\n', "webhooks.x: must be a table, such as [webhooks.x]"),
        ("syncs = 3\n", "syncs: must be a table, such as [syncs]"),
        ("[syncs.lake]\n", 'syncs.lake: has no kind; it is "s3" or "redshift"'),
        ('[syncs.lake]\nkind = "s4"\n', "syncs.lake.kind: is unknown; did you mean s3?"),
        ('[syncs.lake]\nkind = "s3"\ncron = "x"\n', "syncs.lake.cron: is unknown"),
        (f"{LAKE}selection = 1\n", "syncs.lake.selection: must be a table"),
        (f'{LAKE}selection.tables = ["x"]\n', "syncs.lake.tables: there is no table 'x'"),
        (f"{LAKE}selection.tables = [1]\n", "syncs.lake.tables: must be a list of texts"),
        (f"{LAKE}selection.columns = [{{}}]\n", "syncs.lake.selection.columns: each has table"),
        ("[webhook.x]\n", "webhook: is unknown; did you mean webhooks?"),
        (f'{PLAIN}auth = {{ kind = "bearer" }}\n', "webhooks.orders.auth: has no token"),
        (
            f'{PLAIN}headers = {{ Host = {{ env = "X" }} }}\n',
            "webhooks.orders.headers.Host: is set",
        ),
    ],
)
def test_a_slip_is_named_with_its_file_its_place_and_what_is_right(
    text: str, says: str, tmp_path: Path
) -> None:
    """Before anything is sent; the rules are those of the API."""
    with pytest.raises(WrongUsage) as refused:
        loaded(tmp_path, text)

    assert "bad_settings" == refused.value.code
    assert refused.value.message.startswith(f"{tmp_path / FILE}: {says}"), refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        'secret = "hunter2"',
        'headers = { X-Key = "hunter2" }',
        'auth = { kind = "bearer", token = "hunter2" }',
        'auth = { kind = "basic", username = "shop", password = "hunter2" }',
        'client_certificate = { certificate = { env = "A" }, private_key = "hunter2" }',
    ],
)
def test_a_secret_in_the_file_is_refused_with_the_way_out_and_not_repeated(
    text: str, tmp_path: Path
) -> None:
    """What is in the file is in the repository, for good."""
    with pytest.raises(WrongUsage, match='env = "NAME"') as refused:
        loaded(tmp_path, PLAIN + text)

    assert "hunter2" not in refused.value.message


def test_a_plan_says_nothing_of_a_secret_but_its_variable(tmp_path: Path) -> None:
    """It is printed before anybody has set the variable."""
    own = f'{PLAIN}secret = {{ env = "OWN" }}\nheaders = {{ X-Key = {{ env = "KEY" }} }}\n'
    project = loaded(tmp_path, own)

    [step] = of_webhooks(project.webhooks, [], send_secrets=False).steps

    assert Action.CREATE is step.action
    shown = {change.field: change.after for change in step.changes}
    assert ("(from OWN)", ["x-key"]) == (shown["secret"], shown["headers"])
    with pytest.raises(WrongUsage, match="takes KEY, OWN from the environment"):
        carry_out.open_secrets([step], {})
    [body] = carry_out.open_secrets([step], {"OWN": "o", "KEY": "k"})
    assert ("o", {"X-Key": "k"}) == (body["secret"], body["headers"])
