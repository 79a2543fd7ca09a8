"""Writes docs/reference/penstock-toml.md from the tables of keys that the command line reads by."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cli.project import function_keys, keys
from cli.project.document import FILE
from cli.project.key import Key

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "project" / FILE
_INTRODUCTION: Final = """# `penstock.toml` and `penstock.yaml`

One file says what a tenant is to have: its functions, data transforms, webhooks, syncs and API keys. It is one document in two syntaxes: a file that ends with `.yaml` or `.yml` is read as YAML, every other one as TOML, and both have the sections and keys of this page. Which commands of `penstock` read what:

| section | is about | is read by |
|---|---|---|
| `[functions.NAME]` | the function in `NAME.py` beside it, or in its `source` | `functions push`, `test`, `dev`; with a `source` also `apply` |
| `[function]` | the one function of a folder that has only one | `functions push`, `test`, `dev` |
| `[secrets]` | values for tests; they are never sent anywhere | `functions test` |
| `[transforms.NAME]` | the data transform called NAME | `apply` |
| `[webhooks.NAME]` | the webhook called NAME | `apply`, `dev` |
| `[syncs.NAME]` | the sync called NAME | `apply`, `dev` |
| `[keys.NAME]` | the API key called NAME | `apply` |
| `[removed]` | names of what is not to be there | `apply` |

A name with other characters than letters, digits, `-` and `_` stands in quotes in TOML: `[webhooks."Orders of the shop"]`. A section, a table or a key that is not known is refused with the nearest one that is, and a value that the API would refuse is refused before anything is sent. The error names the file and the place. A function in a folder below, such as `functions/vip.py`, is found by its `source`, up to two folders above it. Editors check a file by its [JSON Schema](penstock.schema.json): the first line `# yaml-language-server: $schema=…` of a YAML file, or `#:schema …` of a TOML file, names it.
"""
_YAML: Final = """## What is read of YAML

Versions of YAML read some words differently, and a file must not mean two things.

- **Switches** are `true` and `false` (and `True`, `TRUE`, `False`, `FALSE`). `yes`, `no`, `on` and `off` are texts: Norway stays `NO`, and the key `on` of `retry` needs no quotes. Where a switch belongs, a text is refused.
- **Numbers** stand in base ten: `8`, `-3`, `0.5`, `1.0e+3`. What one version of YAML takes for another number than the next (`010`, `0x1F`, `1_000`, `1:30`, `.5`, `1e3`, `.inf`) is refused; in quotes it is text.
- **Dates and times** are texts.
- **A key that stands twice** in one mapping is refused with its line, and so is a key that is no text.
- **Anchors** (`&name`, `*name`) and `<<` are read; with all that they repeat a file has at most 100,000 values, 64 levels deep. **Tags** (`!!str`, `!Ref`) and a second document in one file are refused.
"""
_APPLY: Final = """## What `penstock apply` does with it

`penstock apply [FOLDER]` reads the `penstock.toml` of the folder, or its `penstock.yaml`; `penstock apply -f FILE` reads any other file. It compares what the file declares with what the tenant has, by name, prints the plan (`+` to create, `~` to change with each setting before → after, `=` the same, `-` to delete), asks, and makes the changes one by one: functions, then data transforms, webhooks, syncs and keys, each in the order of the file, and deletions last.

- **Left out means default.** A thing has what the file says, and for all other keys what a new one has. So a filter that was taken out of the file is taken away, and so are the hosts of a function with a `source`. `enabled` is the exception: left out, it stays as it is. So are `schedule`, `selection` and `settings` of a sync.
- **Names decide.** Another name in the file is another thing. Where the tenant has two of a name, `apply` refuses and names both ids.
- **Nothing is deleted by silence.** What the tenant has and the file does not name is listed, and stays. Two things delete, and the plan names all that they do: `[removed]` lists names, which are deleted where they are there; and `--prune` deletes whatever the file does not name, of each kind that it has a section for (an empty section counts). `apply` keeps no list of what it has made, so `--prune` takes what somebody made by hand as well: use it where the file is all that the tenant is to have, and `[removed]` everywhere else. It never takes the API key that it calls with. A deleted function can be restored for seven days, and a file that names it again restores it.
- **Nobody is overwritten.** Each change goes with the ETag of what was compared (`If-Match`). If somebody has changed the thing since, it is left as it is, `apply` ends with 1 and says what is done already; run it again, and it compares anew. So it does after any other failure half-way: what is done is the same at the next run.
- **A function with a `source`** is compared with its live version (with its latest, beside `publish = false`), and the plan shows the difference line by line. `apply` pushes the file and makes it live. While another version is on trial it does not (`canary_running`): promote or stop the canary first, or let `publish = false` leave to it what goes live.
- **Data transforms** work in the order of the file. Those that it does not name keep their places between them.
- **An API key** is made once; its scopes change in place, from its next call on, and whoever has it goes on with it. Its end and its webhook cannot be changed: for those the file gives another key, under another name, and the old one goes among the removed. A key that was rotated goes on under its name; one that has ended is made anew.
- **Secrets never stand in the file.** Where a secret belongs, the file names the variable of the environment that holds it: `{ env = "SHOP_TOKEN" }`, in YAML `{env: SHOP_TOKEN}`. A text in its place is refused. The variables of a thing are read only when it is created or one of its sealed settings is sent.
- **Sealed settings cannot be compared.** Of a webhook the API shows the names of the headers, the kind of the login and whether there is a certificate; of a function which secrets have a value; of a sync which passwords it has. They are sent when the thing is created, when one of these differs, and by `--send-secrets`; another value behind the same name is not seen. A certificate that was renewed, or a token that was replaced, needs `--send-secrets`.
- **A signing secret is made by the server** unless `secret` names your own, and printed once: below the line of the webhook that was created, or with `--json` as `secret` of its entry in `applied` (in an error too, as `error.applied`). So is an API key, as `key`. `--hide-secrets` prints neither, for a log that others read: whoever needs one has another made by `penstock webhooks rotate-secret` or `penstock keys rotate`.
- **`format` of a webhook, `method` of a data transform and `kind` of a sync cannot be changed.** `apply` says so before it does anything. So it does when a webhook's `transform` is not published, and not to be published by the file.

`--plan` (or `--dry-run`) prints the plan and ends with 0. `--check` does the same and ends with 3 if anything is to be done: that is drift, or a file that was not applied yet. Without a terminal, changes need `--yes`; else `apply` ends with 2 and changes nothing. The key needs the scopes to read and write webhooks, syncs and what else the file has a section for, and to read functions if a webhook has a `transform`. To make a key, or to change one, it needs every scope that the key has and is to have.
"""
_SECRETS: Final = """Names of secrets and their values for `penstock functions test`, as texts. Use
values of a test account: the file is in your repository."""
_SECTIONS: Final = (
    ("`[functions.NAME]`", "", function_keys.FUNCTION),
    (
        "`triggers` of a function",
        "A list of tables: `[[functions.NAME.triggers]]`.",
        function_keys.TRIGGER,
    ),
    ("`limits` of a function", "", function_keys.LIMITS),
    ("`retry` of a function", "", function_keys.RETRY),
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
    (
        "`[transforms.NAME]`",
        "NAME has 1 to 128 printable characters. The order of the tables is that of the chain.",
        keys.TRANSFORM,
    ),
    ("`[keys.NAME]`", "NAME has 1 to 128 printable characters.", keys.API_KEY),
    ("`[removed]`", "", keys.REMOVED),
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
        _YAML,
        _APPLY.rstrip(),
    ]
    return "\n".join(parts) + "\n"


def _table(table: Iterable[Key]) -> Iterable[str]:
    yield "| key | type | left out | |"
    yield "|---|---|---|---|"
    for key in table:
        yield f"| `{key.name}` | {key.kind} | {key.left_out} | {key.meaning} |"
