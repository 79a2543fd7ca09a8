"""The template as CloudFormation gets it: nested stacks read, SAM's transform applied, offline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
ROOT_TEMPLATE: Final = ROOT / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is {"Ref": x}."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
            return {name: value.split(".", 1) if suffix == "GetAtt" else value}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
        case _:
            raise TypeError(f"!{suffix} stands before {node}")


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of one stack."""

    stack: str
    name: str
    kind: str
    properties: dict[str, Any]
    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """Tells it from all others."""
        return f"{self.stack}.{self.name}"


def name(thing: Any) -> str:
    """How a case is named in the report."""
    return thing.id if isinstance(thing, Resource) else str(thing)


@cache
def load(path: Path) -> dict[str, Any]:
    """A template file."""
    return parse(path.read_text())


def parse(text: str) -> dict[str, Any]:
    """A template's text, the short forms of functions written out."""
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - derives from SafeLoader
    return loaded


@cache
def files() -> dict[str, Path]:
    """The file of every stack by the stack's name; the root's is empty."""
    nested = {
        name: ROOT / resource["Properties"]["TemplateURL"]
        for name, resource in load(ROOT_TEMPLATE)["Resources"].items()
        if resource["Type"] == "AWS::CloudFormation::Stack"
    }
    return {"": ROOT_TEMPLATE, **nested}


@cache
def stacks() -> dict[str, dict[str, Any]]:
    """Every stack by its name; the root's is empty."""
    return {name: load(path) for name, path in files().items()}


def resources(*kinds: str) -> list[Resource]:
    """Every resource of these kinds, of all stacks."""
    return [found for found in _all() if found.kind in kinds]


def functions() -> list[Resource]:
    """Every function, the globals of the root applied: what both have is joined, as SAM does."""
    shared = stacks()[""]["Globals"]["Function"]
    found = resources("AWS::Serverless::Function", "AWS::Lambda::Function")
    return [
        Resource(
            stack=each.stack,
            name=each.name,
            kind=each.kind,
            properties=each.properties if each.stack else _joined(shared, each.properties),
            raw=each.raw,
        )
        for each in found
    ]


def _joined(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    maps = {
        name: _joined(value, own[name])
        for name, value in shared.items()
        if isinstance(value, dict) and isinstance(own.get(name), dict)
    }
    return {**shared, **own, **maps}


def events(function: Resource, kind: str) -> list[dict[str, Any]]:
    """The event sources of one kind of a function."""
    sources = function.properties.get("Events", {}).values()
    return [source["Properties"] for source in sources if source["Type"] == kind]


def resolve(value: Any, *, stack: str) -> str:
    """What a reference points at, as `Stack.Resource`, followed through parameters and outputs."""
    match value:
        case {"Fn::GetAtt": [str() as name, str() as attribute]} if attribute.startswith(
            "Outputs."
        ):
            output = attribute.removeprefix("Outputs.")
            return resolve(stacks()[name]["Outputs"][output]["Value"], stack=name)
        case {"Fn::GetAtt": [str() as name, str()]}:
            return f"{stack}.{name}"
        case {"Ref": str() as name} if name in stacks()[stack]["Resources"]:
            return f"{stack}.{name}"
        case {"Ref": str() as name} if stack:
            given = stacks()[""]["Resources"][stack]["Properties"]["Parameters"][name]
            return resolve(given, stack="")
        case _:
            return str(value)


def number(value: Any, *, stack: str) -> int:
    """A number, followed through the parameters of nested stacks to the root's defaults."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        if stack:
            given = stacks()[""]["Resources"][stack]["Properties"]["Parameters"][value["Ref"]]
            return number(given, stack="")
        return int(stacks()[""]["Parameters"][value["Ref"]]["Default"])
    return int(value)


def by_id(found_id: str) -> Resource:
    """The resource that `resolve` has named."""
    [found] = [each for each in _all() if each.id == found_id]
    return found


def statements() -> list[tuple[Resource, dict[str, Any]]]:
    """Every statement that every role always has, with its role."""
    return [
        (role, statement)
        for role in resources("AWS::IAM::Role")
        for policy in role.properties.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def rendered(stack: str, **parameters: str) -> dict[str, Resource]:
    """What CloudFormation makes of a stack with these parameters: its conditions decided."""
    loaded = stacks()[stack]
    decided = {
        name: _decide(rule, parameters) for name, rule in loaded.get("Conditions", {}).items()
    }
    return {
        name: Resource(
            stack=stack,
            name=name,
            kind=raw["Type"],
            properties=_render(raw.get("Properties", {}), decided=decided, parameters=parameters),
            raw=raw,
        )
        for name, raw in loaded["Resources"].items()
        if decided.get(raw.get("Condition", ""), True)
    }


def installed(stack: str, **changed: str) -> dict[str, Resource]:
    """What `rendered` says of a stack with the root's defaults, a few of its parameters changed."""
    root = stacks()[""]
    given = root["Resources"][stack]["Properties"]["Parameters"] if stack else {}
    defaults = _defaults(stack)
    for name, value in given.items():
        match value:
            case {"Ref": str() as parameter} if parameter in root["Parameters"]:
                defaults[name] = str(root["Parameters"][parameter]["Default"])
            case {"Fn::If": [_, _, otherwise]}:
                defaults[name] = str(otherwise)
            case _:
                defaults[name] = str(value)
    unknown = changed.keys() - defaults.keys()
    if unknown:
        raise ValueError(f"{stack or 'the root'} has no {unknown}")
    return rendered(stack, **defaults | changed)


def holds(condition: str, *, stack: str, **parameters: str) -> bool:
    """Whether a condition of a stack holds with these parameters."""
    return _decide(stacks()[stack]["Conditions"][condition], parameters)


def refusals(**parameters: str) -> list[str]:
    """What CloudFormation says against these parameters of the root, by the template's rules."""
    given = _defaults("") | parameters
    return [
        asserted["AssertDescription"]
        for rule in stacks()[""]["Rules"].values()
        if _decide(rule["RuleCondition"], given)
        for asserted in rule["Assertions"]
        if not _decide(asserted["Assert"], given)
    ]


def _defaults(stack: str) -> dict[str, str]:
    """What a stack's parameters are by default; empty for those that have none."""
    asked = stacks()[stack].get("Parameters", {})
    return {name: str(each.get("Default", "")) for name, each in asked.items()}


def _decide(rule: Any, parameters: Mapping[str, str]) -> bool:
    match rule:
        case {"Fn::Equals": [{"Ref": str() as name}, wanted]}:
            return bool(parameters[name] == str(wanted))
        case {"Fn::Not": [inner]}:
            return not _decide(inner, parameters)
        case {"Fn::And": [*inner]}:
            return all(_decide(each, parameters) for each in inner)
        case {"Fn::Or": [*inner]}:
            return any(_decide(each, parameters) for each in inner)
        case _:
            raise TypeError(f"{rule} cannot be decided here yet")


_NO_VALUE: Final = {"Ref": "AWS::NoValue"}


def _render(value: Any, *, decided: Mapping[str, bool], parameters: Mapping[str, str]) -> Any:
    match value:
        case {"Fn::If": [str() as condition, yes, no]}:
            chosen = yes if decided[condition] else no
            return _render(chosen, decided=decided, parameters=parameters)
        case {"Ref": str() as name} if name in parameters:
            return parameters[name]
        case dict():
            parts = {
                key: _render(part, decided=decided, parameters=parameters)
                for key, part in value.items()
            }
            return {key: part for key, part in parts.items() if part != _NO_VALUE}
        case list():
            parts_of_list = [_render(p, decided=decided, parameters=parameters) for p in value]
            return [part for part in parts_of_list if part != _NO_VALUE]
        case _:
            return value


def _all() -> Iterator[Resource]:
    for stack, template in stacks().items():
        for name, raw in template["Resources"].items():
            properties = raw.get("Properties", {})
            yield Resource(stack=stack, name=name, kind=raw["Type"], properties=properties, raw=raw)
