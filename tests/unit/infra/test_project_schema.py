"""The published JSON Schema of a project's file: it takes what `apply` takes, and says why not."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from cli.project import function_keys, key, keys, yaml_text
from infra.build import project_page, project_schema, reference
from tests.unit.cli.test_apply_yaml import WHOLE

SCHEMA: Mapping[str, Any] = json.loads(
    (reference.FOLDER / project_schema.NAME).read_text(encoding="utf-8")
)
JUDGE = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema_that_knows_every_key_of_the_page_and_no_other() -> None:
    """What an editor offers is what `apply` reads."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    parts = {
        "function": function_keys.FUNCTION,
        "trigger": function_keys.TRIGGER,
        "limits": function_keys.LIMITS,
        "retry": function_keys.RETRY,
        "transform": keys.TRANSFORM,
        "webhook": keys.WEBHOOK,
        "rate_limit": keys.RATE_LIMIT,
        "basic": keys.BASIC,
        "bearer": keys.BEARER,
        "oauth2": keys.OAUTH2,
        "certificate": keys.CERTIFICATE,
        "sync": keys.SYNC,
        "key": keys.API_KEY,
    }
    assert set(keys.SECTIONS) == set(SCHEMA["properties"])
    for name, table in parts.items():
        part = SCHEMA["$defs"][name]
        required = {each.name for each in table if each.left_out == key.REQUIRED}
        assert set(key.names(table)) == set(part["properties"]), name
        assert required == set(part.get("required", ())), name


def test_it_takes_the_examples_of_the_docs_and_of_the_tests() -> None:
    """In either syntax."""
    JUDGE.validate(yaml_text.parse(WHOLE))
    JUDGE.validate(tomllib.loads(project_page.EXAMPLE.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("url: https://shop", "adress: https://shop"),
        ("{X-Team: {env: TEAM}}", "{X-Team: blue-blue}"),
        ("{CRM_TOKEN: {env: CRM_TOKEN}}", "{CRM_TOKEN: hunter2}"),
        ("preset: producer", "preset: producer\n    scopes: [events:write]"),
        ("kind: s3", "kind: s4"),
        ("kind: s3", "kind: s3\n    settings: {password: hunter2}"),
        ("[metric.placed_order]", "[Placed Order]"),
        ("wall_s: 5", "wall_s: 500"),
        ("method: merge", "method: mix"),
        ("webhooks:", "hooks:"),
    ],
)
def test_it_refuses_what_apply_refuses(before: str, after: str) -> None:
    """A pull request is read before anything is applied."""
    assert before in WHOLE

    assert not JUDGE.is_valid(yaml_text.parse(WHOLE.replace(before, after, 1)))
