"""Judges what AWS says of an installed stack. Every judgement is pure: what was said goes in.

None of them has seen a real account: AWS's documentation and an emulator are what they rest on. So
each check that they make says `emulators`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cli import _concurrency
from cli._checks import Check, TriedOn, Verdict

if TYPE_CHECKING:
    from runtime.core.operations.switches import Switches
    from runtime.stores.aws.installation import (
        Alarms,
        Caller,
        Concurrency,
        FunctionState,
        KeyState,
        Sandboxes,
        StackState,
    )

LATE_S: Final = 30.0  # signatures of webhooks and of AWS allow five minutes
WRONG_S: Final = 240.0  # of AWS's five minutes; some of them are lost on the way
PER_TENANT: Final = "PER_TENANT"
SETTLED: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
LEAST_SECOND_LOOK_S: Final = 300  # the template's own; a worker may be at work for as long
_check = partial(Check, tried_on=TriedOn.EMULATORS)
_HOLDS: Final = frozenset({"seccomp", "rlimit"})


def stack(states: "Sequence[StackState]") -> Check:
    """Whether the last deployment of the stack and its nested stacks came to a good end."""
    open_ones = [each for each in states if each.status not in SETTLED]
    found = f"{len(states)} stacks, {len(open_ones)} of them not settled"
    if not open_ones:
        return _check(name="stack", verdict=Verdict.OK, found=f"{len(states)} stacks, all settled")
    told = ", ".join(f"{each.name}: {each.status}" for each in open_ones)
    is_failed = any("FAILED" in each.status for each in open_ones)
    advice = f"{told}; the stack's events in CloudFormation say why; then deploy again"
    verdict = Verdict.FAILED if is_failed else Verdict.WARNING
    return _check(name="stack", verdict=verdict, found=found, advice=advice)


def isolation(sandboxes: "Sandboxes", *, egress: str = "internet") -> Check:
    """Whether a layer of the kernel holds around user code where the sandbox runs in AWS.

    Args:
        sandboxes: what the sandbox says of itself.
        egress: what the stack was deployed with: `internet`, or `none` for no network.
    """
    answer = sandboxes.answers[0]
    level = str(answer.get("isolation"))
    left_over = ", ".join(answer.get("left_over", ())) or "nothing"
    found = f"{level}, kernel {answer.get('kernel', 'unknown')}, left over: {left_over}"
    if level not in _HOLDS:
        advice = "no layer of the kernel holds: disable every function until one does"
        return _check(name="isolation", verdict=Verdict.FAILED, found=found, advice=advice)
    if egress == "none" and answer.get("egress") != "none":
        advice = "functions reach the network in spite of SandboxEgress=none: deploy again"
        return _check(name="isolation", verdict=Verdict.FAILED, found=found, advice=advice)
    unusable = "; ".join(f"{name}: {why}" for name, why in answer.get("engines", {}).items() if why)
    verdict = Verdict.WARNING if unusable else Verdict.OK
    return _check(name="isolation", verdict=verdict, found=found, advice=unusable)


def tenants(
    sandboxes: "Sandboxes",
    functions: "Sequence[FunctionState]",
    *,
    asked_as: Sequence[str],
    is_emulated: bool,
) -> Check:
    """Whether each tenant has execution environments of its own.

    Args:
        sandboxes: what the sandbox said to each of two tenants.
        functions: of the installation, the sandbox among them.
        asked_as: those tenants.
        is_emulated: whether an emulator was asked, which gives all tenants one environment.
    """
    if is_emulated:
        found = "not looked at: an emulator gives all tenants one environment"
        return _check(name="tenants", verdict=Verdict.OK, found=found)
    faults = list(_mixed_up(sandboxes, functions, asked_as))
    if faults:
        advice = f"{'; '.join(faults)}: disable every function and report it, see SECURITY.md"
        return _check(name="tenants", verdict=Verdict.FAILED, found="mixed up", advice=advice)
    return _check(name="tenants", verdict=Verdict.OK, found="two were asked, in two environments")


def code(functions: "Sequence[FunctionState]") -> Check:
    """Whether all functions are ready, and callers reach the same bundle on the same layers."""
    found = f"{len(functions)} functions"
    moving = [each for each in functions if each.moved]
    if moving:
        shares = ", ".join(f"{each.moved:.0%} of the calls of {each.name}" for each in moving)
        advice = f"{shares} meet the new version; look again when CodeDeploy is done"
        return _check(name="code", verdict=Verdict.WARNING, found=found, advice=advice)
    faults = [*_not_ready(functions), *_unequal(functions)]
    if not faults:
        ours = next((each.code_sha for each in functions if _is_ours(each)), "")
        return _check(name="code", verdict=Verdict.OK, found=f"{found}, bundle {ours[:12]}")
    advice = f"{'; '.join(faults)}; deploy again"
    return _check(name="code", verdict=Verdict.FAILED, found=found, advice=advice)


def concurrency(
    functions: "Sequence[FunctionState]", limits: "Concurrency", given: Mapping[str, str]
) -> Check:
    """Whether the account lets all functions have their copies, and none starves the others.

    Args:
        functions: of the installation.
        limits: of the account.
        given: the parameters that the stack was deployed with.
    """
    found = f"{limits.limit} copies at once, {limits.unreserved} of them for whoever comes"
    if given.keys() >= _concurrency.NAMES:
        faults = [
            *_concurrency.faults(given, account_limit=limits.limit),
            *_changed_reservations(functions, given),
        ]
    else:
        faults = ["the stack is of an older template: deploy the current one, to have it judged"]
    verdict = Verdict.WARNING if faults else Verdict.OK
    return _check(name="concurrency", verdict=verdict, found=found, advice="; ".join(faults))


def clock(caller: "Caller") -> Check:
    """Whether the clock of this machine and that of AWS agree; AWS tells whole seconds."""
    ahead_s = (caller.asked_at - caller.aws_at).total_seconds() - 1
    behind_s = (caller.aws_at - caller.answered_at).total_seconds()
    skew_s = max(ahead_s, behind_s, 0.0)
    if skew_s <= LATE_S:
        return _check(name="clock", verdict=Verdict.OK, found=f"at most {skew_s + 1:.0f} s apart")
    word = "ahead of" if ahead_s > behind_s else "behind"
    verdict = Verdict.FAILED if skew_s > WRONG_S else Verdict.WARNING
    advice = "let this machine's clock follow NTP: AWS refuses calls that are five minutes off"
    found = f"{skew_s:.0f} s {word} AWS"
    return _check(name="clock", verdict=verdict, found=found, advice=advice)


def key(state: "KeyState") -> Check:
    """Whether the key can open and seal secrets; without it no webhook can be signed."""
    if state.state != "Enabled":
        advice = "no secret can be opened: enable the key in KMS, or cancel its deletion, now"
        return _check(name="key", verdict=Verdict.FAILED, found=state.state, advice=advice)
    match state.is_usable:
        case True:
            return _check(name="key", verdict=Verdict.OK, found="enabled, and it makes data keys")
        case None:
            found = "enabled; your credentials may not try it"
            return _check(name="key", verdict=Verdict.OK, found=found)
        case False:
            advice = "look at the key's policy: the account itself has to be allowed to use it"
            found = "enabled, and makes no data key"
            return _check(name="key", verdict=Verdict.FAILED, found=found, advice=advice)


def alarms(seen: "Alarms") -> Check:
    """Whether somebody hears the alarms, and whether one rings."""
    found = f"{seen.total} alarms, {len(seen.ringing)} of them ringing, {seen.confirmed} listeners"
    advice = []
    if seen.ringing:
        advice.append(f"ringing: {', '.join(seen.ringing)}")
    if seen.pending:
        advice.append(f"{seen.pending} subscriptions wait for the click in AWS's mail")
    if not seen.confirmed:
        advice.append("nobody hears them: set AlarmEmail, or subscribe to the topic AlarmTopicArn")
    verdict = Verdict.WARNING if advice else Verdict.OK
    return _check(name="alarms", verdict=verdict, found=found, advice="; ".join(advice))


def parameters(given: Mapping[str, str], *, is_emulated: bool) -> Check:
    """Whether the stack was deployed with something that is fit for a machine of one's own only.

    Args:
        given: the parameters that it was deployed with; those that it does not have are left out.
        is_emulated: whether it is on an emulator, where nothing of this is a danger.
    """
    found = f"{len(given)} parameters"
    if is_emulated:
        return _check(name="parameters", verdict=Verdict.OK, found=f"{found}, of an emulator")
    dangers, doubts = list(_dangers(given)), list(_doubts(given))
    verdict = Verdict.FAILED if dangers else Verdict.WARNING if doubts else Verdict.OK
    advice = "; ".join([*dangers, *doubts])
    return _check(name="parameters", verdict=verdict, found=found, advice=advice)


def switches(stand: "Switches") -> Check:
    """Whether somebody has paused something, and may have forgotten it."""
    if not stand.paused_at:
        return _check(name="switches", verdict=Verdict.OK, found="nothing is paused")
    found = ", ".join(f"{name} paused at {at}" for name, at in stand.paused_at.items())
    advice = "; ".join(f"`penstock admin resume {name}` lets it go on" for name in stand.paused_at)
    return _check(name="switches", verdict=Verdict.WARNING, found=found, advice=advice)


def unseen(name: str, problem: str, *, needs: Sequence[str]) -> Check:
    """What is said of a thing that AWS did not show."""
    advice = f"{problem}; it needs the permissions {', '.join(needs)}"
    return _check(name=name, verdict=Verdict.WARNING, found="unseen", advice=advice)


def _mixed_up(
    sandboxes: "Sandboxes", functions: "Sequence[FunctionState]", asked_as: Sequence[str]
) -> Iterator[str]:
    told = [answer.get("tenant") for answer in sandboxes.answers]
    environments = [answer.get("environment") for answer in sandboxes.answers]
    if any(each.tenancy != PER_TENANT for each in functions if _is_sandbox(each)):
        yield f"the sandbox is not deployed with {PER_TENANT}"
    if told != list(asked_as):
        yield f"Lambda told it that it serves {told}, not {list(asked_as)}"
    if None in environments or len(set(environments)) < len(environments):
        yield "it does not show an environment of its own for each tenant"


def _changed_reservations(
    functions: "Sequence[FunctionState]", given: Mapping[str, str]
) -> Iterator[str]:
    reserved = {each.name: each.reserved or 0 for each in functions}
    for use in _concurrency.uses(given):
        if reserved.get(use.function, use.reserved) != use.reserved:
            yield (
                f"{use.function} has {reserved[use.function]} copies reserved, and"
                f" {use.reserved} by its parameter: somebody has changed it by hand; deploy again"
            )


def _not_ready(functions: "Sequence[FunctionState]") -> Iterator[str]:
    for each in functions:
        if each.state not in {"Active", "Inactive"}:  # the latter after weeks without a call
            yield f"{each.name} is {each.state}"
        if each.last_update != "Successful":
            yield f"the last update of {each.name} is {each.last_update}"


def _unequal(functions: "Sequence[FunctionState]") -> Iterator[str]:
    ours = [each for each in functions if _is_ours(each)]
    bundles = {each.code_sha for each in ours}
    if len(bundles) > 1:
        yield f"{len(bundles)} bundles are in use: {_by_bundle(ours)}"
    layers: dict[str, set[str]] = {}
    for each in ours:
        for arn in each.layers:
            name, _, version = arn.rpartition(":")
            layers.setdefault(name.rpartition(":")[2], set()).add(version)
    for name, versions in layers.items():
        if len(versions) > 1:
            yield f"the layer {name} is in use in the versions {', '.join(sorted(versions))}"


def _by_bundle(functions: "Sequence[FunctionState]") -> str:
    """The functions that have another bundle than most."""
    counted = [each.code_sha for each in functions]
    usual = max(sorted(set(counted)), key=counted.count)
    return ", ".join(each.name for each in functions if each.code_sha != usual)


def _dangers(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("AllowLocalHttp") == "true":
        yield "AllowLocalHttp=true lets webhooks and functions reach private addresses: set false"
    if given.get("RedshiftDataEndpoint"):
        yield "RedshiftDataEndpoint sends the loads of Redshift elsewhere: leave it empty"
    look_s = given.get("ErasureSecondLookSeconds")
    if look_s is not None and int(look_s) < LEAST_SECOND_LOOK_S:
        yield (
            f"ErasureSecondLookSeconds={look_s} is sooner than a worker may end, so an erasure may"
            f" miss what it writes: {LEAST_SECOND_LOOK_S} or more"
        )


def _doubts(given: Mapping[str, Any]) -> Iterator[str]:
    budget = given.get("MonthlyBudgetUsd", "0")
    if budget != "0" and not given.get("AlarmEmail"):
        yield "MonthlyBudgetUsd makes no budget without AlarmEmail"
    if given.get("PlatformLogLevel") == "DEBUG":
        yield "PlatformLogLevel=DEBUG writes several lines for each invocation, and each is paid"
    if given.get("Stage") == "prod" and given.get("DeletionProtection") == "false":
        yield "DeletionProtection=false lets one wrong click delete the tables of prod"


def _is_sandbox(function: "FunctionState") -> bool:
    return function.handler.startswith("sandbox.")


def _is_ours(function: "FunctionState") -> bool:
    return function.handler.startswith("functions.")
