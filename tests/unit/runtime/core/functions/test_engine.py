"""The choice of an engine: names, findings and the records that name one."""

import pytest

from runtime.core.functions import finding, rules
from runtime.core.functions.finding import Severity
from runtime.core.functions.function import Engine
from runtime.errors import BadInput
from sandbox.engines import EngineName
from sandbox.sdk.finding import Finding as SandboxFinding


def test_the_platform_and_its_sandbox_have_the_same_engines() -> None:
    """They ship apart; a name that only one of them knows would fail at the first event."""
    assert {str(name) for name in EngineName} == {str(name) for name in Engine}


@pytest.mark.parametrize("name", ["", "auto", "Wasm", "v8", "wasm "])
def test_an_engine_that_does_not_exist_is_refused_with_those_that_do(name: str) -> None:
    """`auto` is none: it is the absence of a choice."""
    with pytest.raises(BadInput) as refusal:
        rules.engine(name)

    assert ("bad_engine", "engine") == (refusal.value.code, refusal.value.field)
    assert "wasm, restricted" in refusal.value.message


def test_a_finding_of_the_sandbox_is_read_as_it_was_written() -> None:
    """What the check says of a line is what the author is told of it."""
    raw = SandboxFinding(3, 7, "no_such_name", "no", hint="write x", severity="hint").to_json()

    read = finding.parse({**raw, "invented_later": 1})

    assert Severity.HINT is read.severity
    assert raw == read.to_json()


@pytest.mark.parametrize(
    "change", [{"severity": "fatal"}, {"line": "one"}, {"line": None}, {"code": ...}]
)
def test_a_finding_that_is_none_is_not_read(change: dict[str, object]) -> None:
    """Half a finding would be shown to somebody as advice."""
    raw = {**SandboxFinding(3, 7, "code", "no").to_json(), **change}
    raw = {name: value for name, value in raw.items() if value is not ...}

    with pytest.raises((KeyError, TypeError, ValueError)):
        finding.parse(raw)
