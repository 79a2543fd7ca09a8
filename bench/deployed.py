"""Lists the functions that the template has deployed, with their handlers and variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import boto3

from infra.demo.stage import Stage
from infra.local.emulator import aws_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One deployed function."""

    module: str  # the module of its handler
    variables: Mapping[str, str] = field(repr=False)  # its environment; may hold credentials


def functions(stage: Stage) -> list[Deployed]:
    """Every function of the stack, sorted by module."""
    aws = aws_environment(stage.local.aws_endpoint)
    client = boto3.client(
        "lambda",
        endpoint_url=stage.local.aws_endpoint,
        region_name=stage.local.region,
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )
    pages = client.get_paginator("list_functions").paginate()
    deployed_functions = [
        Deployed(
            module=function["Handler"].rpartition(".")[0],
            variables={**aws, **function.get("Environment", {}).get("Variables", {})},
        )
        for page in pages
        for function in page["Functions"]
    ]
    return sorted(deployed_functions, key=lambda function: function.module)
