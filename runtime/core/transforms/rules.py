"""What a data transform may read and write, and what the transforms of a tenant may be together."""

from collections.abc import Mapping, Sequence
from typing import Final

from runtime.core.profiles.profile import IDENTIFIERS
from runtime.core.transforms.pattern import Pattern
from runtime.core.transforms.standardize import Operator, Standardize
from runtime.core.transforms.transform import Definition, Method
from runtime.core.webhooks import rules as webhook_rules
from runtime.errors import BadInput

MAX_TRANSFORMS: Final = 100  # of a tenant, the disabled ones included
MAX_SOURCES: Final = 10  # of a Merge
MAX_PROPERTY_CHARS: Final = 256
PROPERTY: Final = webhook_rules.NAME  # as the names of things are: printable characters
# Of all regular expressions of a tenant together, in states of their automata. A step of a text
# costs at most one look at each, half a microsecond: so a profile costs half a second at the most.
MAX_PATTERN_STATES: Final = 2000
# What names a person. A derived value there would change who the profile is.
_NAMES_OF_PEOPLE: Final = frozenset({"id", "anonymous_id", *IDENTIFIERS})
_RESERVED: Final = "$"  # what Klaviyo's own properties begin with


def check(definition: Definition) -> None:
    """Refuse a definition that cannot work by itself.

    Raises:
        BadInput: code `bad_name`, `bad_sources`, `bad_target`, `identifier_target` or
            `reserved_target`.
    """
    webhook_rules.check_name(definition.name)
    _check_sources(definition)
    target = definition.target
    if not _is_property(target):
        raise BadInput(_PROPERTY, field="target", code="bad_target")
    if target in _NAMES_OF_PEOPLE:
        raise BadInput(
            f"{target} is an identifier, which no transform may change; choose another name",
            field="target",
            code="identifier_target",
        )
    if target.startswith(_RESERVED):
        raise BadInput(
            f"names that begin with {_RESERVED} are reserved; choose another one",
            field="target",
            code="reserved_target",
        )


_PROPERTY: Final = f"must be the name of a property: 1 to {MAX_PROPERTY_CHARS} printable characters"


def _is_property(name: str) -> bool:
    return len(name) <= MAX_PROPERTY_CHARS and PROPERTY.fullmatch(name) is not None


def _check_sources(definition: Definition) -> None:
    sources, several = definition.sources, definition.method is Method.MERGE
    least, most = (2, MAX_SOURCES) if several else (1, 1)
    if not least <= len(sources) <= most:
        raise BadInput(
            f"a merge has {least} to {most}" if several else "this method has one",
            field="sources",
            code="bad_sources",
        )
    for number, name in enumerate(sources):
        if not _is_property(name):
            raise BadInput(_PROPERTY, field=("sources", number), code="bad_sources")
    if len(set(sources)) < len(sources):
        raise BadInput("names a property twice", field="sources", code="bad_sources")


def check_together(definitions: Sequence[Definition]) -> None:
    """Refuse transforms that cannot work beside each other, whether they are enabled or not.

    Raises:
        BadInput: code `too_many_transforms`, `duplicate_target`, `circle` or `patterns_too_large`.
    """
    if len(definitions) > MAX_TRANSFORMS:
        raise BadInput(
            f"there are {MAX_TRANSFORMS} transforms already; delete one first",
            code="too_many_transforms",
        )
    sources: dict[str, tuple[str, ...]] = {}
    for each in definitions:
        if each.target in sources:
            raise BadInput(
                f"another transform writes {each.target!r} already; choose another name",
                field="target",
                code="duplicate_target",
            )
        sources[each.target] = each.sources
    _check_circles(sources)
    _check_patterns(definitions)


def _check_circles(sources: Mapping[str, tuple[str, ...]]) -> None:
    finished: set[str] = set()
    for target in sources:
        circle = _circle(target, sources, finished)
        if circle is not None:
            raise BadInput(
                f"this makes a circle: {' → '.join(circle)}; take one of them out of it",
                field="sources",
                code="circle",
            )


def _circle(
    start: str, sources: Mapping[str, tuple[str, ...]], finished: set[str]
) -> list[str] | None:
    """A circle that is reached from `start`, written in the direction of the values."""
    path: list[str] = []
    todo: list[tuple[str, bool]] = [(start, False)]  # a property, and whether it is left behind
    while todo:
        name, is_done = todo.pop()
        if is_done:
            path.pop()
            finished.add(name)
        elif name in path:
            return [name, *reversed(path[path.index(name) :])]
        elif name not in finished:
            path.append(name)
            todo.append((name, True))
            # A transform may write over its own source: it reads the original each time.
            todo.extend((each, False) for each in sources.get(name, ()) if each != name)
    return None


def _check_patterns(definitions: Sequence[Definition]) -> None:
    states = sum(
        Pattern(text, ignore_case=rule.ignore_case).states
        for each in definitions
        if isinstance(each.settings, Standardize)
        for rule in each.settings.rules
        if rule.operator is Operator.MATCHES
        for text in rule.values
    )
    if states > MAX_PATTERN_STATES:
        raise BadInput(
            f"the regular expressions of all transforms have {states} characters with their"
            f" repeats written out; at most {MAX_PATTERN_STATES}",
            field="settings",
            code="patterns_too_large",
        )
