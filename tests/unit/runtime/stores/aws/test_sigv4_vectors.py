"""Our signer reproduces AWS's own signature vectors, as far as they are requests that we send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from runtime.stores.aws.sigv4 import Identity, Scope, canonical_request, sign, string_to_sign

SUITE: Final = Path(__file__).parent / "aws4_testsuite" / "vectors.jsonl"
NOW: Final = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
STAMP: Final = "20150830T123600Z"
SCOPE: Final = Scope(service="service", region="us-east-1")
DAY: Final = "20150830/us-east-1/service/aws4_request"
SECRET: Final = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN: Final = "x-amz-security-token"
REPRODUCED: Final = (
    "post-header-key-case",
    "post-header-key-sort",
    "post-header-value-case",
    "post-sts-token/post-sts-header-before",
    "post-vanilla",
    "post-x-www-form-urlencoded",
    "post-x-www-form-urlencoded-parameters",
)
NO_POST: Final = "it is a GET, and each call of AWS's JSON protocol is a POST to /"
QUERY: Final = "it has a query, and no call of AWS's JSON protocol has one"
UNSIGNED_TOKEN: Final = "its token is added after the signature, and ours is always signed"
SET_APART: Final[Mapping[str, str]] = {
    "get-header-key-duplicate": NO_POST,
    "get-header-value-multiline": NO_POST,
    "get-header-value-order": NO_POST,
    "get-header-value-trim": NO_POST,
    "get-unreserved": NO_POST,
    "get-utf8": NO_POST,
    "get-vanilla": NO_POST,
    "get-vanilla-empty-query-key": NO_POST,
    "get-vanilla-query": NO_POST,
    "get-vanilla-query-order-encoded": NO_POST,
    "get-vanilla-query-order-key": NO_POST,
    "get-vanilla-query-order-key-case": NO_POST,
    "get-vanilla-query-order-value": NO_POST,
    "get-vanilla-query-unreserved": NO_POST,
    "get-vanilla-utf8-query": NO_POST,
    "get-vanilla-with-session-token": NO_POST,
    "normalize-path/get-relative": NO_POST,
    "normalize-path/get-relative-relative": NO_POST,
    "normalize-path/get-slash": NO_POST,
    "normalize-path/get-slash-dot-slash": NO_POST,
    "normalize-path/get-slash-pointless-dot": NO_POST,
    "normalize-path/get-slashes": NO_POST,
    "normalize-path/get-space": NO_POST,
    "normalize-path/get-special-character": NO_POST,
    "post-sts-token/post-sts-header-after": UNSIGNED_TOKEN,
    "post-vanilla-empty-query-value": QUERY,
    "post-vanilla-query": QUERY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One request of the suite, and what AWS makes of it."""

    name: str
    request: str
    canonical_request: str
    string_to_sign: str
    authorization: str

    @property
    def first_line(self) -> str:
        """Method, target and version."""
        return self.request.partition("\n")[0]

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the request has before it is signed, names in lower case."""
        lines = self.request.partition("\n\n")[0].split("\n")[1:]
        pairs = (line.partition(":")[::2] for line in lines)
        return {name.lower(): value for name, value in pairs}

    @property
    def body(self) -> bytes:
        """The body; empty when the request has none."""
        return self.request.partition("\n\n")[2].encode()


VECTORS: Final = {
    vector.name: vector
    for line in SUITE.read_text(encoding="utf-8").splitlines()
    for vector in [Vector(**json.loads(line))]
}


def test_each_vector_is_either_reproduced_or_set_apart() -> None:
    """A vector that is skipped without a word would prove nothing, and nobody would see it."""
    assert sorted(VECTORS) == sorted([*REPRODUCED, *SET_APART])


@pytest.mark.parametrize("name", SET_APART)
def test_a_vector_is_set_apart_for_a_reason_that_is_true_of_it(name: str) -> None:
    """What we could send belongs among those that are reproduced."""
    vector = VECTORS[name]
    holds = {
        NO_POST: vector.first_line.startswith("GET "),
        QUERY: vector.first_line.startswith("POST /?"),
        UNSIGNED_TOKEN: TOKEN not in vector.headers and "header-after" in name,
    }
    assert holds[SET_APART[name]]


@pytest.mark.parametrize("name", REPRODUCED)
def test_a_vector_is_reproduced_in_each_of_its_steps(name: str) -> None:
    """The canonical request, the string to sign, and the header that AWS compares."""
    vector = VECTORS[name]
    assert "POST / HTTP/1.1" == vector.first_line
    given = vector.headers
    assert STAMP == given["x-amz-date"]

    canonical = canonical_request(vector.body, given)
    text = string_to_sign(canonical, stamp=STAMP, day=DAY)
    identity = Identity(access_key="AKIDEXAMPLE", secret_key=SECRET, token=given.pop(TOKEN, None))
    signed = sign(vector.body, given, identity=identity, scope=SCOPE, now=NOW)

    assert vector.canonical_request == canonical
    assert vector.string_to_sign == text
    assert vector.authorization == signed["authorization"]
