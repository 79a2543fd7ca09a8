"""Asks ministack's IAM as AWS asks its own, and answers the stand-in for Redshift that asks it.

Loaded by ministack_main, with the interpreter of .cloud/venv; it imports nothing of ours.
"""

import importlib
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

usage: Final = sys.modules["ministack_usage"]  # ministack_main has loaded it


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def require(role_arn: str, actions: Iterable[str], *, on: str) -> None:
    """Check that the role's policies allow every action, as AWS does before it uses the role.

    Raises:
        PermissionError: they do not.
    """
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    account = responses.get_account_id()
    policies = iam._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    role = iam.PrincipalInfo(role_arn, "AssumedRole", account, policies)
    for action in actions:
        if not decides(role, action, on=on):
            raise PermissionError(f"{role_arn} may not {action} on {on}")


def decides(principal: Any, action: str, *, on: str) -> bool:
    """Whether the principal's policies allow an action on a resource."""
    iam, responses = _module("core.iam_evaluator"), _module("core.responses")
    caller = principal.keys.get("aws:userid", "")
    context = iam.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=on,
        region=responses.get_region(),
        principal_keys=principal.keys,
        # The real service puts the owner of the statement here, and IAM fills in `aws:userid`.
        # Ministack does neither, so the policy compares with the text of the variable itself. Every
        # caller here asks for its own statements, so that text is the right value.
        service_context={
            "redshift-data:statement-owner-iam-userid": "${aws:userid}" if caller else ""
        },
    )
    result = iam.evaluate(context, principal.policies)
    usage.note_decision(context, result)
    return bool(result.decision == "Allow")


def answer_for_redshift() -> None:
    """Let SimulatePrincipalPolicy take an access key in place of a principal's ARN.

    The stand-in for Redshift asks by it whether a caller may act, and knows only the caller's key.
    By GetAccessKeyLastUsed it asks who that is, and gets an ARN in place of a user's name.
    """
    service, iam = _module("services.iam"), _module("core.iam_evaluator")
    simulate, responses = service._simulate_principal_policy, _module("core.responses")

    def simulate_by_key(request: Mapping[str, Any]) -> Any:
        key = service._p(request, "PolicySourceArn").strip()  # an ARN has 20 characters at least
        if key.startswith("arn:"):
            return simulate(request)
        account = responses.get_account_id()
        principal = iam.resolve_principal(key, account)
        actions, resource = service._extract_simulate_params(request)
        decisions = [
            decides(principal, action, on=resource) if principal.policies is not None else True
            for action in actions
        ]
        members = "".join(
            f"<member><EvalActionName>{action}</EvalActionName>"
            f"<EvalDecision>{'allowed' if may else 'implicitDeny'}</EvalDecision></member>"
            for action, may in zip(actions, decisions, strict=True)
        )
        return service._xml(
            200,
            "SimulatePrincipalPolicyResponse",
            f"<SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>"
            "<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>",
            ns="iam",
        )

    def owner_of_key(request: Mapping[str, Any]) -> Any:
        key = service._p(request, "AccessKeyId").strip()  # one has 16 characters at least
        principal = iam.resolve_principal(key, responses.get_account_id())
        return service._xml(
            200,
            "GetAccessKeyLastUsedResponse",
            f"<GetAccessKeyLastUsedResult><UserName>{principal.arn}</UserName>"
            "<AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName>"
            "</AccessKeyLastUsed></GetAccessKeyLastUsedResult>",
            ns="iam",
        )

    service._IAM_HANDLERS["SimulatePrincipalPolicy"] = simulate_by_key
    service._IAM_HANDLERS["GetAccessKeyLastUsed"] = owner_of_key
    trusts = iam.evaluate_trust_policy

    def trusts_here(document: Any, caller: str, context: Any = None) -> Any:
        # Ministack treats a service as the account's root, and leaves out the account that the
        # service acts for.
        if context is not None and caller.endswith(":root"):
            account = responses.get_account_id()
            context.service_context.setdefault("aws:sourceaccount", account)
        return trusts(document, caller, context)

    iam.evaluate_trust_policy = trusts_here


def know_external_ids() -> None:
    """Let policies' conditions see the external id of AssumeRole; else only a role's trust does."""
    actions, service = _module("core.iam_actions"), _module("services.sts")
    tags = actions.request_tag_context

    def context(name: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> Any:
        known = tags(name, action, body, parameters)
        if action == "sts:AssumeRole" and (external_id := service._p(parameters, "ExternalId")):
            known["sts:ExternalId"] = external_id
        return known

    actions.request_tag_context = context
