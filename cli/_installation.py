"""Which installation an admin's command works on, with AWS credentials and not by the API."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Annotated, Any, Final

import typer

from cli._errors import CommandFailed, WrongUsage
from runtime.errors import NotFound, PenstockError

ADVICE: Final = "check your AWS credentials, region and the stack's name"
Stack = Annotated[
    str | None,
    typer.Option(
        "--stack", help="Of this stack, with your AWS credentials; else of the local cloud."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One deployed stack."""

    stack: str  # its name
    # Of botocore's clients, in place of the AWS settings in force; empty for none.
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def client(self) -> Callable[[str], Any]:
        """Makes botocore's client of a service."""
        # Deferred: botocore takes longer to import than most commands take to run.
        import botocore.session

        from runtime.stores.aws.clients import QUICK

        create: Callable[..., Any] = botocore.session.get_session().create_client
        return partial(create, config=QUICK, **self.settings)

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs.

        Raises:
            NotFound: code `stack_not_found`.
            Transient: AWS does not answer, or there are no credentials for it.
        """
        from runtime.stores.aws import stack as stacks

        return stacks.outputs(self.stack, **self.settings)

    def output(self, name: str) -> str:
        """One of the stack's outputs.

        Raises:
            CommandFailed: code `not_penstock`: the stack has no such output.
            PenstockError: as `outputs`.
        """
        if name not in self.outputs:
            raise CommandFailed(
                f"stack {self.stack!r} is not an installation of Penstock: it has no output"
                f" {name!r}",
                code="not_penstock",
            )
        return self.outputs[name]


def find(stack: str | None) -> Installation:
    """The stack that was named, or the local cloud of this folder.

    Raises:
        WrongUsage: code `no_local_cloud`: neither is there.
    """
    if stack is not None:
        return of_stack(stack)
    local = of_local_cloud()
    if local is None:
        raise WrongUsage(
            "name the stack that you mean by --stack, or run `penstock local up` here",
            code="no_local_cloud",
        )
    return local


def of_stack(stack: str) -> Installation:
    """An installed stack, by the AWS settings in force."""
    return Installation(stack=stack)


def of_local_cloud() -> Installation | None:
    """The local cloud of this folder; None when it is not up."""
    from infra.local import cloud
    from infra.local.emulator import ROOT_KEYS
    from infra.local.place import Place

    local = cloud.status(Place()).cloud
    if local is None:
        return None
    keys = {name.lower(): text for name, text in ROOT_KEYS.items()}
    settings = {"endpoint_url": local.aws_endpoint, "region_name": local.region, **keys}
    return Installation(stack=local.stack, settings=settings)


@contextmanager
def refusals() -> Iterator[None]:
    """Says of a refusal what a command says: where AWS did not answer, also what to look at."""
    try:
        yield
    except PenstockError as problem:
        is_ours = isinstance(problem, NotFound) and problem.code != "stack_not_found"
        message = problem.message if is_ours else f"{problem.message}; {ADVICE}"
        raise CommandFailed(message, code=problem.code) from problem
