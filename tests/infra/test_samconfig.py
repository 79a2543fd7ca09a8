"""What `make deploy` knows of each stage, so that it asks nothing that has one right answer."""

import re
import tomllib
from typing import Any, Final

import pytest

from cli._concurrency import faults
from infra.scan import template

CONFIG: Final[dict[str, Any]] = tomllib.loads(
    (template.ROOT / "samconfig.toml").read_text(encoding="utf-8")
)
PARAMETERS: Final = template.stacks()[""]["Parameters"]
STAGES: Final = PARAMETERS["Stage"]["AllowedValues"]


def overrides(stage: str) -> dict[str, str]:
    """The parameters of a stage that are not the template's defaults."""
    written = CONFIG[stage]["global"]["parameters"]["parameter_overrides"]
    return dict(each.split("=", 1) for each in written)


def test_every_stage_that_the_template_knows_has_a_part_of_its_own() -> None:
    """`make deploy STAGE=…` takes no other."""
    assert {*STAGES, "default", "version"} == set(CONFIG)
    assert STAGES == [overrides(stage)["Stage"] for stage in STAGES]


def test_stages_share_no_name() -> None:
    """The second of two installations with one name would change the first."""
    names = [CONFIG[stage]["deploy"]["parameters"]["stack_name"] for stage in STAGES]
    assert ["penstock-dev", "penstock-staging", "penstock"] == names


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_parameters_and_values_that_the_template_takes(stage: str) -> None:
    """CloudFormation says so only after everything has been built and uploaded."""
    for name, value in overrides(stage).items():
        parameter = PARAMETERS[name]
        if "AllowedValues" in parameter:
            assert value in [str(each) for each in parameter["AllowedValues"]]
        elif parameter["Type"] == "Number":
            assert parameter.get("MinValue", 0) <= int(value) <= parameter["MaxValue"]
        else:
            assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


@pytest.mark.parametrize("stage", STAGES)
def test_a_deployment_asks_only_where_a_person_has_to_decide(stage: str) -> None:
    """The bucket and the capabilities have one right answer; a change of production has two."""
    deploy = CONFIG[stage]["deploy"]["parameters"]
    assert deploy["resolve_s3"] is True
    assert {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"} == set(deploy["capabilities"].split())
    assert (stage == "prod") is deploy["confirm_changeset"]
    assert deploy["fail_on_empty_changeset"] is False  # to deploy twice is no mistake
    assert CONFIG["default"]["build"] == CONFIG[stage]["build"]


@pytest.mark.parametrize("stage", STAGES)
def test_the_shares_of_a_stage_fit_an_account_with_a_thousand_copies(stage: str) -> None:
    """But in dev, a flood of calls has an end before it takes what deliveries need."""
    defaults = {name: str(each.get("Default", "")) for name, each in PARAMETERS.items()}
    texts = faults(defaults | overrides(stage), account_limit=1000)
    assert (stage != "dev") is (texts == ())


def test_production_has_what_holds() -> None:
    """Whoever takes the stage for what it is called gets what the word promises."""
    assert template.holds("ProtectsTables", stack="", DeletionProtection="by-stage", Stage="prod")
    assert {"ApiFront": "http-api", "ObjectVersionDays": "7"}.items() <= overrides("prod").items()
