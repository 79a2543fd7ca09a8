"""The doctor's look at stacks of an account in this process: what cannot be seen, and no stack."""

import json
from collections.abc import Iterator

import boto3
import pytest

from cli._checks import Verdict
from cli._installation import of_stack
from cli.stack_doctor.look import NEEDS, look
from tests.cloud import in_process
from tests.pages import ROOT

PAGE = ROOT / "docs" / "howto" / "check-an-installation.md"


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """An account with a stack `shop`, which is no installation of Penstock."""
    with in_process():
        template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
        boto3.client("cloudformation").create_stack(
            StackName="shop", TemplateBody=json.dumps(template)
        )
        yield


def test_a_stack_that_is_not_there_is_the_only_thing_that_is_said() -> None:
    """Nine checks that all fail for one reason would hide it."""
    [check] = look(of_stack("nowhere")).checks
    assert (check.name, check.verdict) == ("stack", Verdict.FAILED)
    assert "there is no stack 'nowhere' here" in check.advice
    assert "region" in check.advice


def test_what_cannot_be_seen_hides_nothing_else() -> None:
    """Each check stands for itself, and says what it needs."""
    looked = look(of_stack("shop"))
    checks = {check.name: check for check in looked.checks}

    assert set(checks) == set(NEEDS)
    assert checks["stack"].verdict is Verdict.OK
    assert checks["clock"].found != "unseen"
    for name in ("key", "alarms", "isolation", "switches"):
        assert checks[name].found == "unseen"
        assert "is not an installation of Penstock" in checks[name].advice
        assert all(each in checks[name].advice for each in NEEDS[name])
    assert looked.account == "123456789012"


def test_the_page_names_every_permission_that_a_check_needs() -> None:
    """Somebody makes a policy of it."""
    text = PAGE.read_text(encoding="utf-8")
    assert {each for needs in NEEDS.values() for each in needs if f'"{each}"' not in text} == set()
