"""What an entry keeps of a thing: as GET shows it, without credentials, and bounded."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from runtime.core.deliveries import redact
from runtime.core.json_text import dump

MASKED: Final = "[masked]"
# A longer field is kept as its hash. A webhook or a function with all its fields of this size fits
# an item of DynamoDB, before and after the change.
MAX_FIELD_BYTES: Final = 8 * 1024
_VERSIONING: Final = "etag"  # differs with every change, and so is no news of its own
_URL: Final = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+""")


def kept(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What an entry keeps of a thing; None for none.

    Parts of URLs that may be credentials, and texts in the form of a key or a signing secret, are
    masked. A field of more than `MAX_FIELD_BYTES` of JSON is kept as its size and its SHA-256.
    """
    if document is None:
        return None
    return {name: _bounded(value) for name, value in document.items()}


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names of the fields in which a thing differs before and after a change, sorted.

    None when there was no such thing: a thing that was created or deleted has changed in no field.
    """
    if before is None or after is None:
        return ()
    names = {*before, *after} - {_VERSIONING}
    return tuple(sorted(name for name in names if before.get(name) != after.get(name)))


def _bounded(value: Any) -> Any:
    data = dump(value).encode()
    if len(data) > MAX_FIELD_BYTES:
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return _masked(value)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return _URL.sub(lambda match: _masked_url(match[0]), redact.without_shaped(value))
        case Mapping():
            return {name: _masked(each) for name, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
        case _:
            return value


def _masked_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    try:
        login, has_login, _ = urlsplit(url).netloc.rpartition("@")
        secrets = set(redact.secrets_of_url(url))
    except ValueError:  # no URL that anything could call
        return f"{scheme}://{MASKED}"
    if has_login:
        rest = f"{MASKED}@{rest[len(login) + 1 :]}"
    for secret in sorted(secrets, key=len, reverse=True):
        rest = rest.replace(secret, MASKED)
    return f"{scheme}://{rest}"
