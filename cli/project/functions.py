"""The functions that a project's file declares: what it says about each, judged as the API would.

[functions.rfm]                       # of rfm.py; a folder with one function may say [function]
topics = ["metric.placed_order"]      # and, if need be, a filter; or several triggers, see below
http_hosts = ["crm.example.com"]
environment = { SHOP_URL = "https://shop.example.com" }  # os.environ, on engine wasm
secrets = ["CRM_TOKEN"]
limits = { wall_s = 5 }
retry = { on = "on_error", attempts = 3, delays_s = [5, 60] }
engine = "wasm"                       # or "restricted"; left out, the installation decides

[[functions.score.triggers]]          # of score.py, which has several
topics = ["message.email.*"]

[[functions.score.triggers]]
topics = ["metric.placed_order"]
filter = { properties = { value = [{ numeric = [">", 100] }] } }

[secrets]                             # values for `functions test`; never sent anywhere
CRM_TOKEN = "only-for-local-tests"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli._names import nearest
from cli.project import document, function_keys, sealed
from cli.project.document import check_names
from cli.project.key import names
from cli.project.sealed import FromEnvironment
from runtime.core.functions import rules, triggers
from runtime.core.functions.function import Limits, RetryPolicy
from runtime.core.functions.unknown_fields import unknown_fields
from runtime.core.matching import matching
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput

ONLY_FUNCTION: Final = "function"


_FOLDERS_ABOVE: Final = 2  # in which the file of a source may stand, as of functions/shop/vip.py
# What `apply` alone reads of a function's table: the API has no such settings.
_OF_APPLY: Final = frozenset({"name", "source", "publish", "enabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFunction:
    """The table of a function, judged as the API would."""

    settings: Mapping[str, Any]  # as the API takes them, without the name
    triggers: tuple[Trigger, ...]  # empty for a transform, and where the file names none
    retry: RetryPolicy
    # What stands for the values of its secrets; empty where the file only names them.
    secret_values: Mapping[str, FromEnvironment]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionProject:
    """A function's source file with what its `penstock.toml` says about it."""

    name: str
    source: Path
    settings: Mapping[str, Any]  # as the API takes them, without the name
    triggers: tuple[Trigger, ...]  # empty for a transform, and where the file names none
    retry: RetryPolicy
    local_secrets: Mapping[str, str]  # values by name, for `functions test` only

    @property
    def is_transform(self) -> bool:
        """Whether the file says of the function what makes it a transform: it has no trigger.

        Where the file says nothing about the function, nobody knows.
        """
        return bool(self.settings) and not self.triggers

    def hints(self, source: str) -> list[dict[str, Any]]:
        """Hints about fields that this source reads and that no event of the triggers has."""
        topics = [topic for trigger in self.triggers for topic in trigger.topics]
        return [finding.to_json() for finding in unknown_fields(source, topics=topics)]


def load_function(source: Path) -> FunctionProject:
    """The project of a source file; without a file of the project it has no settings.

    Raises:
        WrongUsage: code `bad_settings`; the message names the file and the field.
    """
    path = _file_of(source)
    sections = document.read(path) if path.is_file() else {}
    functions = sections.get("functions", {})
    named = [each for each in functions if _is_of(source, each, functions[each], path)]
    own = functions[named[0]] if named else sections.get(ONLY_FUNCTION) or {}
    with document.faults_of(path):
        _check_tables(functions, source)
        judged = judge(own)
        _check_local_secrets(sections.get("secrets", {}))
    default = named[0] if "source" in own else _default_name(source)
    return FunctionProject(
        name=str(own.get("name") or default),
        source=source,
        settings=judged.settings,
        triggers=judged.triggers,
        retry=judged.retry,
        local_secrets=sections.get("secrets", {}),
    )


def _file_of(source: Path) -> Path:
    """The file beside a source; without one, that of a folder above which names the source."""
    beside = document.of_folder(source.parent)
    if beside.is_file():
        return beside
    for folder in source.resolve().parents[1 : 1 + _FOLDERS_ABOVE]:
        path = document.of_folder(folder)
        functions = document.read(path).get("functions", {}) if path.is_file() else {}
        if any(
            "source" in own and _is_of(source, each, own, path) for each, own in functions.items()
        ):
            return path
    return beside


def _is_of(source: Path, table: str, own: Mapping[str, Any], path: Path) -> bool:
    return source_of(table, own, path).resolve() == source.resolve()


def source_of(table: str, own: Mapping[str, Any], path: Path) -> Path:
    """The file of the code of a function's table: the one that it names, or NAME.py beside it."""
    named = own.get("source")
    return path.parent / (named if isinstance(named, str) else f"{table}.py")


def judge(own: Mapping[str, Any]) -> JudgedFunction:
    """Judge the table of a function.

    Raises:
        BadInput: the API would refuse it; the field is its place in the table.
    """
    check_names(own, names(function_keys.FUNCTION))
    _check(own)
    secrets = own.get("secrets")
    values = (
        {name: sealed.parse(value, f"secrets.{name}") for name, value in secrets.items()}
        if isinstance(secrets, dict)
        else {}
    )
    return JudgedFunction(
        settings=_as_taken(own),
        triggers=_triggers(own),
        retry=_retry(own),
        secret_values=values,
    )


def _as_taken(own: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the API takes them.

    Topics are sent as the one trigger that they stand for, with its filter. So a push can go from
    several triggers back to one, and a filter that was taken out of the file is taken away.
    """
    settings = {name: value for name, value in own.items() if name not in _OF_APPLY}
    if "secrets" in settings:
        settings["secrets"] = list(settings["secrets"])
    if "topics" in settings:
        trigger = {"topics": settings.pop("topics"), "filter": settings.pop("filter", None)}
        settings["triggers"] = [trigger] if trigger["topics"] else []
    return settings


def _check_tables(functions: Mapping[str, Any], source: Path) -> None:
    """Refuse tables that nothing reads: settings in them would not be in force."""
    stems = sorted(path.stem for path in {source, *source.parent.glob("*.py")})
    if source.stem not in functions:
        for name, own in functions.items():
            if name not in stems and "source" not in own:
                rule = f"there is no {name}.py beside it; {nearest(name, stems)}"
                raise BadInput(rule, field=f"functions.{name}")


def _check(own: Mapping[str, Any]) -> None:
    if "name" in own:
        rules.check_name(document.text(own["name"], "name"))
    document.texts(own, "topics", like='["metric.placed_order"]')
    rules.check_hosts(document.texts(own, "http_hosts", like='["crm.example.com"]'))
    environment = document.table(own, "environment")
    for name, value in environment.items():
        document.text(value, f"environment.{name}")
    rules.check_environment(environment)
    rules.check_secret_names(_secret_names(own))
    for name in ("publish", "enabled"):
        document.switch(own.get(name, True), name)
    document.table(own, "filter")
    _check_limits(document.table(own, "limits"))
    if "engine" in own:
        rules.engine(document.text(own["engine"], "engine"))


def _secret_names(own: Mapping[str, Any]) -> tuple[str, ...]:
    secrets = own.get("secrets")
    if isinstance(secrets, dict):
        return tuple(secrets)
    return document.texts(own, "secrets", like='["CRM_TOKEN"]')


def _triggers(own: Mapping[str, Any]) -> tuple[Trigger, ...]:
    if "triggers" not in own and "topics" not in own:
        if "filter" in own:  # alone, it is for a trigger that the function has already
            matching.compile(own["filter"])
        return ()
    settings: triggers.TriggerSettings = {}
    if "topics" in own:
        settings["topics"] = tuple(own["topics"])
    if "filter" in own:
        settings["filter"] = own["filter"]
    if "triggers" in own:
        each = enumerate(_list(own["triggers"]))
        settings["triggers"] = tuple(_trigger(one, f"triggers[{number}]") for number, one in each)
    return triggers.changed((), settings)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise BadInput('must be tables, such as [{ topics = ["metric.x"] }]', field="triggers")
    return value


def _trigger(own: object, at: str) -> Trigger:
    if not isinstance(own, dict):
        raise BadInput('must be a table, such as { topics = ["metric.x"] }', field=at)
    check_names(own, names(function_keys.TRIGGER), at=f"{at}.")
    if "topics" not in own:
        raise BadInput("has no topics; a trigger names some", field=at)
    topics = document.texts(own, "topics", like='["metric.placed_order"]')
    return Trigger(topics=topics, filter=document.table(own, "filter") if "filter" in own else None)


def _retry(own: Mapping[str, Any]) -> RetryPolicy:
    plain = RetryPolicy()
    policy = document.table(own, "retry")
    check_names(policy, names(function_keys.RETRY), at="retry.")
    attempts = document.whole_number(policy.get("attempts", plain.attempts), "retry.attempts")
    delays_s = policy.get("delays_s")
    return rules.retry_policy(
        document.text(policy.get("on", str(plain.on)), "retry.on"),
        attempts=attempts,
        delays_s=None if delays_s is None else document.whole_numbers(delays_s, "retry.delays_s"),
    )


def _check_limits(limits: Mapping[str, Any]) -> None:
    caps = Limits()
    check_names(limits, names(function_keys.LIMITS), at="limits.")
    for name, value in limits.items():
        at = f"limits.{name}"
        if type(value) not in {int, type(getattr(caps, name))}:
            kind = "a number" if name == "wall_s" else "a whole number"
            raise BadInput(f"must be {kind}, such as {getattr(caps, name)}", field=at)
    rules.check_limits(Limits(**limits))


def _check_local_secrets(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        at = f"secrets.{name}"
        rules.check_secret_value(document.text(value, at), field=at)


def _default_name(source: Path) -> str:
    # examples/crm_upsert/function.py is called crm_upsert, orders/rfm.py is called rfm.
    return source.resolve().parent.name if source.stem == ONLY_FUNCTION else source.stem
