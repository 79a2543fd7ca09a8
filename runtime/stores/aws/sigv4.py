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
    held = {**headers, "x-amz-date": stamp}
    if identity.token:
        held["x-amz-security-token"] = identity.token
    names = ";".join(sorted(held))
    lines = "".join(f"{name}:{held[name]}\n" for name in sorted(held))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    day = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{stamp}\n{day}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_key(identity.secret_key, day), to_sign.encode(), "sha256").hexdigest()
    held["authorization"] = (
        f"{ALGORITHM} Credential={identity.access_key}/{day},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    return held


@lru_cache(maxsize=4)  # a day's key signs every call of the day
def _key(secret_key: str, day: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in day.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
