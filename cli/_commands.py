"""Every command that is imported only when it runs: where it stands, and its line of help.

Most of a command's first half second would be imports that it does not need. So `penstock --help`
reads this table alone, and a command imports its own module.
"""

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from cli import _examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command or a group of commands stands."""

    target: str  # the module, a colon, and the name of a function or of a Typer in it
    help: str  # a group's help; of a command, the first sentence of its docstring
    # Commands of this group that have a module of their own; empty for a command.
    commands: Mapping[str, "Place"] = field(default_factory=dict)


_SYNCS: Final[Mapping[str, Place]] = {
    "grants": Place(
        target="cli.sync_grants:grants",
        help="Print the SQL that lets syncs load Redshift, for a superuser of its database.",
    ),
    "refresh": Place(
        target="cli.sync_refresh:refresh",
        help="Make a table of the warehouse anew from the sync's lake; a job, see `penstock jobs`.",
    ),
}

_FUNCTIONS: Final[Mapping[str, Place]] = {
    "test": Place(
        target="cli.functions_test:functions_test",
        help="Run a function in the real sandbox, with no cloud at all.",
    ),
    "diff": Place(
        target="cli.function_versions:diff",
        help="Show what changed between two versions, or from a version to a file of yours.",
    ),
    "publish": Place(
        target="cli.function_versions:publish",
        help="Make a version live: the latest, or another one.",
    ),
    "rollback": Place(
        target="cli.function_versions:rollback",
        help="Go back to the version that was live before; while a canary runs, end it.",
    ),
    "releases": Place(
        target="cli.function_versions:releases",
        help="List what became of a function's versions, and why; the newest change first.",
    ),
    "enable": Place(
        target="cli.function_life:enable",
        help="Switch a function on; what it missed can be run again.",
    ),
    "disable": Place(
        target="cli.function_life:disable",
        help="Switch a function off; its events are recorded as skipped runs.",
    ),
    "delete": Place(
        target="cli.function_life:delete",
        help="Delete a function; for seven days it can be restored.",
    ),
    "restore": Place(
        target="cli.function_life:restore",
        help="Take the deletion of a function back; it is as it was before.",
    ),
    "logs": Place(
        target="cli.runs:logs", help="Show the latest runs with what they logged and did."
    ),
    "invoke": Place(
        target="cli.invoke:invoke",
        help="Run a function on one event: a given one, one that is kept, or the newest of"
        " a topic.",
    ),
    "errors": Place(
        target="cli.errors:errors",
        help="List what a function fails with: one line for each type of error and line of its"
        " source.",
    ),
    "replay": Place(
        target="cli.reruns:replay",
        help="Run runs of a function again, by default all that failed; a job, see `functions"
        " replays`.",
    ),
    "replays": Place(
        target="cli.reruns:replays",
        help="List a function's replays and how far they are, or stop one.",
    ),
    "secrets": Place(target="cli.function_values:secrets", help="Secrets of a function."),
    "environment": Place(
        target="cli.function_values:environment", help="What a function's code sees as os.environ."
    ),
    "case": Place(target="cli.function_cases:app", help="Cases that `functions test` runs."),
    "versions": Place(target="cli.function_versions:versions", help="Versions of a function."),
    "canary": Place(
        target="cli.function_versions:canary", help="Try a version on a share of the runs."
    ),
}
_PROFILES: Final[Mapping[str, Place]] = {
    "export": Place(
        target="cli.exports:export",
        help="Write people to a CSV or JSONL file, as a job, or with --subject one person's data.",
    ),
    "erase": Place(
        target="cli.erasure:erase",
        help="Erase a person for ever, as a job: nobody can take that back. On a terminal it asks"
        " first.",
    ),
    "set": Place(
        target="cli.profile_changes:set_profile",
        help="Change a profile: its properties, lists, numbers, consent and names.",
    ),
    "merge": Place(
        target="cli.profile_changes:merge",
        help="Merge two profiles of one person; the older id survives, and the other leads to it.",
    ),
    "unmerge": Place(
        target="cli.profile_changes:unmerge",
        help="Part a profile from the one that it was merged into; no event merges the two again.",
    ),
    "bulk": Place(
        target="cli.profile_changes:bulk",
        help="Make or change many profiles by the names of their people, a record a line.",
    ),
    "import": Place(
        target="cli.imports:import_",
        help="Import people from a CSV or JSONL file, as a job; see `penstock jobs`.",
    ),
}
_RUNS: Final[Mapping[str, Place]] = {
    "retry": Place(
        target="cli.reruns:retry",
        help="Run a run again, on its own event and the profile of now; its effects keep their"
        " ids.",
    ),
}
_ADMIN: Final[Mapping[str, Place]] = {
    "audit": Place(
        target="cli.admin_audit:audit_",
        help="List what admins did to an installation with AWS credentials, the newest first.",
    ),
    "dead-letters": Place(
        target="cli.dead_letters:app", help="Dead letters: messages that wait for a person."
    ),
    "pause": Place(
        target="cli.switches:pause",
        help="Pause the intake of events, or all deliveries, of an installation; nothing is lost.",
    ),
    "resume": Place(target="cli.switches:resume", help="Let the intake or the deliveries go on."),
    "quotas": Place(
        target="cli.quotas:quotas",
        help="Show or set how much a tenant may use on one day, in UTC; what is not given stays.",
    ),
    "replay": Place(
        target="cli.replay:replay",
        help="Hand the kept events of a time to one webhook or function, also those of before it"
        " was made.",
    ),
    "refresh": Place(
        target="cli.refresh_all:refresh",
        help="Make every table of every sync's warehouse anew from its lake, by a job for each.",
    ),
    "restore": Place(
        target="cli.restore:restore",
        help="Make a table, or all, just what it was: put what differs, delete what has come"
        " since.",
    ),
    "undelete": Place(
        target="cli.undelete:undelete",
        help="Count, and with --yes bring back, what was deleted from the bucket in a time.",
    ),
    "rotate-keys": Place(
        target="cli.rotate_keys:rotate_keys",
        help="Have KMS wrap every tenant's data keys anew, under the newest material of its key.",
    ),
    "drain": Place(
        target="cli.switches:drain",
        help="Wait until no queue holds work any more; dead letters do not count.",
    ),
}
COMMANDS: Final[Mapping[str, Place]] = {
    "verify": Place(
        target="cli.verify:verify",
        help="Check the signature of a captured request; the secret is read from"
        " PENSTOCK_WEBHOOK_SECRET.",
    ),
    "listen": Place(
        target="cli.listen:listen",
        help="Bring the deliveries of a webhook to a receiver on this machine, signed, as"
        " they come.",
    ),
    "init": Place(
        target="cli.init:init",
        help="Write a project to FOLDER: a function, its cases, its settings, a Makefile,"
        " and types.",
    ),
    "apply": Place(
        target="cli.apply:apply",
        help="Make a tenant what a file says; print the plan, ask, and change.",
    ),
    "export": Place(
        target="cli.export:export",
        help="Write what a tenant has as a file, which `penstock apply` makes again anywhere.",
    ),
    "dev": Place(
        target="cli.dev.command:dev",
        help="Work on a project: publish on save to the local cloud, and show what comes of"
        " events.",
    ),
    "doctor": Place(
        target="cli.doctor:doctor",
        help="Look into Python, the sandbox, the local cloud, the API, the queues and the"
        " warehouse.",
    ),
    "demo": Place(
        target="cli.demo:demo",
        help="Deploy to a local cloud, send a shop's real orders, and check every count at"
        " its end.",
    ),
    "events": Place(
        target="cli.events:app", help="Send events, look at them, and send them again."
    ),
    "webhooks": Place(target="cli.webhooks:app", help="Webhooks: endpoints and what they hear."),
    "deliveries": Place(target="cli.deliveries:app", help="Deliveries: one event for one webhook."),
    "functions": Place(
        target="cli.functions:app",
        help="Functions: your Python on your events.",
        commands=_FUNCTIONS,
    ),
    "runs": Place(
        target="cli.runs:app", help="Runs: one event through one function.", commands=_RUNS
    ),
    "profiles": Place(
        target="cli.profiles:app",
        help="Profiles: what is known of each person.",
        commands=_PROFILES,
    ),
    "identity": Place(
        target="cli.identity:app",
        help="Identity: by which rules names are read, and which of them may join people.",
    ),
    "jobs": Place(
        target="cli.jobs:app",
        help="Jobs: what was asked for that takes longer than a call, such as an import.",
    ),
    "transforms": Place(
        target="cli.transforms:app",
        help="Data transforms: properties of profiles that are made of others, without code.",
    ),
    "syncs": Place(target="cli.syncs:app", help="Syncs: warehouse destinations.", commands=_SYNCS),
    "query": Place(
        target="cli.query:query",
        help="Read the warehouse: the rows of one SELECT, or its tables and columns.",
    ),
    "cost": Place(
        target="cli.cost.command:cost",
        help="Compute what an installation costs a month, line by line, and what makes each less.",
    ),
    "completion": Place(
        target="cli.completion:completion",
        help="Print the script that completes commands, options and live names in a shell.",
    ),
    "config": Place(target="cli.config:app", help="Which APIs this command line knows by name."),
    "audit": Place(target="cli.audit:app", help="The audit log: who changed what, and when."),
    "keys": Place(target="cli.keys:app", help="API keys of your tenant."),
    "usage": Place(
        target="cli.usage:usage",
        help="Show what your tenant used on each day that has ended: events, deliveries, runs,"
        " bytes.",
    ),
    "admin": Place(
        target="cli.admin:app", help="Set an installation up, and mend it.", commands=_ADMIN
    ),
    "local": Place(
        target="cli.local:app",
        help="A cloud of your own on this machine: loopback only, no account.",
    ),
}


class Deferred(TyperCommand):
    """Stands for a command in the help of its group; parsing its arguments imports the command."""

    def __init__(self, path: tuple[str, ...], place: Place) -> None:
        super().__init__(path[-1], help=place.help, rich_markup_mode=None)
        self._path = path
        self._named = path[-1]
        self._place = place

    def command(self) -> TyperCommand | TyperGroup:
        """The command itself."""
        module, _, name = self._place.target.partition(":")
        found = getattr(importlib.import_module(module), name)
        # Only a parent makes a group of a Typer with one command, and gives it our settings.
        parent = typer.Typer(add_completion=False, rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=self._named, help=self._place.help)
        else:
            parent.command(self._named)(found)
        command = cast(
            "TyperCommand | TyperGroup", typer.main.get_group(parent).commands[self._named]
        )
        if isinstance(command, TyperGroup):
            defer(command.commands, self._place.commands, self._path)
        _add_examples(command, self._path)
        return command

    # Click parses, and completes, with the command of the context that this makes.
    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """The context of the command itself."""
        return self.command().make_context(*arguments, **named)


def defer(
    commands: MutableMapping[str, Any], places: Mapping[str, Place], path: tuple[str, ...] = ()
) -> None:
    """Add to the commands of a group, which has this path, those that have modules of their own."""
    commands.update({name: Deferred((*path, name), place) for name, place in places.items()})


def _add_examples(command: Any, path: tuple[str, ...]) -> None:
    """Put the example of each command that is imported below its help."""
    command.epilog = _examples.epilog(" ".join(path))
    for name, child in getattr(command, "commands", {}).items():
        if not isinstance(child, Deferred):
            _add_examples(child, (*path, name))


def walk(
    command: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], TyperCommand | TyperGroup]]:
    """A command and all that are below it, groups too, each imported, with its path."""
    if isinstance(command, Deferred):
        command = command.command()
    yield path, command
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))
