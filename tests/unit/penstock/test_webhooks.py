"""The receiver's verifier: strict, and never anything but `Rejected`."""

import subprocess
import sys
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.webhooks import Receiver, Rejected
from tests.vectors import (
    AT_S,
    BODY,
    ID,
    PRIVATE_KEY,
    PUBLIC_KEY,
    SECRET_A,
    SECRET_B,
    SIGNATURE,
    VECTORS,
    Vector,
)

WRONG = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def headers(**changes: str | None) -> dict[str, str]:
    """The three headers of the specification's own example."""
    found: dict[str, str | None] = {
        "webhook_id": ID,
        "webhook_timestamp": str(AT_S),
        "webhook_signature": SIGNATURE,
    }
    found |= changes
    return {name.replace("_", "-"): value for name, value in found.items() if value is not None}


def a_receiver(*secrets: str | bytes, now_s: float = AT_S, **options: Any) -> Receiver:
    """A receiver whose clock stands still."""
    return Receiver(*(secrets or (SECRET_A,)), clock=lambda: now_s, **options)


def code_of(given: dict[str, str], *, body: bytes | str = BODY, now_s: float = AT_S) -> str:
    """Why a request is rejected; empty when it is not."""
    try:
        a_receiver(now_s=now_s).verify(body=body, headers=given)
    except Rejected as problem:
        return problem.code
    return ""


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_every_known_signature_is_accepted(vector: Vector) -> None:
    """What any Standard Webhooks sender signs, this accepts."""
    asymmetric = vector.secrets == (PRIVATE_KEY,)
    receiver = Receiver(
        *(() if asymmetric else vector.secrets[:1]),
        public_keys=[PUBLIC_KEY] if asymmetric else [],
        clock=lambda: vector.at_s,
    )

    verified = receiver.verify(
        body=vector.body,
        headers=headers(
            webhook_id=vector.id,
            webhook_timestamp=str(vector.at_s),
            webhook_signature=vector.signature,
        ),
    )

    assert (verified.id, verified.timestamp, verified.body) == (
        vector.id,
        vector.at_s,
        vector.body,
    )


@pytest.mark.parametrize(
    "signature",
    [
        f"{WRONG} v2,abc {SIGNATURE}",
        f"invalid_signature {SIGNATURE}",
        f"v1,x {SIGNATURE}",
        f"v1,a,b {SIGNATURE}",
        f"v1, {SIGNATURE}",
        f" {SIGNATURE} ",
        f"v1,é {SIGNATURE}",
    ],
)
def test_junk_before_a_good_signature_does_not_hide_it(signature: str) -> None:
    """During a rotation, or with a newer sender, the good one need not come first."""
    assert code_of(headers(webhook_signature=signature)) == ""


@pytest.mark.parametrize(
    "secret",
    [
        SECRET_A,
        SECRET_A.removeprefix("whsec_"),
        b"1\xf2\x90\xf6\xbf\x06)\x8a\xabO\x08\xd4<?\x08,\xf6H\xa3b\xda-\xa4\xb0",
    ],
    ids=["prefixed", "bare", "raw bytes"],
)
def test_a_secret_may_be_given_in_three_forms(secret: str | bytes) -> None:
    """Secrets are copied by hand, and stored in many ways."""
    assert a_receiver(secret).verify(body=BODY, headers=headers()).json() == {"test": 2432232314}


@pytest.mark.parametrize("secret", [SECRET_A[:-1], SECRET_A + "Br"])
def test_a_secret_without_its_padding_is_taken(secret: str) -> None:
    """The reference library takes them, so somebody has one."""
    with pytest.raises(Rejected) as rejection:
        a_receiver(secret).verify(body=BODY, headers=headers())

    assert rejection.value.code == "wrong_signature"


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", b"", "w", "whsec_%", "whsec_wronglength", "hwsec_" + "A" * 32, PUBLIC_KEY,
     PRIVATE_KEY, PRIVATE_KEY[:-4], "whsec_é"],
)  # fmt: skip
def test_what_is_no_secret_is_refused_at_once(secret: str | bytes) -> None:
    """An empty key verifies whatever an attacker signs with an empty key."""
    with pytest.raises(Rejected) as rejection:
        Receiver(secret)

    assert rejection.value.code == "bad_secret"


@pytest.mark.parametrize("key", ["", SECRET_A, "whpk_", "whpk_AAAA", PUBLIC_KEY[:-4]])
def test_what_is_no_public_key_is_refused_at_once(key: str) -> None:
    """A secret in the place of a public key must not pass."""
    with pytest.raises(Rejected):
        Receiver(public_keys=[key])


def test_a_receiver_without_any_key_cannot_be_made() -> None:
    """It would reject everything, or worse."""
    with pytest.raises(Rejected):
        Receiver()


@pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp", "webhook_signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_each_header_is_needed(name: str, value: str | None) -> None:
    """A missing part must never mean an unchecked part."""
    assert code_of(headers(**{name: value})) == "missing_header"


def test_header_names_in_any_case_are_found() -> None:
    """Frameworks and proxies recase them."""
    shouted = {name.upper(): value for name, value in headers().items()}

    assert code_of(shouted) == ""


def test_a_header_that_occurs_twice_is_rejected() -> None:
    """Which one a proxy looked at is anybody's guess."""
    pairs = [*headers().items(), ("Webhook-Id", "msg_other")]

    with pytest.raises(Rejected) as rejection:
        a_receiver().verify(body=BODY, headers=pairs)

    assert rejection.value.code == "repeated_header"


@pytest.mark.parametrize(
    "timestamp",
    ["hello", f"{AT_S}.9", f"{AT_S}e0", f" {AT_S} ", "1_614_265_330", "-1", "+1", "01",
     "١٦١٤٢٦٥٣٣٠", "9" * 30],
)  # fmt: skip
def test_a_timestamp_is_digits_and_nothing_else(timestamp: str) -> None:
    """Lenient parsers accept these; the sender never signs them."""
    assert code_of(headers(webhook_timestamp=timestamp)) == "bad_timestamp"


@pytest.mark.parametrize(
    ("age_s", "code"), [(301, "too_old"), (300, ""), (0, ""), (-300, ""), (-301, "too_new")]
)
def test_five_minutes_either_way_are_tolerated_edges_included(age_s: int, code: str) -> None:
    """A captured request is worthless afterwards, an honest clock may be off."""
    assert code_of(headers(), now_s=AT_S + age_s) == code


@pytest.mark.parametrize(
    "signature",
    [
        WRONG,
        "v1,",
        SIGNATURE[:-8],
        "invalid_signature",
        "v1,invalid_signature",
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        SIGNATURE.replace("v1,", "V1,"),
        SIGNATURE[:10] + "!!" + SIGNATURE[10:],
        SIGNATURE.rstrip("="),
        SIGNATURE.replace("1OE=", "1OF="),
        SIGNATURE.replace(",", " "),
        " ".join([WRONG] * 40 + [SIGNATURE]),
    ],
)
def test_a_signature_that_is_not_exactly_right_is_wrong(signature: str) -> None:
    """Lenient base64 makes many spellings of one signature."""
    assert code_of(headers(webhook_signature=signature)) == "wrong_signature"


def test_another_secret_does_not_verify() -> None:
    """The point of it all."""
    with pytest.raises(Rejected):
        a_receiver(SECRET_B).verify(body=BODY, headers=headers())


@given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_the_body_is_noticed(at: int, bit: int) -> None:
    """The bytes signed are the bytes sent."""
    changed = bytearray(BODY)
    changed[at] ^= 1 << bit

    assert code_of(headers(), body=bytes(changed)) == "wrong_signature"


@pytest.mark.parametrize("at", range(len(ID)))
def test_any_changed_byte_of_the_id_is_noticed(at: int) -> None:
    """It is signed, because receivers dedupe on it."""
    changed = ID[:at] + ("x" if ID[at] != "x" else "y") + ID[at + 1 :]

    assert code_of(headers(webhook_id=changed)) == "wrong_signature"


@pytest.mark.parametrize("at", range(len(str(AT_S))))
def test_any_changed_digit_of_the_timestamp_is_noticed(at: int) -> None:
    """It is signed, because it ends the life of a captured request."""
    digits = str(AT_S)
    changed = digits[:at] + ("2" if digits[at] != "2" else "3") + digits[at + 1 :]

    assert code_of(headers(webhook_timestamp=changed), now_s=int(changed)) == "wrong_signature"


def test_headers_as_the_standard_librarys_server_has_them_are_taken() -> None:
    """`http.server` gives a message, which has items and is no mapping."""
    message = Message()
    for name, value in headers().items():
        message[name.title()] = value

    assert a_receiver().verify(body=BODY, headers=message).id == ID


def test_a_receiver_without_cryptography_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the first `v1a` it would be a 500, and the sender would come back for three days."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)

    with pytest.raises(ImportError):
        Receiver(SECRET_A, public_keys=[PUBLIC_KEY])
    assert a_receiver().verify(body=BODY, headers=headers()).id == ID


@given(
    webhook_id=st.text(min_size=1),
    webhook_timestamp=st.text(min_size=1) | st.integers().map(str),
    webhook_signature=st.text(min_size=1) | st.text().map("v1,{}".format),
    body=st.binary() | st.text(st.characters()),
)
def test_nothing_that_a_stranger_sends_raises_anything_else(
    webhook_id: str, webhook_timestamp: str, webhook_signature: str, body: bytes | str
) -> None:
    """A verifier that crashes answers 500, and a retrying sender comes back for three days."""
    given = headers(
        webhook_id=webhook_id,
        webhook_timestamp=webhook_timestamp,
        webhook_signature=webhook_signature,
    )

    assert code_of(given, body=body) != ""


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 100_000])
def test_a_signed_body_that_is_not_json_is_verified_and_says_so(body: bytes) -> None:
    """Verification and decoding are two questions; both have the one error type."""
    import base64
    import hashlib
    import hmac

    key = base64.b64decode(SECRET_A.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{ID}.{AT_S}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"

    verified = a_receiver().verify(body=body, headers=headers(webhook_signature=signature))
    with pytest.raises(Rejected) as rejection:
        verified.json()

    assert rejection.value.code == "not_json"


def test_it_is_one_file_that_needs_only_the_standard_library() -> None:
    """Receivers copy it; it must not drag the platform along."""
    file = Path(__file__).parents[3] / "penstock" / "webhooks.py"
    program = (
        "import runpy, sys; runpy.run_path(sys.argv[1]);"
        "print(sorted({m.split('.')[0] for m in sys.modules} - sys.stdlib_module_names"
        " - {'__main__'}))"
    )

    ran = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-I", "-S", "-c", program, str(file)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == "[]"
