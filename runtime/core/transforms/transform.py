"""A data transform: a property that the platform derives from others, for every profile.

It is not to be taken for the transform of a webhook, which is a function of the tenant's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from runtime.core import preconditions
from runtime.core.transforms.default import Default
from runtime.core.transforms.format import Format
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Merge
from runtime.core.transforms.split import Split
from runtime.core.transforms.standardize import Standardize

# Behind a source's name it is the property that is made where nobody names one, as at Klaviyo.
TARGET_SUFFIX: Final = "_transformed"


class Method(StrEnum):
    """What a data transform does."""

    FORMAT = "format"
    STANDARDIZE = "standardize"
    MERGE = "merge"
    SPLIT = "split"
    DEFAULT = "default"
    HASH = "hash"


Settings: TypeAlias = Format | Standardize | Merge | Split | Default | Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a data transform reads, does and writes; each version of it is one definition."""

    name: str  # for people
    sources: tuple[str, ...]  # properties; one, or for Merge several in order of priority
    target: str  # the property that profiles show; it may be the source itself
    settings: Settings

    @property
    def method(self) -> Method:
        """The method whose settings these are."""
        match self.settings:
            case Format():
                return Method.FORMAT
            case Standardize():
                return Method.STANDARDIZE
            case Merge():
                return Method.MERGE
            case Split():
                return Method.SPLIT
            case Default():
                return Method.DEFAULT
            case Hash():
                return Method.HASH


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One data transform of a tenant, as it stands."""

    id: str
    tenant: str
    definition: Definition
    position: int  # in the chain, from 1; later ones read what earlier ones have made
    version: int  # of the definition; it grows by one with each change of it, from 1
    created_at: str  # ISO 8601
    updated_at: str  # ISO 8601; when the definition, or whether it is enabled, was last changed
    enabled: bool = True  # False: profiles show what they would without it

    @property
    def etag(self) -> str:
        """The ETag of the transform as it stands."""
        return preconditions.etag(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A definition that a data transform has, or had."""

    transform_id: str
    version: int
    definition: Definition
    created_at: str  # ISO 8601
