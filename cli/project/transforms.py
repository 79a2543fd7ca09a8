"""The data transforms that a project's file declares; their order is that of the chain.

[transforms."Full name"]
method = "merge"
sources = ["name", "display_name"]
target = "full_name"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.project import document, keys
from cli.project.document import check_names
from cli.project.key import names
from runtime.core.transforms import parsing, rules
from runtime.core.transforms.transform import TARGET_SUFFIX, Definition, Method
from runtime.errors import BadInput

SECTION: Final = "transforms"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTransform:
    """A data transform as the file has it."""

    name: str
    method: str
    # The sources, the target, and all settings of the method, as the API shows them.
    settings: Mapping[str, Any]
    enabled: bool | None  # None: the file does not say, and whoever switched it last decides


def declared(path: Path, sections: Mapping[str, Any]) -> tuple[DeclaredTransform, ...]:
    """The data transforms of a file, in its order.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the key.
    """
    definitions: list[Definition] = []

    def parse(name: str, own: Mapping[str, Any]) -> DeclaredTransform:
        definition = _definition(name, own)
        definitions.append(definition)
        return _declared(definition, own)

    parsed = tuple(document.declared(path, sections, SECTION, parse))
    with document.faults_of(path, at=SECTION):
        rules.check_together(definitions)
    return parsed


def _definition(name: str, own: Mapping[str, Any]) -> Definition:
    check_names(own, names(keys.TRANSFORM))
    for required in ("method", "sources"):
        if required not in own:
            raise BadInput(f"has no {required}; a data transform needs it", field="")
    method = Method(document.choice(own["method"], list(Method), "method"))
    sources = document.texts(own, "sources", like='["email"]')
    default = f"{sources[0] if sources else ''}{TARGET_SUFFIX}"
    definition = Definition(
        name=name,
        sources=sources,
        target=document.text(own.get("target", default), "target"),
        settings=parsing.settings(method, document.table(own, "settings")),
    )
    rules.check(definition)
    return definition


def _declared(definition: Definition, own: Mapping[str, Any]) -> DeclaredTransform:
    return DeclaredTransform(
        name=definition.name,
        method=str(definition.method),
        settings={
            "sources": list(definition.sources),
            "target": definition.target,
            "settings": parsing.to_json(definition.settings),
        },
        enabled=document.switch(own["enabled"], "enabled") if "enabled" in own else None,
    )
