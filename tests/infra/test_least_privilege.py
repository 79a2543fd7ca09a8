"""Each statement of each role has a proof that it is needed, and the page says so."""

import re
from collections.abc import Iterator
from typing import Any, Final

from infra.removal import page, proofs, unseen
from infra.removal.catalogue import SCENES
from infra.removal.proofs import Proof
from infra.removal.statements import short
from infra.scan import template
from infra.scan.template import Resource

HERE: Final = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "0"}
RUN_IT: Final = "run `make removal FLAGS=--missing`"


def _statements() -> Iterator[tuple[str, dict[str, Any], Resource]]:
    """Every statement with its id and role, also those that only some parameters bring."""
    for role, statement in template.statements():
        yield f"{role.name}.{statement['Sid']}", statement, role
    for policy in template.resources("AWS::IAM::Policy"):
        for holder in policy.properties["Roles"]:
            role = template.by_id(template.resolve(holder, stack=policy.stack))
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                yield f"{role.name}.{statement['Sid']}", statement, role


def _ids_of_schedules() -> Iterator[str]:
    """The statements that SAM makes: a schedule calls its function, and reports what failed."""
    for function in template.functions():
        for name, source in function.properties.get("Events", {}).items():
            if source["Type"] == "ScheduleV2":
                schedule = f"{function.name}{name}"
                yield f"{schedule}Role.{schedule}LambdaPolicy"
                yield f"{schedule}Role.{schedule}SQSPolicy"


def test_each_statement_of_the_template_is_proven_or_of_a_class_that_nothing_can_show() -> None:
    """One that nothing misses is a permission too much, and nobody would notice."""
    in_template = {each_id for each_id, _, _ in _statements()} | set(_ids_of_schedules())
    proven = {proof.id for proof in proofs.load()}
    unseen_ids = {each for each in in_template if unseen.shown_by(each)}
    assert in_template - unseen_ids == proven, RUN_IT
    assert not proven & unseen_ids


def test_a_proof_is_of_the_statement_as_it_stands_in_the_template() -> None:
    """One more action or resource would hide behind the proof of the rest."""
    by_id = {proof.id: proof for proof in proofs.load()}
    for each_id, statement, role in _statements():
        if each_id not in by_id:  # of an unseen class, as the test above says
            continue
        in_template = (_several(statement["Action"]), _resources(statement["Resource"], role.stack))
        proof = by_id[each_id]
        assert in_template == (list(proof.actions), list(proof.resources)), f"{each_id}: {RUN_IT}"


def test_each_proof_names_a_test_that_there_is_and_an_action_of_its_statement() -> None:
    """So a reader can play it again."""
    names = [scene.name for scene in SCENES]
    assert len(names) == len(set(names))
    for proof in proofs.load():
        assert proof.scene in names, proof.id
        assert proof.refused, proof.id
        assert set(proof.refused) <= set(proof.actions), proof.id


def test_each_unseen_statement_is_of_a_class_that_the_page_names_and_no_pattern_is_idle() -> None:
    """A class that grows unseen would hide what nobody has looked at."""
    ids = {each_id for each_id, _, _ in _statements()} | set(_ids_of_schedules())
    assert 3 == len(unseen.CLASSES)
    for each in unseen.CLASSES:
        for pattern, _ in each.statements:
            alone = unseen.Unseen(name="", why="", statements=((pattern, "x"),))
            assert any(alone.shown_by(each_id) for each_id in ids), pattern


def test_the_page_says_what_was_proven() -> None:
    """It is written by the run, never by hand."""
    assert page.render(proofs.load()) == page.PAGE.read_text(), "run `make removal`"


def test_a_proof_does_not_hold_for_a_statement_that_allows_more() -> None:
    """A run takes such a statement away again."""
    [first, *_] = proofs.load()
    more = Proof(
        role=first.role,
        sid=first.sid,
        actions=(*first.actions, "dynamodb:Scan"),
        resources=first.resources,
        scene=first.scene,
        refused=first.refused,
    )
    assert first.id == more.id
    assert first != more


def _resources(value: Any, stack: str) -> list[str]:
    return [_resource(each, stack) for each in _several(value)]


def _resource(value: Any, stack: str) -> str:
    """A resource by the names of the template, as the run reads it from the account."""
    match value:
        case {"Fn::If": [_, _, {"Fn::If": [_, _, otherwise]}]}:  # neither parameter is given
            return _resource(otherwise, stack)
        case {"Fn::Sub": str() as text}:
            filled = re.sub(r"\$\{([^}]+)\}", lambda found: _filled(found[1], stack), text)
            return short(filled, {})
        case str():
            return value
        case _:
            return _named(value, stack)


def _filled(name: str, stack: str) -> str:
    return HERE.get(name) or _named({"Ref": name}, stack)


def _named(value: Any, stack: str) -> str:
    name = template.resolve(value, stack=stack).rpartition(".")[2]
    return f"{name}/stream" if "StreamArn" in str(value) else name


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
