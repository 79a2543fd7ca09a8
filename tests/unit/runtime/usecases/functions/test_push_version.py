"""Pushing: what the check says of a source, and the engine that its version keeps."""

from collections.abc import Mapping
from typing import Any

import pytest

from runtime.core.functions.function import Engine, Function
from runtime.errors import SourceRefused, Transient
from runtime.stores.functions.functions import Functions
from runtime.usecases.functions.push_version import PushVersion
from tests.builders import TENANT, a_function
from tests.cloud import Cloud
from tests.doubles import FakeClock

SOURCE = "def handler(event):\n    return event['id']\n"
HINT = {
    "line": 1, "column": 5, "code": "unused", "message": "no", "hint": "", "severity": "hint",
}  # fmt: skip
ERROR = HINT | {"line": 2, "code": "syntax_error", "severity": "error"}


class Checker:
    """A sandbox whose installation is set to one engine; it finds what it is told to find."""

    def __init__(self, **answer: Any) -> None:
        self.jobs: list[Mapping[str, Any]] = []
        self.answer: dict[str, Any] = {"v": 1, "engine": "wasm", "findings": [], **answer}

    def run(self, tenant: str, job: Mapping[str, Any], /) -> Mapping[str, Any]:
        """The answer to a check."""
        assert TENANT == tenant
        self.jobs.append(job)
        return self.answer


def functions(cloud: Cloud, **settings: Any) -> tuple[Functions, Function]:
    """The real store with one function in it, still without code."""
    stored, function = Functions(config=cloud.config), a_function(latest_version=0, **settings)
    stored.add(function)
    return stored, function


def push(stored: Functions, sandbox: Checker) -> PushVersion:
    """The use case."""
    return PushVersion(functions=stored, sandbox=sandbox, clock=FakeClock())


@pytest.mark.parametrize(
    ("setting", "asked", "answered"),
    [
        (None, "auto", "wasm"),
        (None, "auto", "restricted"),
        (Engine.WASM, "wasm", "wasm"),
        (Engine.RESTRICTED, "restricted", "restricted"),
    ],
)
def test_a_version_keeps_the_engine_that_checked_it(
    cloud: Cloud, setting: Engine | None, asked: str, answered: str
) -> None:
    """The function's own choice, or whatever its installation is set to on that day."""
    stored, function = functions(cloud, engine=setting)
    sandbox = Checker(engine=answered)

    pushed = push(stored, sandbox)(TENANT, function.name, source=SOURCE)

    assert [asked] == [job["engine"] for job in sandbox.jobs]
    version = stored.get_version(TENANT, function.name, version=1)
    assert pushed.version == version
    assert Engine(answered) is version.engine
    assert setting == stored.get(TENANT, function.name).engine


def test_hints_are_handed_on_and_refuse_nothing(cloud: Cloud) -> None:
    """Advice that stops a push is no advice."""
    stored, function = functions(cloud)

    pushed = push(stored, Checker(findings=[HINT]))(TENANT, function.name, source=SOURCE)

    assert [HINT] == [hint.to_json() for hint in pushed.hints]
    assert 1 == stored.get(TENANT, function.name).latest_version


def test_an_error_refuses_the_source_and_says_the_hints_as_well(cloud: Cloud) -> None:
    """Whoever mends the one reads the other at the same time; the sentence is about the error."""
    stored, function = functions(cloud)

    with pytest.raises(SourceRefused, match="line 2") as refusal:
        push(stored, Checker(findings=[HINT, ERROR]))(TENANT, function.name, source=SOURCE)

    assert (HINT, ERROR) == refusal.value.findings
    assert "1 in all" in refusal.value.message
    assert 0 == stored.get(TENANT, function.name).latest_version


@pytest.mark.parametrize(
    "answer",
    [
        {"engine": None},
        {"engine": "v8"},
        {"findings": None},
        {"findings": [{"line": 1}]},
        {"findings": [HINT | {"severity": "fatal"}]},
        {"findings": [HINT | {"line": 10**400}]},
        {"findings": [HINT | {"column": float("inf")}]},
    ],
)
def test_a_check_that_is_none_stores_nothing(cloud: Cloud, answer: dict[str, Any]) -> None:
    """A version whose engine is a guess could run on another than it was checked with."""
    stored, function = functions(cloud)

    with pytest.raises(Transient) as fault:
        push(stored, Checker(**answer))(TENANT, function.name, source=SOURCE)

    assert "sandbox_crashed" == fault.value.code
    assert 0 == stored.get(TENANT, function.name).latest_version


def test_a_check_by_another_engine_than_the_function_names_stores_nothing(cloud: Cloud) -> None:
    """Never silently on another, at the push either."""
    stored, function = functions(cloud, engine=Engine.WASM)

    with pytest.raises(Transient, match="restricted, not with wasm") as fault:
        push(stored, Checker(engine="restricted"))(TENANT, function.name, source=SOURCE)

    assert "engine_unavailable" == fault.value.code
    assert 0 == stored.get(TENANT, function.name).latest_version
