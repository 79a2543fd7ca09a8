"""The functions as the template deployed them: their handlers and their variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import boto3

from infra.demo.stage import Stage
from infra.local.emulator import aws_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One deployed function; `module` is where its handler stands."""

    module: str
    variables: Mapping[str, str] = field(repr=False)


def functions(stage: Stage) -> list[Deployed]:
    """Every function of the stack, by module."""
    aws = aws_environment(stage.local.aws_endpoint)
    client = boto3.client(
        "lambda",
        endpoint_url=stage.local.aws_endpoint,
        region_name=stage.local.region,
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )
    pages = client.get_paginator("list_functions").paginate()
    found = [
        Deployed(
            module=one["Handler"].rpartition(".")[0],
            variables={**aws, **one.get("Environment", {}).get("Variables", {})},
        )
        for page in pages
        for one in page["Functions"]
    ]
    return sorted(found, key=lambda one: one.module)
