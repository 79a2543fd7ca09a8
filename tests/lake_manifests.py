"""What the manifests of a world's lake say, and whether it is true."""

import json
from collections import Counter
from typing import Any

from tests.warehouse import World


def manifests(world: World) -> list[dict[str, Any]]:
    """All manifests."""
    return [json.loads(_body(world, key)) for key in world.keys("lake/") if _is_manifest(key)]


def problems(world: World) -> list[str]:
    """A sentence for each file that its manifest does not name as it is, or that is named twice."""
    named = [file for each in manifests(world) for file in each["files"]]
    there = {key for key in world.keys("lake/") if key.endswith(".parquet")}
    said = [f"{key} is named {n} times" for key, n in _counts(named).items() if n > 1]
    said += [f"{key} is not there" for key in _counts(named) if key not in there]
    for file in named:
        if file["key"] in there:
            true = (len(world.file_rows(file["key"])), len(_body(world, file["key"])))
            if true != (file["rows"], file["size_bytes"]):
                said.append(f"{file['key']} has {true} rows and bytes, not {file}")
    return said


def unnamed(world: World) -> set[str]:
    """The keys of the files that no manifest names."""
    there = {key for key in world.keys("lake/") if key.endswith(".parquet")}
    return there - {file["key"] for each in manifests(world) for file in each["files"]}


def _counts(named: list[dict[str, Any]]) -> Counter[str]:
    return Counter(file["key"] for file in named)


def _is_manifest(key: str) -> bool:
    return "/_manifests/" in key


def _body(world: World, key: str) -> bytes:
    body: bytes = world.s3.get_object(Bucket=world.name, Key=key)["Body"].read()
    return body
