"""AWS Signature Version 4 of a JSON call: what AWS checks, and nothing that our calls never have.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signs; `token` only with temporary credentials, as every Lambda has them."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a signature is good for: one service in one region."""

    service: str
    region: str


def sign(
    body: bytes, headers: Mapping[str, str], *, identity: Identity, scope: Scope, now: datetime
) -> dict[str, str]:
    """`headers` (names in lower case, `host` among them) and those that sign them.

    For a POST of `body` to the path `/` without a query; `now` is UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": stamp}
    if identity.token:
        signed["x-amz-security-token"] = identity.token
    day = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = string_to_sign(canonical_request(body, signed), stamp=stamp, day=day)
    signature = hmac.new(_key(identity.secret_key, day), text.encode(), "sha256").hexdigest()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={identity.access_key}/{day},"
        f" SignedHeaders={_names(signed)}, Signature={signature}"
    )
    return signed


def canonical_request(body: bytes, headers: Mapping[str, str]) -> str:
    """The one spelling of a request that both sides compute; of a POST to `/` without a query.

    All `headers` are signed. AWS trims their values and folds blanks in them; ours have none.
    """
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    return f"POST\n/\n\n{lines}\n{_names(headers)}\n{hashlib.sha256(body).hexdigest()}"


def string_to_sign(canonical: str, *, stamp: str, day: str) -> str:
    """What the key signs: the canonical request's digest, the time, and what the key is good for.

    `stamp` is the value of `x-amz-date`; `day` is the scope: its date, region and service.
    """
    return f"{ALGORITHM}\n{stamp}\n{day}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


@lru_cache(maxsize=4)  # a day's key signs every call of the day
def _key(secret_key: str, day: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in day.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
