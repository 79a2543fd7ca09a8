"""With which statuses and codes each endpoint may refuse a request.

What every endpoint of a kind refuses alike follows from its declaration: a path with a webhook's id
may have no such webhook. What is an endpoint's own stands in the table. Tests hold every answer
that they get against this, so a code that is missing here fails the test that meets it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from functions._api.endpoint import Endpoint, ListQuery
from functions._misfits import MISFIT_CODES

Codes = tuple[str, ...]
Refusals = Mapping[int, Codes]  # the codes, sorted, by the status of HTTP

_NOT_FOUND: Final[Mapping[str, str]] = {
    "event_id": "event_not_found",
    "webhook_id": "webhook_not_found",
    "delivery_id": "delivery_not_found",
    "replay_id": "replay_not_found",
    "name": "function_not_found",
    "secret": "secret_not_found",
    "version": "version_not_found",
    "run_id": "run_not_found",
    "profile_id": "profile_not_found",
    "sync_id": "sync_not_found",
    "transform_id": "transform_not_found",
    "key_id": "api_key_not_found",
    "entry_id": "audit_entry_not_found",
    "job_id": "job_not_found",
    "tenant": "tenant_not_found",
}
_VALUES: Final = ("integer_too_large", "lone_surrogate", "too_deep")  # of any JSON
_URL: Final = (
    *("blocked_address", "dns_failure", "host_not_allowed", "url_invalid", "url_ip_literal"),
    *("url_not_https", "url_port", "url_userinfo"),
)
_SELECTION: Final = ("bad_tables", "too_many_topics", "unknown_topic", "bad_column")
_SETTINGS: Final = (
    *("bad_settings", "blocked_address", "host_not_allowed", "url_invalid", "url_ip_literal"),
    "url_port",
)
_WEBHOOK: Final = (
    *("bad_auth", "bad_certificate", "bad_filter", "bad_handshake", "bad_header", "bad_name"),
    *("bad_max_concurrency", "bad_rate_limit", "bad_schedule", "bad_timeout", "handshake_failed"),
    *("handshake_refused", "header_invalid", "header_reserved", "no_topics", "too_large"),
    *("too_many_headers", "too_many_topics", "unknown_function", "unknown_topic"),
)
_FUNCTION: Final = (
    *("bad_engine", "bad_environment_name", "bad_filter", "bad_host", "bad_limit", "bad_retry"),
    *("bad_secret_name", "bad_triggers", "environment_too_large", "no_topics", "too_many_hosts"),
    *("too_many_secrets", "too_many_topics", "unknown_topic"),
)
_EVENT: Final = (
    *("bad_id", "bad_profile", "bad_properties", "bad_time", "bad_topic", "loop", "missing_id"),
    *("not_json", "reserved_field", "too_large", "bad_hops", "bad_origin"),
)
_TRANSFORM: Final[Refusals] = {
    422: (
        *("bad_name", "bad_pattern", "bad_position", "bad_settings", "bad_sources", "bad_target"),
        *("circle", "duplicate_target", "identifier_target", "patterns_too_large"),
        *("reserved_target", "settings_too_large", "too_many_transforms"),
    ),
    503: ("transforms_changed",),
}
_CHANGED: Final = ("function_changed", "function_deleted")
_SANDBOX: Final = ("engine_unavailable", "sandbox_crashed")
_RESOLVING: Final = ("dns_timeout", "egress_unavailable", "endpoint_changed")
_CANARY: Final[Refusals] = {409: (*_CHANGED, "no_canary")}
OWN: Final[Mapping[str, Refusals]] = {
    "POST /v1/events": {
        422: ("events_rejected", "not_an_object", "too_many_events"),
        429: ("quota_exceeded",),
        503: ("intake_paused",),
    },
    "GET /v1/events": {422: ("bad_time", "bad_topic")},
    "GET /v1/events/{event_id}": {404: ("body_expired",)},
    "GET /v1/traces/{event_id}": {404: ("body_expired",), 503: ("stored_filter_broken",)},
    "GET /v1/profiles": {422: ("not_one_name", "unknown_kind", "unusable_name")},
    "PATCH /v1/profiles/{profile_id}": {
        409: ("name_taken",),
        422: (
            *("bad_change", "name_erased", "not_a_list", "not_a_number"),
            *(
                "profile_too_large",
                "sum_too_large",
                "too_large",
                "too_many_values",
                "unusable_name",
            ),
        ),
        503: ("profile_busy",),
    },
    "POST /v1/profiles/bulk": {503: ("profile_busy",)},
    "POST /v1/profiles/merge": {
        404: ("profile_not_found",),
        409: ("merge_refused", "profile_erased", "same_profile"),
        503: ("profile_busy",),
    },
    "POST /v1/profiles/unmerge": {
        404: ("merge_expired", "profile_not_found"),
        409: ("merged_again", "not_merged", "profile_erased"),
        503: ("profile_busy",),
    },
    "DELETE /v1/profiles/{profile_id}": {409: ("profile_changed",)},
    "PUT /v1/identity": {409: ("identity_changed", "identity_in_use"), 422: ("bad_identity",)},
    "GET /v1/profiles/{profile_id}/timeline": {422: ("bad_time",)},
    "POST /v1/webhooks": {
        409: ("function_deleted", "webhook_changed"),
        422: (*_WEBHOOK, *_URL, "bad_ed25519", "bad_secret"),
        503: _RESOLVING,
    },
    "PATCH /v1/webhooks/{webhook_id}": {
        409: ("function_deleted", "webhook_changed"),
        422: (*_WEBHOOK, *_URL),
        503: (*_RESOLVING, "webhook_changed"),
    },
    "POST /v1/webhooks/{webhook_id}/rotate-secret": {
        409: ("too_many_secrets", "webhook_changed"),
        422: ("bad_ed25519", "bad_overlap", "bad_secret"),
        503: ("webhook_changed",),
    },
    "POST /v1/webhooks/{webhook_id}/enable": {
        409: ("function_deleted", "webhook_changed"),
        422: ("handshake_failed", "handshake_refused", *_URL),
        503: (*_RESOLVING, "webhook_changed"),
    },
    "POST /v1/webhooks/{webhook_id}/disable": {
        409: ("webhook_changed",),
        503: ("webhook_changed",),
    },
    "POST /v1/webhooks/{webhook_id}/test": {409: ("webhook_disabled",)},
    "GET /v1/deliveries": {404: ("webhook_not_found",), 422: ("bad_time",)},
    "GET /v1/deliveries/{delivery_id}": {404: ("body_expired",)},
    "GET /v1/deliveries/{delivery_id}/request": {
        404: ("webhook_not_found",),
        409: ("body_expired", "nothing_to_send"),
    },
    "POST /v1/deliveries/{delivery_id}/retry": {
        404: ("body_expired",),
        409: (
            *("body_expired", "cannot_be_sent_again", "delivery_changed"),
            *("event_expired", "function_deleted", "function_disabled", "no_live_version"),
            *("run_changed", "run_pending", "run_succeeded", "version_deleted", "webhook_disabled"),
        ),
    },
    "POST /v1/webhooks/{webhook_id}/replay": {
        409: ("webhook_disabled",),
        422: ("bad_statuses", "bad_target", "bad_time"),
    },
    "POST /v1/webhooks/{webhook_id}/replays/{replay_id}/cancel": {409: ("replay_changed",)},
    "POST /v1/functions": {
        409: ("function_deleted", "function_exists"),
        422: (*_FUNCTION, "bad_name"),
    },
    "PATCH /v1/functions/{name}": {409: _CHANGED, 422: _FUNCTION},
    "DELETE /v1/functions/{name}": {409: (*_CHANGED, "function_in_use")},
    "POST /v1/functions/{name}/restore": {409: _CHANGED},
    "POST /v1/functions/{name}/enable": {409: _CHANGED},
    "POST /v1/functions/{name}/disable": {409: _CHANGED},
    "PUT /v1/functions/{name}/environment": {
        409: (*_CHANGED, "environment_changed"),
        422: ("bad_environment_name", "environment_too_large"),
    },
    "PUT /v1/functions/{name}/secrets/{secret}": {
        409: _CHANGED,
        422: ("bad_secret_name", "secret_blanks", "secret_empty", "secret_too_large"),
    },
    "DELETE /v1/functions/{name}/secrets/{secret}": {409: _CHANGED, 422: ("bad_secret_name",)},
    "POST /v1/functions/{name}/versions": {
        409: _CHANGED,
        422: ("source_empty", "source_not_utf8", "source_refused", "source_too_large"),
        503: _SANDBOX,
    },
    "GET /v1/functions/{name}/versions/{version}": {404: ("body_expired",)},
    "DELETE /v1/functions/{name}/versions/{version}": {
        409: (*_CHANGED, "canary_running", "version_is_live"),
    },
    "POST /v1/functions/{name}/publish": {
        404: ("version_not_found",),
        409: (*_CHANGED, "canary_running", "no_version", "version_deleted"),
    },
    "POST /v1/functions/{name}/rollback": {
        404: ("version_not_found",),
        409: (*_CHANGED, "nothing_to_roll_back_to", "version_deleted", "version_is_live"),
    },
    "PUT /v1/functions/{name}/canary": {
        404: ("version_not_found",),
        409: (
            *(*_CHANGED, "canary_is_live", "canary_running", "no_live_version"),
            "version_deleted",
        ),
        422: ("bad_margin", "bad_min_runs", "bad_share"),
    },
    "POST /v1/functions/{name}/canary/promote": _CANARY,
    "DELETE /v1/functions/{name}/canary": _CANARY,
    "GET /v1/runs": {404: ("function_not_found",), 422: ("bad_time",)},
    "GET /v1/runs/{run_id}": {404: ("body_expired",)},
    "GET /v1/functions/{name}/runs": {422: ("bad_time",)},
    "GET /v1/functions/{name}/runs/{run_id}": {404: ("body_expired",)},
    "POST /v1/runs/{run_id}/retry": {
        404: ("body_expired", "function_not_found", "version_not_found"),
        409: (
            *("event_expired", "function_deleted", "function_disabled", "no_live_version"),
            *("run_changed", "run_pending", "run_succeeded", "version_deleted"),
        ),
        422: ("bad_version",),
    },
    "POST /v1/functions/{name}/invoke": {
        404: ("body_expired", "event_not_found", "version_not_found"),
        409: (
            *("event_exists", "event_expired", "function_deleted", "function_disabled"),
            *("no_live_version", "run_changed", "run_pending", "run_succeeded"),
            "version_deleted",
        ),
        422: (*_EVENT, "one_event"),
        503: _SANDBOX,
    },
    "POST /v1/functions/{name}/replay": {
        409: ("function_deleted", "function_disabled", "no_live_version"),
        422: ("bad_outcomes", "bad_time", "bad_version"),
    },
    "POST /v1/functions/{name}/replays/{replay_id}/cancel": {409: ("replay_changed",)},
    "POST /v1/profiles/import": {
        422: ("bad_delimiter", "bad_format", "bad_mapping", "empty_file", "file_too_large"),
    },
    "POST /v1/profiles/export": {422: ("bad_columns", "bad_filter", "bad_format")},
    "GET /v1/jobs/{job_id}/download": {404: ("file_expired",), 409: ("nothing_to_download",)},
    "POST /v1/jobs/{job_id}/start": {
        409: ("file_missing", "file_size_differs", "job_changed", "job_ended"),
    },
    "POST /v1/jobs/{job_id}/cancel": {409: ("job_cannot_be_cancelled", "job_changed")},
    "POST /v1/transforms": _TRANSFORM,
    "GET /v1/transforms": {503: ("transforms_changed",)},
    "POST /v1/transform-dry-runs": _TRANSFORM,
    "GET /v1/transforms/{transform_id}": {503: ("transforms_changed",)},
    "PATCH /v1/transforms/{transform_id}": _TRANSFORM,
    "DELETE /v1/transforms/{transform_id}": {503: ("transforms_changed",)},
    "POST /v1/transforms/{transform_id}/dry-run": _TRANSFORM,
    "GET /v1/transforms/{transform_id}/versions": {503: ("transforms_changed",)},
    "POST /v1/transforms/{transform_id}/revert": {**_TRANSFORM, 404: ("version_not_found",)},
    "POST /v1/syncs": {422: ("bad_name", "bad_schedule", *_SELECTION, *_SETTINGS)},
    "PATCH /v1/syncs/{sync_id}": {
        422: ("bad_name", "bad_schedule", "column_changed", *_SELECTION, *_SETTINGS),
        503: ("sync_changed",),
    },
    "DELETE /v1/syncs/{sync_id}": {409: ("load_open",), 503: ("sync_changed",)},
    "POST /v1/syncs/{sync_id}/pause": {503: ("sync_changed",)},
    "POST /v1/syncs/{sync_id}/resume": {503: ("sync_changed",)},
    "POST /v1/syncs/{sync_id}/run": {409: ("sync_paused",)},
    "POST /v1/syncs/{sync_id}/backfill": {409: ("nothing_to_backfill",), 422: ("bad_time",)},
    "POST /v1/syncs/{sync_id}/refresh": {409: ("no_tables",), 422: ("bad_table",)},
    "POST /v1/syncs/{sync_id}/skip-gap": {409: ("no_such_gap", "sync_busy"), 503: ("lease_lost",)},
    "POST /v1/api-keys": {
        403: ("scope_not_held",),
        404: ("webhook_not_found",),
        422: (
            *("bad_expiry", "bad_name", "bad_time", "missing_scopes", "scope_too_wide"),
            "unknown_scope",
        ),
    },
    "PATCH /v1/api-keys/{key_id}": {
        403: ("scope_not_held",),
        409: ("api_key_changed", "own_key"),
        422: ("bad_name", "missing_scopes", "scope_too_wide", "unknown_scope"),
    },
    "POST /v1/api-keys/{key_id}/rotate": {
        403: ("scope_not_held",),
        409: ("already_expired", "api_key_changed"),
        422: ("bad_overlap",),
    },
    "DELETE /v1/api-keys/{key_id}": {
        403: ("scope_not_held",),
        409: ("api_key_changed", "own_key"),
    },
    "GET /v1/audit": {422: ("bad_time", "unknown_action")},
    "GET /v1/usage": {422: ("bad_time",)},
    "POST /v1/tenants": {409: ("tenant_exists",), 422: ("bad_tenant",)},
}


def refusals(each: Endpoint) -> Refusals:
    """Every status and code with which this endpoint may refuse, sorted."""
    found: dict[int, set[str]] = {}
    for status, code in _all(each):
        found.setdefault(status, set()).add(code)
    return {status: tuple(sorted(found[status])) for status in sorted(found)}


def _all(each: Endpoint) -> Iterator[tuple[int, str]]:
    yield from ((401, code) for code in ("key_expired", "missing_key", "unknown_key"))
    yield from ((413, "body_too_large"), (429, "rate_limited"))
    yield from ((500, "internal"), (503, "aws_unavailable"), (503, "calls_contended"))
    if each.scope is not None:
        yield 403, "missing_scope"
    if not each.is_for_receivers:
        yield 403, "one_webhook_only"
    if each.method == "POST":
        yield 400, "bad_idempotency_key"
        yield 409, "idempotency_in_progress"
        yield 422, "idempotency_key_reused"
    if each.parameters:
        yield 400, "bad_path"
        yield from ((404, _NOT_FOUND[name]) for name in each.parameters)
    if each.query is not None and issubclass(each.query, ListQuery):
        yield 400, "bad_cursor"
    yield from _of_conditions(each)
    yield from _of_values(each)
    for status, codes in OWN.get(f"{each.method} {each.path}", {}).items():
        yield from ((status, code) for code in codes)


def _of_conditions(each: Endpoint) -> Iterator[tuple[int, str]]:
    if each.takes_if_match:
        yield 412, "precondition_failed"
    if each.takes_if_match or each.takes_if_none_match:
        yield 400, "bad_condition"


def _of_values(each: Endpoint) -> Iterator[tuple[int, str]]:
    yield 400, "not_json"  # a body in base64 that is none, which is read before all else
    if each.parameters or each.query or each.body:
        yield from ((422, code) for code in MISFIT_CODES)
    if each.body:
        yield 400, "missing_body"
        yield 415, "unsupported_media_type"
        yield from ((422, code) for code in _VALUES)
