"""Who may use how much of an account's concurrency: the one table, and what a limit leaves.

An account has so many copies of functions at once, in a region, for all that runs there. What one
function takes, the others lack. So every function of an installation has a most, by a parameter or
by what calls it; `api` has one only where `ApiConcurrency` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

UNRESERVED: Final = 100  # copies that AWS does not let anybody reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one function may use."""

    function: str  # its name in the template
    parameters: tuple[str, ...] = ()  # the template's; the most is their sum
    fixed: int = 0  # copies beyond those of the parameters
    reserved_by: str | None = None  # the parameter that reserves copies for it; None: there is none
    why: str  # that it has no more copies


SHARES: Final = (
    Share(
        function="ApiFunction",
        parameters=("ApiConcurrency",),
        reserved_by="ApiConcurrency",
        why="reserved copies are its most too; with 0 a flood may take whatever the account has",
    ),
    Share(function="FanoutFunction", parameters=("MatchConcurrency",), why="its queue's poller"),
    Share(function="RunFunction", parameters=("RunConcurrency",), why="its queue's poller"),
    Share(
        function="SandboxFunction",
        parameters=("RunConcurrency",),
        why="its callers: `run` calls it for one function as a rule, for ten of a batch at most",
    ),
    Share(
        function="DeliverFunction",
        parameters=("DeliverConcurrency", "SlowConcurrency"),
        reserved_by="DeliverReserved",
        why="the pollers of its two queues",
    ),
    Share(
        function="ProjectProfileFunction",
        parameters=("ProfileConcurrency",),
        why="its queue's poller",
    ),
    Share(function="ArchiveFunction", fixed=2, why="its queue's poller"),
    Share(function="FollowProfilesFunction", fixed=3, why="one of its stream, two of its queue"),
    Share(function="FollowOutcomesFunction", fixed=4, why="two of its streams, two of its queue"),
    Share(
        function="SyncFunction",
        parameters=("SyncConcurrency",),
        fixed=1,
        why="its queue's poller, and the planner",
    ),
    Share(function="SweepFunction", fixed=1, reserved_by="SweepReserved", why="its schedule"),
    Share(function="JobsFunction", fixed=2, reserved_by="SweepReserved", why="its schedules"),
    Share(function="ReconcileFunction", fixed=1, why="its schedule"),
    Share(function="CheckSyncsFunction", fixed=1, why="its schedule"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much one function may take of an account."""

    function: str  # its name in the template
    most: int | None  # copies at once; None: as many as the account has left
    reserved: int  # copies that nobody else may take, 0 for none


NAMES: Final = frozenset(
    {name for share in SHARES for name in share.parameters}
    | {share.reserved_by for share in SHARES if share.reserved_by is not None}
)
"""The parameters that the table reads."""


def uses(parameters: Mapping[str, str]) -> tuple[Use, ...]:
    """What each function may use, by the parameters of an installation.

    Args:
        parameters: of the template, as the installation has them; all that `SHARES` names.
    """
    return tuple(_use(share, parameters) for share in SHARES)


def faults(parameters: Mapping[str, str], *, account_limit: int) -> tuple[str, ...]:
    """What is wrong with the shares in an account of this limit, each with what to do about it.

    Args:
        parameters: as for `uses`.
        account_limit: the copies that the account has at once in the region, for all that runs
            there; `aws lambda get-account-settings` says it.
    """
    return (
        *_beyond_the_account(uses(parameters), account_limit),
        *_flooded(uses(parameters), has_front=parameters.get("ApiFront") == "http-api"),
        *(text for use in uses(parameters) if (text := _reserves_too_little(use)) is not None),
    )


def _use(share: Share, parameters: Mapping[str, str]) -> Use:
    given = sum(int(parameters[name]) for name in share.parameters)
    reserved = 0 if share.reserved_by is None else int(parameters[share.reserved_by])
    has_end = share.function != "ApiFunction" or reserved > 0
    most = given + share.fixed if has_end else None
    return Use(function=share.function, most=most, reserved=reserved)


def _beyond_the_account(shares: tuple[Use, ...], limit: int) -> tuple[str, ...]:
    reserved = sum(use.reserved for use in shares)
    together = sum(use.most or 0 for use in shares)
    texts = []
    if reserved > max(limit - UNRESERVED, 0):
        texts.append(
            f"{reserved} copies are to be reserved, and the account has {limit}, of which AWS"
            f" keeps {UNRESERVED} for everybody: ask for a higher quota, or reserve less"
        )
    if together > limit:
        texts.append(
            f"the functions may use {together} copies at once, and the account has {limit}: ask for"
            " a higher quota of concurrent executions, or lower the parameters of concurrency"
        )
    return tuple(texts)


def _flooded(shares: tuple[Use, ...], *, has_front: bool) -> tuple[str, ...]:
    if has_front or all(use.most is not None for use in shares):
        return ()
    text = (
        "a flood of calls of the API may take every copy that the account has: set"
        " ApiConcurrency, or ApiFront=http-api with ApiThrottleRate"
    )
    return (text,)


def _reserves_too_little(use: Use) -> str | None:
    if use.most is None or not 0 < use.reserved < use.most:
        return None
    return (
        f"{use.function} has {use.reserved} reserved copies, which are its most too, and its"
        f" sources may ask for {use.most}: reserve {use.most}, or lower what they may ask for"
    )
