"""What a function's settings and source may be, before the sandbox looks at the code."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final

from runtime.core.functions.function import (
    MAX_SOURCE_BYTES,
    Engine,
    Limits,
    RetryOn,
    RetryPolicy,
)
from runtime.errors import BadInput

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
SECRET_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# A DNS name, or a loopback address, which a run reaches only where the installation allows that.
HOST: Final = re.compile(
    r"127\.0\.0\.1|::1|(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z][a-z0-9-]{0,62}"
)
MAX_HOSTS: Final = 50
MAX_ENVIRONMENT_BYTES: Final = 4096  # AWS Lambda's limit for a function's environment
MAX_ATTEMPTS: Final = 20  # of one run, before somebody has to run it again
MAX_RETRY_DELAY_S: Final = 86_400  # a day: whoever needs longer runs the event again
MAX_SECRETS: Final = 50  # every run carries all of them in its Lambda payload
MAX_SECRET_VALUE_BYTES: Final = 3072  # KMS encrypts at most 4 KB directly
MINIMA: Final = Limits(
    wall_s=0.1, memory_mb=32, result_bytes=1, http_calls=0, emits=0, log_bytes=0, concurrent_runs=1
)


def check_name(name: str) -> None:
    """Refuse a name that cannot serve as a key, as a path segment and as a log field.

    Raises:
        BadInput: code `bad_name`.
    """
    if not NAME.fullmatch(name):
        raise BadInput(
            "must be a lower-case letter, then letters, digits, - or _, at most 63",
            field="name",
            code="bad_name",
        )


def check_source(source: str) -> None:
    """Refuse source that is empty, not UTF-8, or over the limit.

    Raises:
        BadInput: code `source_empty`, `source_not_utf8`, or `source_too_large`.
    """
    if not source.strip():
        raise BadInput("holds no code", field="source", code="source_empty")
    try:
        size_bytes = len(source.encode())
    except UnicodeEncodeError as problem:
        raise BadInput("is not UTF-8 text", field="source", code="source_not_utf8") from problem
    if "\0" in source:
        raise BadInput("holds a NUL character", field="source", code="source_not_utf8")
    if size_bytes > MAX_SOURCE_BYTES:
        raise BadInput(
            f"is {size_bytes} bytes; at most {MAX_SOURCE_BYTES} are allowed",
            field="source",
            code="source_too_large",
        )


def check_hosts(hosts: tuple[str, ...]) -> None:
    """Refuse too many hosts, and one that is no lower-case DNS name, loopback address or `*`.

    Raises:
        BadInput: code `bad_host` or `too_many_hosts`.
    """
    if len(hosts) > MAX_HOSTS:
        raise BadInput(f"at most {MAX_HOSTS}", field="http_hosts", code="too_many_hosts")
    for host in hosts:
        if host != "*" and not HOST.fullmatch(host):
            raise BadInput(
                f"{host!r} must be like crm.example.com or *.example.com, or * for any host; "
                "it has no scheme and no port",
                field="http_hosts",
                code="bad_host",
            )


def check_environment(values: Mapping[str, str]) -> None:
    """Refuse names that no environment can have, and more bytes than a run may carry.

    Raises:
        BadInput: code `bad_environment_name` or `environment_too_large`.
    """
    for name, value in values.items():
        if not VARIABLE.fullmatch(name) or "\0" in value:
            raise BadInput(
                f"{name[:80]!r} must be letters, digits and _, such as SHOP_URL;"
                " its value must be text without NUL",
                field="environment",
                code="bad_environment_name",
            )
    size_bytes = sum(
        len(f"{name}={value}".encode(errors="surrogatepass")) for name, value in values.items()
    )
    if size_bytes > MAX_ENVIRONMENT_BYTES:
        raise BadInput(
            f"is {size_bytes} bytes, names included; at most {MAX_ENVIRONMENT_BYTES} are allowed",
            field="environment",
            code="environment_too_large",
        )


def check_secret_names(names: Iterable[str]) -> None:
    """Refuse names that are not upper-case words, and too many of them.

    Raises:
        BadInput: code `bad_secret_name` or `too_many_secrets`.
    """
    every = list(names)
    if len(every) > MAX_SECRETS:
        raise BadInput(f"at most {MAX_SECRETS}", field="secrets", code="too_many_secrets")
    for name in every:
        if not SECRET_NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} must be upper-case letters, digits and _, such as CRM_TOKEN",
                field="secrets",
                code="bad_secret_name",
            )


def check_secret_value(value: str, *, field: str = "value") -> None:
    """Refuse an empty value, one with blanks around it, and one over the limit.

    A value of several lines, such as a private key in PEM, may end with a newline as its file does.

    Args:
        value: the secret; no error message repeats it.
        field: the name that the error gives the value.

    Raises:
        BadInput: code `secret_empty`, `secret_blanks` or `secret_too_large`.
    """
    bare = value.strip()
    if not bare:
        raise BadInput("is empty", field=field, code="secret_empty")
    if value != bare and "\n" not in bare:
        raise BadInput("has blanks before or after it", field=field, code="secret_blanks")
    if len(value.encode(errors="surrogatepass")) > MAX_SECRET_VALUE_BYTES:
        raise BadInput(
            f"is over {MAX_SECRET_VALUE_BYTES} bytes", field=field, code="secret_too_large"
        )


def retry_policy(on: str, *, attempts: int, delays_s: tuple[int, ...] | None) -> RetryPolicy:
    """Read a retry policy.

    Raises:
        BadInput: code `bad_retry`.
    """
    if on not in list(RetryOn):
        raise BadInput(f"must be one of {', '.join(RetryOn)}", field="retry.on", code="bad_retry")
    if not 1 <= attempts <= MAX_ATTEMPTS:
        raise BadInput(
            f"must be from 1 to {MAX_ATTEMPTS}, the first attempt included",
            field="retry.attempts",
            code="bad_retry",
        )
    if delays_s is not None and not (
        1 <= len(delays_s) <= MAX_ATTEMPTS and all(0 <= d <= MAX_RETRY_DELAY_S for d in delays_s)
    ):
        raise BadInput(
            f"must be 1 to {MAX_ATTEMPTS} whole numbers of seconds, each at most"
            f" {MAX_RETRY_DELAY_S}; leave it out for the default schedule",
            field="retry.delays_s",
            code="bad_retry",
        )
    return RetryPolicy(on=RetryOn(on), attempts=attempts, delays_s=delays_s)


def engine(name: str) -> Engine:
    """Read an engine's name.

    Raises:
        BadInput: code `bad_engine`.
    """
    try:
        return Engine(name)
    except ValueError as problem:
        raise BadInput(
            f"must be one of {', '.join(Engine)}; leave it out to let the installation decide",
            field="engine",
            code="bad_engine",
        ) from problem


def check_limits(limits: Limits) -> None:
    """Refuse a limit above the platform's cap or below what a run needs.

    Raises:
        BadInput: code `bad_limit`.
    """
    for limit in fields(Limits):
        value = getattr(limits, limit.name)
        least, most = getattr(MINIMA, limit.name), limit.default
        if not least <= value <= most:
            raise BadInput(
                f"must be from {least} to {most}", field=f"limits.{limit.name}", code="bad_limit"
            )
