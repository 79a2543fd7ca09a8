"""Turns data transforms and their versions into items of the config table, and back."""

from collections.abc import Mapping
from typing import Any

from runtime.core.json_text import dump, load
from runtime.core.transforms import parsing
from runtime.core.transforms.transform import Definition, Method, Transform, Version
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item


def transform_item(transform: Transform) -> Item:
    """The attributes of a transform; its position stands in the list, not here."""
    return {
        "id": codec.scalar(transform.id),
        "tenant": codec.scalar(transform.tenant),
        "version": codec.scalar(transform.version),
        "enabled": codec.scalar(transform.enabled),
        "created_at": codec.scalar(transform.created_at),
        "updated_at": codec.scalar(transform.updated_at),
        **_definition_item(transform.definition),
    }


def transform(item: Mapping[str, Item], *, position: int) -> Transform:
    """A stored transform."""
    names = ("id", "tenant", "version", "enabled", "created_at", "updated_at")
    values: dict[str, Any] = {name: codec.value(item[name]) for name in names}
    return Transform(definition=_definition(item), position=position, **values)


def version_item(version: Version) -> Item:
    """The attributes of a version."""
    return {
        "transform_id": codec.scalar(version.transform_id),
        "version": codec.scalar(version.version),
        "created_at": codec.scalar(version.created_at),
        **_definition_item(version.definition),
    }


def version(item: Mapping[str, Item]) -> Version:
    """A stored version."""
    values: dict[str, Any] = {
        name: codec.value(item[name]) for name in ("transform_id", "version", "created_at")
    }
    return Version(definition=_definition(item), **values)


def _definition_item(definition: Definition) -> Item:
    return {
        "name": codec.scalar(definition.name),
        "sources": codec.text(dump(list(definition.sources))),
        "target": codec.scalar(definition.target),
        "method": codec.scalar(str(definition.method)),
        "settings": codec.text(dump(parsing.to_json(definition.settings))),
    }


def _definition(item: Mapping[str, Item]) -> Definition:
    settings = load(codec.value(item["settings"]), wrapped=4, any_integer=True)
    return Definition(
        name=codec.value(item["name"]),
        sources=tuple(load(codec.value(item["sources"]))),
        target=codec.value(item["target"]),
        settings=parsing.settings(Method(codec.value(item["method"])), settings),
    )
