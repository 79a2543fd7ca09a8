"""The functions whose code a project's file names: `apply` makes them, with their source.

[functions.vip]
source = "functions/vip.py"
topics = ["metric.placed_order"]
secrets = { CRM_TOKEN = { env = "CRM_TOKEN" } }
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cli import _files
from cli.project import document, functions
from cli.project.sealed import FromEnvironment
from runtime.core.functions import rules
from runtime.core.functions.function import Limits, RetryPolicy
from runtime.errors import BadInput

SECTION: Final = "functions"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFunction:
    """A function as the file has it; a setting that is left out has that of a new function."""

    name: str
    source: str  # its file, from the folder of the document, with / between the parts
    text: str  # what is in the file
    publish: bool  # whether the text goes live
    enabled: bool | None  # None: the file does not say, and whoever switched it last decides
    settings: Mapping[str, Any]  # all of them, as the API shows them; of secrets the sorted names
    # What stands for the values of its secrets; empty where the file only names them.
    secret_values: Mapping[str, FromEnvironment]


def declared(path: Path, sections: Mapping[str, Any]) -> Iterator[AppliedFunction]:
    """The functions of a file that name their source, in its order.

    Raises:
        WrongUsage: code `bad_settings`, or one of `_files.read_text`; the message names the file.
    """
    with_source = {name: own for name, own in sections.get(SECTION, {}).items() if "source" in own}

    def parse(table: str, own: Mapping[str, Any]) -> AppliedFunction:
        return _function(table, own, folder=path.parent)

    return document.declared(path, {SECTION: with_source}, SECTION, parse)


def left_to_push(sections: Mapping[str, Any]) -> frozenset[str]:
    """The names of the functions that the file leaves to `functions push`."""
    return frozenset(
        str(own.get("name", table))
        for table, own in sections.get(SECTION, {}).items()
        if "source" not in own
    )


def _function(table: str, own: Mapping[str, Any], *, folder: Path) -> AppliedFunction:
    judged = functions.judge(own)
    name = str(own.get("name", table))
    rules.check_name(name)
    source = document.text(own["source"], "source")
    file = PurePosixPath(source)
    if file.is_absolute() or "\\" in source or not file.name:
        raise BadInput(
            "must be a file from the folder of this one, such as functions/vip.py", field="source"
        )
    text = _files.read_text(folder / file)
    rules.check_source(text)
    return AppliedFunction(
        name=name,
        source=source,
        text=text,
        publish=own.get("publish", True),
        enabled=own.get("enabled"),
        settings=_whole(judged),
        secret_values=judged.secret_values,
    )


def _whole(judged: functions.JudgedFunction) -> dict[str, Any]:
    """All settings, with those of a new function where the file says nothing."""
    own = judged.settings
    return {
        "triggers": [
            {"topics": list(each.topics), "filter": each.filter} for each in judged.triggers
        ],
        "http_hosts": list(own.get("http_hosts", ())),
        "environment": dict(own.get("environment", {})),
        "secrets": sorted(set(own.get("secrets", ()))),
        "limits": asdict(Limits(**own.get("limits", {}))),
        "retry": retry_as_shown(judged.retry),
        "engine": own.get("engine"),
    }


def of_new_function() -> dict[str, Any]:
    """The settings of a function of which nobody has said anything."""
    return _whole(functions.judge({}))


def retry_as_shown(policy: RetryPolicy) -> dict[str, Any]:
    """A retry policy as the API shows it."""
    delays_s = None if policy.delays_s is None else list(policy.delays_s)
    return {"on": str(policy.on), "attempts": policy.attempts, "delays_s": delays_s}
