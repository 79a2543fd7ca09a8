"""What emulators of DynamoDB answer differently."""

from typing import Any, Final

from tests.cloud import Cloud
from tests.emulators.difference import TAKEN, Difference

KIB: Final = 1024
VALIDATION: Final = "ValidationException"


def _text(value: str) -> Any:
    return {"S": value}


def _put(cloud: Cloud, item: Any, condition: str = "", **values: Any) -> object:
    more: Any = {"ConditionExpression": condition} if condition else {}
    if values:
        more["ExpressionAttributeValues"] = {f":{name}": each for name, each in values.items()}
    name = cloud.runs.table.name
    return cloud.clients.dynamodb.put_item(TableName=name, Item={"pk": _text("a")} | item, **more)


def _write_all(cloud: Cloud, items: list[Any], **more: Any) -> object:
    name = cloud.runs.table.name
    writes: Any = [{"Put": {"TableName": name, "Item": each}} for each in items]
    return cloud.clients.dynamodb.transact_write_items(TransactItems=writes, **more)


def _query(cloud: Cloud, condition: str = "pk = :p", more: Any = None, **values: str) -> object:
    return cloud.clients.dynamodb.query(
        TableName=cloud.jobs.table.name,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={f":{name}": _text(each) for name, each in values.items()},
        **(more or {}),
    )


def _two_with_one_token(cloud: Cloud) -> None:
    for name in ("a", "b"):
        _write_all(cloud, [{"pk": _text(name)}], ClientRequestToken=cloud.prefix)


def _batch_of_26(cloud: Cloud) -> object:
    puts: Any = [{"PutRequest": {"Item": {"pk": _text(str(n))}}} for n in range(26)]
    return cloud.clients.dynamodb.batch_write_item(RequestItems={cloud.runs.table.name: puts})


def _in_101(cloud: Cloud) -> object:
    values = {f"v{n}": str(n) for n in range(101)}
    listed = ", ".join(f":{name}" for name in values)
    return _query(cloud, more={"FilterExpression": f"x IN ({listed})"}, p="a", **values)


def _nested(levels: int) -> Any:
    value = _text("x")
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


def _or(terms: int) -> str:
    return "attribute_not_exists(pk) OR " + " OR ".join(f"a{n} = :v" for n in range(terms))


DYNAMODB: Final = (
    Difference(
        asks="an item whose key of an index has another type than the index",
        call=lambda cloud: _put(cloud, {"by_function_pk": {"N": "1"}}),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="an item of exactly 400 KB",
        call=lambda cloud: _put(cloud, {"x": _text("x" * (400 * KIB - 4))}),
        aws=TAKEN,
        moto=VALIDATION,
        ministack=TAKEN,
        other=TAKEN,
    ),
    Difference(
        asks="a transaction of more than 4 MB",
        call=lambda cloud: _write_all(
            cloud, [{"pk": _text(str(n)), "x": _text("x" * 390_000)} for n in range(11)]
        ),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="a token of a transaction again, with other writes",
        call=_two_with_one_token,
        aws="IdempotentParameterMismatchException",
        moto=TAKEN,
        ministack="IdempotentParameterMismatchException",
        other="IdempotentParameterMismatchException",
    ),
    Difference(
        asks="a batch of 26 writes",
        call=_batch_of_26,
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="an expression of more than 4 KB",
        call=lambda cloud: _put(cloud, {}, _or(600), v=_text("1")),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="an expression with more than 300 operators",
        call=lambda cloud: _put(cloud, {}, _or(320), v=_text("1")),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=TAKEN,
        other=VALIDATION,
    ),
    Difference(
        asks="`IN` with more than 100 operands",
        call=_in_101,
        aws=VALIDATION,
        moto=TAKEN,
        ministack=TAKEN,
        other=VALIDATION,
    ),
    Difference(
        asks="an expression's value of more than 2 MB",
        call=lambda cloud: _put(
            cloud, {}, "attribute_not_exists(pk) OR x = :v", v=_text("x" * (2 * KIB * KIB + 1))
        ),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=TAKEN,
        other=VALIDATION,
    ),
    Difference(
        asks="a value that no expression uses",
        call=lambda cloud: _put(cloud, {}, "attribute_not_exists(pk)", v=_text("1")),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="`size` of a value in place of a path",
        call=lambda cloud: _put(cloud, {}, "size(:v) > :n", v=_text("1"), n={"N": "0"}),
        aws=TAKEN,
        moto="ValueError",
        ministack=VALIDATION,
        other=TAKEN,
    ),
    Difference(
        asks="a number of 39 digits",
        call=lambda cloud: _put(cloud, {"x": {"N": "1" * 39}}),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="the number 1e126",
        call=lambda cloud: _put(cloud, {"x": {"N": "1e126"}}),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="a map 33 levels deep",
        call=lambda cloud: _put(cloud, {"x": _nested(33)}),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="`BETWEEN` with a range that ends before it begins",
        call=lambda cloud: _query(cloud, "pk = :p AND sk BETWEEN :a AND :b", p="a", a="b", b="a"),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
    Difference(
        asks="a query that starts at a key of another partition",
        call=lambda cloud: _query(
            cloud, more={"ExclusiveStartKey": {"pk": _text("b"), "sk": _text("1")}}, p="a"
        ),
        aws=VALIDATION,
        moto=TAKEN,
        ministack=VALIDATION,
        other=VALIDATION,
    ),
)
