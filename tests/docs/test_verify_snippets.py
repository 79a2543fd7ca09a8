"""What the page tells receivers to write, run against good and bad requests."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from penstock.webhooks import Receiver
from tests.scripted_receiver import ScriptedReceiver
from tests.vectors import AT_S, BODY, ID, SECRET_A, SECRET_B, SIGNATURE, VECTORS

PAGE: Final = Path(__file__).parents[2] / "docs" / "howto" / "verify.md"
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS: Final[dict[str, str]] = dict(BLOCK.findall(PAGE.read_text("utf-8")))
WRONG: Final = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


class Language(NamedTuple):
    """How to run a snippet: with this, after it, calls it with what the environment says.

    The body comes on standard input; 0 is genuine, 1 is not, anything else is a broken snippet.
    """

    program: str
    run: tuple[str, ...]
    file: str
    main: str


LANGUAGES: Final = {
    "python": Language(
        "python3",
        ("python3",),
        "verify.py",
        """
import os, sys
names = ("ID", "TIMESTAMP", "SIGNATURE")
headers = {f"webhook-{n.lower()}": os.environ[n] for n in names if n in os.environ}
body, now = sys.stdin.buffer.read(), int(os.environ["NOW"])
sys.exit(not is_genuine(os.environ["SECRET"], headers, body, now))
""",
    ),
    "javascript": Language(
        "node",
        ("node",),
        "verify.js",
        """
const body = require("node:fs").readFileSync(0);
const { SECRET, NOW, ID, TIMESTAMP, SIGNATURE } = process.env;
const given = { "webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": SIGNATURE };
process.exit(isGenuine(SECRET, given, body, Number(NOW)) ? 0 : 1);
""",
    ),
    "go": Language(
        "go",
        ("go", "run"),
        "verify.go",
        """
func main() {
	header := http.Header{}
	for _, name := range []string{"ID", "TIMESTAMP", "SIGNATURE"} {
		if value, found := os.LookupEnv(name); found {
			header.Set("webhook-"+name, value)
		}
	}
	body, _ := io.ReadAll(os.Stdin)
	now, _ := strconv.ParseInt(os.Getenv("NOW"), 10, 64)
	if !IsGenuine(os.Getenv("SECRET"), header, body, time.Unix(now, 0)) {
		os.Exit(1)
	}
}
""",
    ),
    "php": Language(
        "php",
        ("php",),
        "verify.php",
        """
$body = file_get_contents('php://stdin');
$headers = [];
foreach (['ID', 'TIMESTAMP', 'SIGNATURE'] as $name) {
    if (getenv($name) !== false) {
        $headers['webhook-' . strtolower($name)] = getenv($name);
    }
}
exit(is_genuine(getenv('SECRET'), $headers, $body, (int) getenv('NOW')) ? 0 : 1);
""",
    ),
    "ruby": Language(
        "ruby",
        ("ruby",),
        "verify.rb",
        """
headers = ENV.to_h.transform_keys { |name| "webhook-#{name.downcase}" }
exit(genuine?(ENV["SECRET"], headers, $stdin.binmode.read, ENV["NOW"].to_i))
""",
    ),
    "bash": Language(
        "openssl",
        ("bash",),
        "verify.sh",
        """
is_genuine "$SECRET" "$ID" "$TIMESTAMP" "$SIGNATURE" "$NOW"
""",
    ),
}
Run = Callable[..., bool]


@pytest.fixture(scope="module", params=sorted(LANGUAGES))
def is_genuine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The snippet of one language, as a function; skipped where nothing can run it."""
    language = LANGUAGES[request.param]
    if shutil.which(language.program) is None:
        pytest.skip(f"NOT TESTED: the {request.param} snippet, for want of {language.program}")
    folder = tmp_path_factory.mktemp(request.param)
    command = prepare(language, SNIPPETS[request.param], folder)

    def run(
        *, secret: str = SECRET_A, body: bytes = BODY, now: int = AT_S, **headers: str | None
    ) -> bool:
        given = {"id": ID, "timestamp": str(AT_S), "signature": SIGNATURE} | headers
        named = {name.upper(): text for name, text in given.items() if text is not None}
        done = subprocess.run(  # noqa: S603 - the page's own snippet
            command,
            env={"PATH": os.environ["PATH"], "SECRET": secret, "NOW": str(now), **named},
            input=body,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr.decode()
        assert not done.stderr, done.stderr.decode()
        return done.returncode == 0

    return run


def prepare(language: Language, snippet: str, folder: Path) -> list[str]:
    """The command that runs a snippet and its main."""
    file = folder / language.file
    if language.program != "go":
        file.write_text(f"{snippet}\n{language.main}", encoding="utf-8")
        return [*language.run, str(file)]
    code = snippet.replace("package receiver", "package main")
    code = code.replace("import (\n", 'import (\n\t"io"\n\t"os"\n')
    file.write_text(f"{code}\n{language.main}", encoding="utf-8")
    built = folder / "verify"
    caches = {
        "GOCACHE": str(folder / "cache"),
        "GOPATH": str(folder / "path"),
        "GO111MODULE": "off",
    }
    subprocess.run(  # noqa: S603 - the page's own snippet
        ["go", "build", "-o", str(built), str(file)],  # noqa: S607 - whichever go is installed
        env={**os.environ, **caches},
        check=True,
        timeout=300,
    )
    return [str(built)]


def test_every_language_that_the_page_names_is_tested() -> None:
    """A snippet that nothing runs is the one that is wrong."""
    assert SNIPPETS.keys() == LANGUAGES.keys()


def test_what_the_sender_signs_is_genuine(is_genuine: Run) -> None:
    """The vectors that other implementations agree on, to the second and to the last byte."""
    for name, vector in VECTORS.items():
        if vector.secrets[0].startswith("whsec_"):
            assert is_genuine(
                secret=vector.secrets[0],
                body=vector.body,
                now=vector.at_s,
                id=vector.id,
                timestamp=str(vector.at_s),
                signature=vector.signature,
            ), name


def test_one_good_signature_among_others_is_enough(is_genuine: Run) -> None:
    """During a rotation the receiver's may be any of them, and newer kinds may stand beside it."""
    both = VECTORS["two secrets during a rotation"].signature

    assert is_genuine(secret=SECRET_B, signature=both)
    assert is_genuine(signature=f"{WRONG} v1a,AAAA nonsense v2,x {SIGNATURE}")


def test_five_minutes_either_way_are_allowed_and_no_more(is_genuine: Run) -> None:
    """Clocks differ; a captured request must become worthless all the same."""
    assert is_genuine(now=AT_S + 300)
    assert is_genuine(now=AT_S - 300)
    assert not is_genuine(now=AT_S + 301)
    assert not is_genuine(now=AT_S - 301)


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": SECRET_B},
        {"body": BODY + b" "},
        {"body": b""},
        {"id": "msg_other"},
        {"id": None},
        {"id": ""},
        {"timestamp": str(AT_S + 1)},
        {"timestamp": "hello"},
        {"timestamp": f"{AT_S}.0"},
        {"timestamp": f" {AT_S}"},
        {"timestamp": f"{AT_S}\n"},
        {"timestamp": None},
        {"signature": None},
        {"signature": ""},
        {"signature": WRONG},
        {"signature": "v1,"},
        {"signature": SIGNATURE[:-8]},
        {"signature": SIGNATURE.replace("v1", "v2")},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": "v1,*"},
    ],
    ids=repr,
)
def test_whatever_is_not_is_refused(is_genuine: Run, changes: dict[str, str | None]) -> None:
    """Quietly: a verifier that crashes answers 500, and the sender comes back for three days."""
    assert not is_genuine(**changes)


def test_curl_sends_what_a_receiver_accepts(tmp_path: Path) -> None:
    """Who writes a receiver needs a sender first."""
    if shutil.which("curl") is None:
        pytest.skip("NOT TESTED: sending with curl, for want of curl")
    script, body = tmp_path / "send.sh", tmp_path / "body.json"
    body.write_bytes(b'{"type":"metric.x"}\n')
    script.write_text(f'{SNIPPETS["bash"]}\nsend "$SECRET" "$1" "$2"\n', encoding="utf-8")
    with ScriptedReceiver() as receiver:
        done = subprocess.run(  # noqa: S603 - the page's own snippet
            ["bash", str(script), receiver.url(), str(body)],  # noqa: S607 - whichever is installed
            env={"PATH": os.environ["PATH"], "SECRET": SECRET_A},
            capture_output=True,
            timeout=60,
            check=True,
        )

    (seen,) = receiver.received
    assert done.stdout == b"200\n"
    assert Receiver(SECRET_A).verify(body=seen.body, headers=seen.headers).body == body.read_bytes()
