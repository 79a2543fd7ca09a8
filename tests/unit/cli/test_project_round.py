"""Laws of a project's file: its normal form says the same, and an export has the normal form.

What is declared is made by the real API; each example has a tenant of its own.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cli._connection import Connection
from cli.client import Client
from cli.project import carry_out, compare, exported, written, yaml_text
from cli.project.plan import Action, Kind
from cli.project.project import Project, load_project
from runtime.core.tenancy.scopes import PRESETS, SCOPES
from tests.api_server import Served

NOW = "2026-11-20T13:00:00.000Z"
NAMES = st.sampled_from(["orders", "Mail for the agency", "010", "no", "ünï 🚰", "a.b[0]"])
TOPICS = st.lists(
    st.sampled_from(["metric.placed_order", "message.email.*", "event:klaviyo.clicked_email"]),
    min_size=1,
    max_size=2,
    unique=True,
)
FILTERS = st.sampled_from(
    [{"properties": {"value": [{"numeric": [">", 5]}]}}, {"topic": [{"prefix": "m"}]},
     {"properties": {"is_new": [True, None], "a": ["no", "010"]}}]
)  # fmt: skip
ENV = st.sampled_from(["A", "B"]).map(lambda name: {"env": name})


def tables(
    required: Mapping[str, Any], optional: Mapping[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with these keys, some of which may be left out."""
    return st.fixed_dictionaries(dict(required), optional=dict(optional))


FUNCTIONS = tables(
    {"source": st.sampled_from(["one.py", "sub/two.py"])},
    {
        "topics": TOPICS,
        "http_hosts": st.lists(st.sampled_from(["a.example.com", "*"]), unique=True),
        "environment": st.dictionaries(
            st.sampled_from(["B", "A"]), st.sampled_from(["no", "", "1"])
        ),
        "secrets": st.sampled_from([["K"], {"K": {"env": "A"}, "B": {"env": "B"}}]),
        "limits": st.sampled_from([{"wall_s": 5}, {"wall_s": 0.5, "emits": 0}]),
        "retry": st.sampled_from([{"on": "on_error"}, {"attempts": 3, "delays_s": [1]}]),
        "engine": st.sampled_from(["wasm", "restricted"]),
        "publish": st.booleans(),
        "enabled": st.booleans(),
    },
)
FORMAT = st.fixed_dictionaries(
    {"trim": st.just(value=True)}, optional={"case": st.sampled_from(["title", "upper"])}
)
DEFAULT = st.sampled_from([False, 0, 1, True, "no", 0.5, [], {"a": [1]}]).map(
    lambda value: {"value": value}
)
TRANSFORMS = st.one_of(
    tables({"method": st.just("format"), "settings": FORMAT}, {"enabled": st.booleans()}),
    tables({"method": st.just("default"), "settings": DEFAULT}, {"enabled": st.booleans()}),
    tables({"method": st.just("hash")}, {"settings": st.just({"normalize": False})}),
)
WEBHOOKS = tables(
    {"url": st.just("https://shop.example.com/hooks"), "topics": TOPICS},
    {
        "filter": FILTERS,
        "format": st.sampled_from(["standard", "klaviyo", "cloudevents"]),
        "retry_schedule_s": st.sampled_from([[], [5, 60]]),
        "timeout_s": st.integers(1, 30),
        "rate_limit": st.just({"count": 5, "per": "minute"}),
        "max_concurrency": st.integers(1, 5),
        "enabled": st.booleans(),
        "ed25519": st.booleans(),
        "headers": st.dictionaries(st.sampled_from(["X-A", "x-b"]), ENV, min_size=1),
        "auth": ENV.map(lambda each: {"kind": "bearer", "token": each}),
    },
)
SYNCS = tables(
    {"kind": st.sampled_from(["s3", "redshift"])},
    {
        "schedule": st.sampled_from(["every 60 minutes", "daily at 03:30 Europe/Berlin", "manual"]),
        "selection": st.just({"exclude_topics": ["metric.noise"]}),
        "enabled": st.booleans(),
    },
)
KEYS = st.one_of(
    st.sampled_from(sorted(PRESETS)).map(lambda name: {"preset": name}),
    tables(
        {"scopes": st.lists(st.sampled_from(SCOPES), min_size=1, max_size=3, unique=True)},
        {"expires_at": st.sampled_from(["2999-01-31T00:00:00Z", "2999-01-31 01:00:00+01:00"])},
    ),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Whole documents."""
    functions: dict[str, Any] = draw(
        st.dictionaries(st.sampled_from(["vip", "rfm"]), FUNCTIONS, max_size=2)
    )
    transforms: dict[str, Any] = draw(st.dictionaries(NAMES, TRANSFORMS, max_size=3))
    for number, each in enumerate(transforms.values()):
        each["sources"] = [f"property {number}"]
    webhooks: dict[str, Any] = draw(st.dictionaries(NAMES, WEBHOOKS, max_size=2))
    live = [name for name, each in functions.items() if each.get("publish", True)]
    for each in webhooks.values():
        if each.get("format") == "klaviyo":
            each.pop("ed25519", None)  # it knows shared secrets only
        has_transform = draw(st.booleans())
        if live and has_transform:
            each["transform"] = draw(st.sampled_from(live))
    keys: dict[str, Any] = draw(st.dictionaries(NAMES, KEYS, max_size=2))
    if webhooks:
        webhook = draw(st.sampled_from(sorted(webhooks)))
        keys["of one webhook"] = {"preset": "receiver", "webhook": webhook}
    return {
        "functions": functions,
        "transforms": transforms,
        "webhooks": webhooks,
        "syncs": draw(st.dictionaries(NAMES, SYNCS, max_size=2)),
        "keys": keys,
    }


def project_of(folder: Path, document: Mapping[str, Any], sources: Mapping[str, str]) -> Project:
    """The project of a document, written as a person would have it in a folder."""
    folder.mkdir(exist_ok=True)
    for name, source in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    path = folder / "penstock.yaml"
    path.write_text(yaml_text.dump(document), encoding="utf-8")
    return load_project(path)


SOURCES = {name: f"def handler(event):\n    return {name!r}\n" for name in ("one.py", "sub/two.py")}


@given(document=documents())
@settings(deadline=None)
def test_the_normal_form_of_a_normal_form_is_itself(document: dict[str, Any]) -> None:
    """And what it says is what the file said."""
    with tempfile.TemporaryDirectory() as folder:
        normal = written.write(project_of(Path(folder), document, SOURCES))
        again = written.write(project_of(Path(folder, "again"), normal.document, normal.sources))

    assert normal == again
    assert yaml_text.dump(normal.document) == yaml_text.dump(again.document)


@pytest.fixture(scope="module")
def newcomer(served: Served) -> Callable[[], Client]:
    """Makes a tenant that has nothing, and calls with its key."""

    def make() -> Client:
        key = served.api.newcomer().key
        assert key is not None
        return Client(Connection(url=served.url, key=key, origin="a test"))

    return make


@given(document=documents())
@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.generate],  # an example takes seconds, and a smaller one hundreds of them
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_export_after_an_apply_is_the_normal_form_of_what_was_applied(
    document: dict[str, Any], newcomer: Callable[[], Client]
) -> None:
    """And then nothing is left to do."""
    api = newcomer()
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder), document, SOURCES)
    steps = compare.compare(project, api, now=NOW).to_do
    bodies = carry_out.open_secrets(steps, {"A": "hunter2-a", "B": "hunter2-b"})
    carry_out.carry_out(steps, bodies, api, tell=lambda *_: None)

    tenant = exported.export(api, tuple(Kind), now=NOW)

    assert written.write(project) == written.write(tenant.project)
    assert () == tenant.left_out
    rest = compare.compare(project, api, now=NOW)
    assert {Action.SAME} >= {step.action for step in rest.steps}
    assert () == rest.not_in_file
