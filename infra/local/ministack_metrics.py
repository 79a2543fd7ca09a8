"""Lets ministack's CloudWatch measure and judge as AWS's does.

It tells how old the oldest message of each queue is, takes the metrics in the logs of functions,
counts what a function's URL answers, and judges alarms by the rules in ministack_alarms.py.

Loaded by ministack_main.py by its path; it imports nothing of ours.
"""

import importlib
import json
import time
from collections.abc import Mapping
from typing import Any, Final

AGE: Final = "ApproximateAgeOfOldestMessage"
CLIENT_ERROR: Final = 4  # hundreds of the status
SERVER_ERROR: Final = 5


def know_ages_of_queues() -> None:
    """Measure every queue when somebody asks for metrics; AWS does so each minute."""
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    queues: Any = importlib.import_module("ministack.services.sqs")
    get = cloudwatch._get_metric_data

    def get_measured(*arguments: Any, **options: Any) -> Any:
        now = time.time()
        for queue in queues._queues.values():
            sent = [message["sent_at"] for message in queue["messages"]]
            about = {"QueueName": queue["attributes"]["QueueArn"].rpartition(":")[2]}
            # An older age of the same minute would hide that the queue is empty again.
            cloudwatch._metric_bucket(("AWS/SQS", AGE, cloudwatch._dims_key(about))).clear()
            age_s = now - min(sent, default=now)
            cloudwatch.record_metric("AWS/SQS", AGE, age_s, "Seconds", about)
        return get(*arguments, **options)

    cloudwatch._get_metric_data = get_measured


def take_metrics_of_logs(alarms: Any) -> None:
    """Make metrics of the lines in CloudWatch's embedded format that functions log.

    Args:
        alarms: the module ministack_alarms.
    """
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    emit_logs, record = functions._emit_lambda_logs, cloudwatch.record_metric

    def emit_logs_and_metrics(
        function: Any, request_id: str, log_text: str, *rest: Any, **more: Any
    ) -> None:
        for line in (log_text or "").splitlines():
            for each in alarms.embedded(line):
                record(each.namespace, each.name, each.value, "None", dict(each.dimensions))
        emit_logs(function, request_id, log_text, *rest, **more)

    def record_of_all_too(
        namespace: str, name: str, value: float, unit: str = "None", dimensions: Any = None
    ) -> None:
        record(namespace, name, value, unit, dimensions)
        if namespace == "AWS/Lambda" and dimensions:  # as AWS does, for the account's functions
            record(namespace, name, value, unit, {})

    functions._emit_lambda_logs = emit_logs_and_metrics
    cloudwatch.record_metric = record_of_all_too


def judge_alarms(alarms: Any) -> None:
    """Judge alarms when somebody asks for them; AWS does so each minute.

    ministack's own judgement knows neither metric math nor dimensions, nor what missing data means.

    Args:
        alarms: the module ministack_alarms.
    """
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    stacks: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    describe, record_of = cloudwatch._describe_alarms, stacks._cw_metric_alarm_record

    def record_with_math(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        queries = properties.get("Metrics")
        if not queries:
            return dict(record_of(name, properties))
        [first, *_] = (each["MetricStat"] for each in queries if "MetricStat" in each)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        record = record_of(name, {**first["Metric"], "Period": first["Period"], **plain})
        return {**record, "Metrics": queries}

    def describe_judged(*arguments: Any, **options: Any) -> Any:
        data = list(_data(cloudwatch, alarms))
        for alarm in cloudwatch._alarms.values():
            _judge(cloudwatch, alarm, alarms.state(alarm, data, now_s=time.time()))
        return describe(*arguments, **options)

    stacks._cw_metric_alarm_record = record_with_math
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._describe_alarms = describe_judged


def _data(cloudwatch: Any, alarms: Any) -> Any:
    for (namespace, name, _), points in cloudwatch._metrics.items():
        for point in points:
            yield alarms.Datum(
                namespace=namespace,
                name=name,
                dimensions=frozenset((point.get("Dimensions") or {}).items()),
                at_s=point["Timestamp"],
                value=point["Value"],
            )


def _judge(cloudwatch: Any, alarm: dict[str, Any], state: str) -> None:
    was = alarm["StateValue"]
    if state == was:
        return
    reason = json.dumps({"judged_at_s": round(time.time())})
    alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], was, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, was, state, reason)


def count_answers_of_urls() -> None:
    """Count what a function's URL answers, and with which status, as Lambda does."""
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    serve = functions.handle_function_url_request

    async def serve_counted(url_id: str, *arguments: Any, **options: Any) -> Any:
        answer = await serve(url_id, *arguments, **options)
        known = options.get("resolved") or functions.resolve_function_url(url_id)
        if known is not None:
            status, about = int(answer[0]), {"FunctionName": known[2]}
            measures = {
                "UrlRequestCount": 1,
                "Url4xxCount": int(status // 100 == CLIENT_ERROR),
                "Url5xxCount": int(status // 100 == SERVER_ERROR),
            }
            for name, value in measures.items():
                cloudwatch.record_metric("AWS/Lambda", name, value, "Count", about)
        return answer

    functions.handle_function_url_request = serve_counted
