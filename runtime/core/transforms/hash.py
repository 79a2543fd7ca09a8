"""The method Hash: what stands for a value where the value itself must not go.

It is not encryption: whoever can guess the value can hash the guess. It is not idempotent either;
but since a transform always reads the original, no value is hashed twice by one transform.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.core.json_text import dump
from runtime.core.transforms.values import ABSENT, Source, Value, Work, is_empty, only


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """How to hash: by SHA-256, as 64 hexadecimal digits."""

    # Trim the text and write it in lower case first, as the audiences of advertisers demand.
    normalize: bool = True


def work(settings: Hash) -> Work:
    """What hashes the source, or each member of a list; an empty source gives no value."""

    def hashed(value: Any) -> str:
        text = value if isinstance(value, str) else dump(value)
        if settings.normalize:
            text = text.strip().lower()
        return hashlib.sha256(text.encode()).hexdigest()

    def hash_source(sources: Sequence[Source]) -> Value:
        value = only(sources)
        if is_empty(value):
            return ABSENT
        return [hashed(each) for each in value] if isinstance(value, list) else hashed(value)

    return hash_source
