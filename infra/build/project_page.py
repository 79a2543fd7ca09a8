"""Writes docs/reference/penstock-toml.md from the tables of keys that the command line reads by."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cli.project import keys
from cli.project.document import FILE

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "project" / FILE
_INTRODUCTION: Final = """# `penstock.toml`

One file in a folder of functions says what the folder is in a tenant: its functions, and the
webhooks and syncs that belong to them. Which commands of `penstock` read what:

| section | is about | is read by |
|---|---|---|
| `[functions.NAME]` | the function in `NAME.py` beside it | `functions push`, `test`, `dev` |
| `[function]` | the one function of a folder that has only one | the same |
| `[secrets]` | values for tests; they are never sent anywhere | `functions test` |
| `[webhooks.NAME]` | the webhook called NAME | `apply`, `dev` |
| `[syncs.NAME]` | the sync called NAME | `apply`, `dev` |

A name with other characters than letters, digits, `-` and `_` stands in quotes: `[webhooks."Orders
of the shop"]`. A section, a table or a key that is not known is refused with the nearest one that
is, and a value that the API would refuse is refused before anything is sent. The error names the
file and the place.
"""
_APPLY: Final = """## What `penstock apply` does with it

`penstock apply [FOLDER]` compares the webhooks and syncs of the file with those of the tenant, by
name, prints the plan (`+` to create, `~` to change with each setting before → after, `=` the same),
asks, and makes the changes one by one in the order of the file.

- **Left out means default.** A webhook has what the file says, and for all other keys what a new
  webhook has. So a filter that was taken out of the file is taken away. `enabled` is the
  exception: left out, it stays as it is.
- **Nothing is deleted.** What the tenant has and the file does not name is listed.
- **Names decide.** Another name in the file is another webhook. Where the tenant has two of a
  name, `apply` refuses and names both ids.
- **Nobody is overwritten.** Each change goes with the ETag of what was compared (`If-Match`). If
  somebody has changed the thing since, it is left as it is, `apply` ends with 1 and says what is
  done already; run it again, and it compares anew.
- **Secrets never stand in the file.** Where a secret belongs, the file names the variable of the
  environment that holds it: `{ env = "SHOP_TOKEN" }`. A text in its place is refused. The
  variables of a webhook are read only when it is created or one of its sealed settings is sent.
- **Sealed settings cannot be compared.** The API shows of them the names of the headers, the kind
  of the login and whether there is a certificate. They are sent when the webhook is created, when
  one of these differs, and by `--send-secrets`; another value behind the same name is not seen. A
  certificate that was renewed, or a token that was replaced, needs `--send-secrets`.
- **A signing secret is made by the server** unless `secret` names your own, and printed once:
  below the line of the webhook that was created, or with `--json` as `secret` of its entry in
  `applied` (in an error too, as `error.applied`). An existing webhook keeps its secret; `penstock
  webhooks rotate-secret` changes it.
- **`format` of a webhook and `kind` of a sync cannot be changed.** `apply` says so before it does
  anything. So it does when a `transform` is not published.

`--plan` (or `--dry-run`) prints the plan and ends with 0. `--check` does the same and ends with 3
if anything is to be done, for CI. Without a terminal, changes need `--yes`; else `apply` ends
with 2 and changes nothing. The key needs the scopes to read and write webhooks and syncs, and to
read functions if a webhook has a `transform`.
"""
_SECRETS: Final = """Names of secrets and their values for `penstock functions test`, as texts. Use
values of a test account: the file is in your repository."""
_SECTIONS: Final = (
    ("`[functions.NAME]`", "", keys.FUNCTION),
    ("`triggers` of a function", "A list of tables: `[[functions.NAME.triggers]]`.", keys.TRIGGER),
    ("`limits` of a function", "", keys.LIMITS),
    ("`retry` of a function", "", keys.RETRY),
    ("`[webhooks.NAME]`", "NAME has 1 to 128 printable characters.", keys.WEBHOOK),
    ("`rate_limit` of a webhook", "", keys.RATE_LIMIT),
    ('`auth` of a webhook: `kind = "basic"`', "User name and password.", keys.BASIC),
    ('`auth` of a webhook: `kind = "bearer"`', "A token.", keys.BEARER),
    (
        '`auth` of a webhook: `kind = "oauth2"`',
        "Client credentials. A token is used until it expires, and replaced after a 401.",
        keys.OAUTH2,
    ),
    ("`client_certificate` of a webhook", "", keys.CERTIFICATE),
    ("`[syncs.NAME]`", "NAME has 1 to 128 printable characters.", keys.SYNC),
)


def page(*, mark: str) -> str:
    """The text of the page; `mark` says that it is made."""
    parts = [_INTRODUCTION, mark, "", "## Example", ""]
    parts += ["```toml", EXAMPLE.read_text(encoding="utf-8").rstrip(), "```", ""]
    for title, text, table in _SECTIONS:
        parts += [f"## {title}", "", *([text, ""] if text else []), *_table(table), ""]
    parts += [
        "## `[secrets]`",
        "",
        _SECRETS,
        "",
        _APPLY.rstrip(),
    ]
    return "\n".join(parts) + "\n"


def _table(table: Iterable[keys.Key]) -> Iterable[str]:
    yield "| key | type | left out | |"
    yield "|---|---|---|---|"
    for key in table:
        yield f"| `{key.name}` | {key.kind} | {key.left_out} | {key.meaning} |"
