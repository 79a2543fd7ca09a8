"""Writes the pages of docs/reference that are made of code: `python -m infra.build.reference`.

A test fails if the code has changed and the pages have not.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cli import _commands, _examples
from cli import main as cli_main
from functions import api
from functions._api import openapi
from functions._api.endpoints import ENDPOINTS
from functions._http import MethodNotAllowed, status_of
from functions._misfits import MISFIT_CODES
from infra.build import project_page, project_schema, schema_pages, shipped
from runtime import errors
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.errors import BadInput, PenstockError

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "reference"
# The API raises no error from a module that it does not import. A new process builds an API and
# lists its modules: this one has imported others too. Settings without a default are their names.
# What dials is imported when a call first looks at a URL.
_LIST_MODULES: Final = """
import sys
import functions.api
import runtime.egress.client
import runtime.egress.handshake
from runtime.settings import Settings
from runtime.wiring import api

class Names(Settings):
    def _text(self, name, *, default=None):
        return name if default is None else default

api.build(Names(environment={}))
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] in ("functions", "runtime"):
        print(module.__file__)
"""
# Errors whose codes no literal in `Egress.vet` shows, because it takes them from the resolver.
VETTING: Final = (
    EgressRefused("blocked_address", ""),
    EgressRefused("dns_failure", ""),
    EgressFailed("dns_timeout", ""),
)
# Errors whose class names the code; where they are raised no code is written.
OWN_CODES: Final[Mapping[str, PenstockError]] = {
    "SourceRefused": errors.SourceRefused([{}]),
    "EventsRejected": errors.EventsRejected(
        [errors.Rejected(index=0, problem=errors.BadInput(""))]
    ),
    "MethodNotAllowed": MethodNotAllowed("", allow=()),
    "FunctionInUse": errors.FunctionInUse("", webhooks=()),
    "TooManyCalls": errors.TooManyCalls(per_s=1, retry_after_s=1),
    "QuotaExceeded": errors.QuotaExceeded("", retry_after_s=1),
    "IntakePaused": errors.IntakePaused(retry_after_s=1),
}
# Bounds in JSON Schema, by what they count; patterns stand in the OpenAPI document alone.
BOUNDS: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " entries"),
)
_GENERATED: Final = "<!-- made by `python -m infra.build.reference`; do not edit -->"
_API_INTRODUCTION: Final = """# HTTP API

Base address: the stack's output `ApiUrl`, or `api_url` of `penstock local up --json`. The
machine-readable form is at `/openapi.json` (OpenAPI 3.1): for each operation the scope that it asks
for, a request and its answer as an example, and every status that it may refuse with, with its
codes (`x-codes`). [Clients are made of it](../howto/generate-a-client.md).

- **Keys.** `Authorization: Bearer psk_…`. A key belongs to one tenant and has scopes; what other
  tenants have looks as if it were not there (404).
- **Lists** answer `{"data": […], "next_cursor": …}`; pass `cursor` to go on, `limit` (1 to 200,
  else 50) for the size. A cursor belongs to its list, its filters and its tenant.
- **Repeats.** A POST with `Idempotency-Key` is done once: the same key with the same body (and
  the same `If-Match`) gets the first answer again (header `idempotent-replayed: true`) for 24
  hours. The answer is kept for the API key that asked: the same request with another API key is
  done again, or refused if that key may not. An error is not kept: mend the request and send it
  under the same key. Give events ids of your own, so that a repeat is the same event in any case.
- **ETags.** An answer that shows one webhook, function, sync, replay or API key has its `ETag`,
  and the same text without quotes as `etag`, in lists too. A function's is also that of its
  environment, its secrets, its canary and which version is live: a change of any of them makes
  another. The use of a key is no change of it. Send it as `If-Match`
  with a call that changes the thing: if somebody has changed it since you read it, nothing changes,
  and the answer is 412 (`precondition_failed`) with the current `ETag`. `If-Match: *` and no header
  change whatever is there; a weak ETag (`W/"…"`) matches nothing. A GET with `If-None-Match` is
  answered 304 if you have the thing as it stands. A function and its canary are always sent whole:
  how a function does is shown there too, and is no part of its ETag; so is a key, with the hour of
  its last call. A retry of a delivery or a run takes no `If-Match`: it asks for one more attempt,
  and which attempt that is, and whether there can be one, the record itself decides (409).
- **Errors** are problem details (RFC 9457): `{"type", "title", "status", "code", "detail",
  "instance"}`, with `field`, `errors`, `findings` (of refused source), `rejected` (why each event
  was not taken) or `webhooks` (that use a function) where they apply. Act on `code`.
- **400** means that the request cannot be read: its body is missing or no JSON, its path is not
  UTF-8, or its cursor or `Idempotency-Key` is malformed.
- **422** means that the request was read, and that something in its body, its query or its path
  does not fit. `errors` has all of it at once, each with `pointer` (the place in the body as RFC
  6901 writes it, such as `/topics/0`; `/limit` for a parameter of the query or the path; empty for
  the whole body), `field` (the same as people write it), `code` and `message`. `code`, `field` and
  `detail` of the problem are those of the first. What only the installation can say, such as
  whether a function exists or a host has an address, is said once all else fits.
- **Events** are judged one by one. 202 says which of them are on the bus and which were rejected;
  when all of them were rejected the answer is 422 with the same two lists.
- **Bodies** have at most 4 MiB (4,194,304 bytes); a larger one is refused with 413
  (`body_too_large`), and one above 6 MiB by AWS itself, without a problem document. Their type is
  `application/json`, in UTF-8 and not compressed; what says that it is something else is refused
  with 415 (`unsupported_media_type`). A body without a `content-type` is taken for JSON. Where an
  endpoint takes no body, whatever comes is ignored.
- **Methods.** Every path that has GET has HEAD: the same status and headers, no body. OPTIONS is
  answered with 204 and the path's methods in `allow`, and takes no key. Other methods get 405 with
  `allow`.
- **Values.** A body is JSON in UTF-8, at most 64 levels deep. Integers have 64 bits, and
  5.0 is 5; a larger one is refused by name (`integer_too_large`), as many readers would round it;
  send it as a string. A number with a point or an exponent is a double. Times are RFC 3339 with an
  offset.
- **429** means that this key makes too many calls. It may make 100 a second, and twice as many at
  once after a pause; the template's parameter `ApiCallsPerSecond` sets the number. Wait
  `retry-after` seconds. One call takes up to 1,000 events.
- **503** means that nothing was wrong with the request: try again after `retry-after` seconds.
"""
_CLI_INTRODUCTION: Final = """# Command line

`--json` prints exactly one JSON document on standard output, errors included: `{"error":
{"code", "message", …}}`. Exit codes: 0 it is done; 1 it could not be done, and standard error
says why and what to do; 2 it was called wrongly, or a setting or a file is missing; 3 (of
`penstock apply --check` alone) something differs; 130 Ctrl-C ended it; 141 nobody read its output
any more, as after `| head`.

A terminal is shown tables that fit its width, colours, and how far a long piece of work is. A pipe,
or `TERM=dumb`, gets plain text, and a line about long work every few seconds on standard error.
`NO_COLOR` takes the colours away, and `FORCE_COLOR` gives a pipe what a terminal gets. An id is
never broken or left out.

Which API a call goes to, the first of these decides:

1. `penstock --as NAME …`, a connection that `penstock config set NAME --url URL` has named; `--as
   local` is the local cloud of this folder.
2. `PENSTOCK_API_URL` and `PENSTOCK_API_KEY`.
3. The connection that `penstock config use NAME` has chosen.
4. `.local/state.json` of this folder or one above it, which `penstock local up` writes.

`penstock config show` says which it is. Connections stand with their keys in
`~/.config/penstock/config.toml` (`$XDG_CONFIG_HOME/penstock/config.toml` where that is set), which
must have mode 0600: a file that others can reach is refused. Secrets are read from standard input
or from the environment, never from the command line.
"""


def api_page() -> str:
    """The text of docs/reference/api.md."""
    document = openapi.document(ENDPOINTS, version=api.API_VERSION)
    parts = [_API_INTRODUCTION, _GENERATED, "", "## Endpoints", ""]
    parts += ["| | | scope | |", "|---|---|---|---|"]
    parts += [
        f"| {each.method} | `{each.path}` | {each.scope or 'any key'} | {each.summary} |"
        for each in ENDPOINTS
    ]
    parts += ["", "## Bodies and answers", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _schema(name, schema)
    parts += ["## Error codes", "", "| code | status |", "|---|---|"]
    parts += [f"| `{code}` | {status} |" for code, status in sorted(error_codes().items())]
    return "\n".join(parts) + "\n"


def cli_page() -> str:
    """The text of docs/reference/cli.md."""
    parts = [_CLI_INTRODUCTION, _GENERATED, ""]
    for path, command in commands():
        parts += [f"## `penstock {path}`", "", " ".join((command.help or "").split()), ""]
        parts += [f"    {_examples.example(path)}", ""]
        rows = [_parameter(each) for each in command.params if each.name != "help"]
        if rows:
            parts += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(parts).rstrip() + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its path, such as `webhooks create`, sorted."""
    found = {" ".join(path): command for path, command in _commands.walk(cli_main.root())}
    yield from sorted(
        (path, command) for path, command in found.items() if not hasattr(command, "commands")
    )


def error_codes() -> dict[str, str]:
    """Every error code that the API's modules raise, with its HTTP status or statuses."""
    statuses = {code: {status_of(BadInput("", code=code))} for code in MISFIT_CODES}
    statuses[PenstockError.code] = {status_of(PenstockError(""))}
    for problem in VETTING:
        statuses[problem.code] = {status_of(problem)}
    for path in _api_modules():
        for code, kind in _raised(ast.parse(path.read_text(encoding="utf-8"))):
            statuses.setdefault(code, set()).add(status_of(kind))
    return {code: " or ".join(map(str, sorted(each))) for code, each in statuses.items()}


def main() -> None:
    """Write all of them."""
    for name, text in pages().items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> Mapping[str, str]:
    """Each generated page by its file's name."""
    return {
        "api.md": api_page(),
        "cli.md": cli_page(),
        "licences.md": shipped.page(mark=_GENERATED),
        "penstock-toml.md": project_page.page(mark=_GENERATED),
        project_schema.NAME: project_schema.text(ENDPOINTS, version=api.API_VERSION),
        **schema_pages.pages(mark=_GENERATED),
    }


def _api_modules() -> list[Path]:
    process = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in process.stdout.splitlines()]


def _parameter(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    is_required = " Required." if parameter.required else ""
    text = " ".join((parameter.help or "").split())
    return f"| {names} | {text}{is_required} |"


def _schema(name: str, schema: Mapping[str, Any]) -> Iterable[str]:
    yield f"### {name}"
    yield ""
    if schema.get("description"):
        yield " ".join(schema["description"].split())
        yield ""
    properties = schema.get("properties", {})
    if properties:
        yield "| field | type | |"
        yield "|---|---|---|"
        for field, each in properties.items():
            is_required = "required" if field in schema.get("required", ()) else ""
            note = "; ".join(filter(None, (is_required, each.get("description"), bounds(each))))
            yield f"| `{field}` | {_type(each)} | {note} |"
        yield ""


def bounds(schema: Mapping[str, Any]) -> str:
    """What the values of a field must be besides their type, in words."""
    if "anyOf" in schema:
        return "; ".join(filter(None, map(bounds, schema["anyOf"])))
    words = [
        f"{_range(schema.get(least), schema.get(most))}{unit}"
        for least, most, unit in BOUNDS
        if least in schema or most in schema
    ]
    each = bounds(schema["items"]) if "items" in schema else ""
    return ", ".join([*words, f"each {each}"] if each else words)


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least:,}"
    return f"at most {most:,}" if least is None else f"{least:,} to {most:,}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any JSON"))


def _raised(tree: ast.Module) -> Iterator[tuple[str, PenstockError]]:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, PenstockError)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.func.id
        if name == "EgressRefused" and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value), EgressRefused(str(node.args[0].value), "")
        elif name in OWN_CODES:
            yield OWN_CODES[name].code, OWN_CODES[name]
        elif name in kinds:
            yield from _coded(node, kinds[name])


def _coded(node: ast.Call, kind: type[PenstockError]) -> Iterator[tuple[str, PenstockError]]:
    for keyword in node.keywords:
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value), kind("", code=str(keyword.value.value))
        elif keyword.arg == "code" and isinstance(keyword.value, ast.JoinedStr):
            yield _template(keyword.value), kind("")


def _template(text: ast.JoinedStr) -> str:
    # f"{what}_not_found" becomes <what>_not_found, because the noun is that of the resource.
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"<{ast.unparse(part.value)}>"  # type: ignore[attr-defined]
        for part in text.values
    )


if __name__ == "__main__":
    main()
