"""`deploy.md` is followed word for word: the real `make` and `sam`, to an emulated account.

The account has an installation already, the one of the other tests, so this is the second in it.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from infra.local import emulator
from infra.local.emulator import aws_environment
from infra.local.place import CLOUD_VENV, ROOT
from infra.local.state import LocalCloud
from tests.page_reader import Reader
from tests.pages import CommandStep, steps

pytestmark = pytest.mark.e2e

PAGE: Final = ROOT / "docs" / "howto" / "deploy.md"
STACK: Final = "penstock-dev"


@pytest.fixture(scope="module")
def reader(local_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody in the project's folder, whose AWS account is the emulator.

    What he builds is for this machine and this Python, because the emulator runs it here.
    """
    folder = tmp_path_factory.mktemp("project")
    # `sam` goes from the template to the Makefiles by relative paths, which links lead astray.
    shutil.copytree(ROOT / "infra", folder / "infra")
    for each in ROOT.iterdir():
        if each.is_file():
            shutil.copy2(each, folder)
        elif each.name != "infra" and (each.name[0] != "." or each.name in (".venv", ".cloud")):
            (folder / each.name).symlink_to(each)
    yield Reader(
        folder=folder,
        environment={
            **aws_environment(local_cloud.aws_endpoint),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PENSTOCK_BUILD_FOR": "host",
            "PENSTOCK_PYTHON": str(CLOUD_VENV / "bin" / "python"),
            "PYTHONPATH": str(ROOT),
            "PYTHON": "true",  # for `make setup`, which has been done: it would only be done again
        },
    )
    shutil.rmtree(folder / ".aws-sam", ignore_errors=True)


@pytest.fixture(scope="module")
def deployed(reader: Reader, local_cloud: LocalCloud) -> Iterator[Mapping[str, Any]]:
    """The stack that the page has made, as CloudFormation describes it.

    It goes at the end: its schedules would call its functions each minute beside the other tests.
    """
    page = steps(PAGE.read_text(encoding="utf-8"))
    commands = [each.command if isinstance(each, CommandStep) else "" for each in page]
    [bootstrap] = [at for at, each in enumerate(commands) if "admin bootstrap" in each]
    reader.follow(page[: bootstrap + 1])
    reach_the_emulator(reader, local_cloud)
    reader.follow(page[bootstrap + 1 :])
    stacks = client("cloudformation", local_cloud)
    [stack] = stacks.describe_stacks(StackName=STACK)["Stacks"]
    yield dict(stack)
    stacks.delete_stack(StackName=STACK)
    stacks.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def reach_the_emulator(reader: Reader, local_cloud: LocalCloud) -> None:
    """Let the kept address lead to the emulator, which has no names of AWS's for its URLs."""
    file = reader.folder / "config" / "penstock" / "config.toml"
    at_aws = r"https://(\w+)\.lambda-url\.[\w-]+\.on\.aws"
    here = rf"{local_cloud.aws_endpoint}/_aws/lambda-url/\1"
    text, changes = re.subn(at_aws, here, file.read_text(encoding="utf-8"))
    assert 1 == changes
    file.write_text(text, encoding="utf-8")


def client(service: str, local_cloud: LocalCloud) -> Any:
    """A client of the account."""
    session = emulator.root()
    return session.client(service, endpoint_url=local_cloud.aws_endpoint)  # type: ignore[call-overload]


def test_a_stranger_comes_from_an_account_to_the_first_run_of_a_function(
    deployed: Mapping[str, Any],
) -> None:
    """Nobody answers a question on the way: there is no terminal here that could."""
    given = {each["ParameterKey"]: each["ParameterValue"] for each in deployed["Parameters"]}
    assert ("CREATE_COMPLETE", "dev") == (deployed["StackStatus"], given["Stage"])


def test_the_second_installation_of_an_account_leaves_the_first_alone(
    deployed: Mapping[str, Any], local_cloud: LocalCloud
) -> None:
    """They share no table, queue, bucket, bus or function."""
    stacks = client("cloudformation", local_cloud)
    [first] = stacks.describe_stacks(StackName="penstock")["Stacks"]
    values = [
        {
            each["OutputValue"]
            for each in stack["Outputs"]
            if each["OutputKey"] not in ("RedshiftWorkgroup", "Version")
        }
        for stack in (first, deployed)
    ]
    assert not values[0] & values[1]
    assert len(values[0]) == len(values[1])


def test_to_deploy_again_changes_nothing_and_is_no_mistake(
    reader: Reader, deployed: Mapping[str, Any], local_cloud: LocalCloud
) -> None:
    """A pipeline deploys whatever has come, and often nothing has."""
    page = "# Again\n\n```\n$ make deploy STAGE=dev\n…\n```\n"
    reader.follow(steps(page))

    [again] = client("cloudformation", local_cloud).describe_stacks(StackName=STACK)["Stacks"]
    assert deployed["Outputs"] == again["Outputs"]


def test_a_parameter_that_is_changed_alone_reaches_the_callers_of_the_api(
    reader: Reader, deployed: Mapping[str, Any], local_cloud: LocalCloud
) -> None:
    """Behind the HTTP API: they meet a version, and Lambda publishes none for a variable alone."""
    settings = reader.folder / "samconfig.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"Stage=dev"', '"Stage=dev", "ExtraPorts=9443"'), "utf-8")
    reader.follow(steps("# Change\n\n```\n$ make deploy STAGE=dev\n…\n```\n"))

    [after] = client("cloudformation", local_cloud).describe_stacks(StackName=STACK)["Stacks"]
    assert deployed["Outputs"] == after["Outputs"]  # the address stays
    parts = client("cloudformation", local_cloud).describe_stack_resource(
        StackName=STACK, LogicalResourceId="ApiFunction"
    )
    live = client("lambda", local_cloud).get_function_configuration(
        FunctionName=parts["StackResourceDetail"]["PhysicalResourceId"], Qualifier="live"
    )
    assert "9443" == live["Environment"]["Variables"]["PENSTOCK_EXTRA_PORTS"]
