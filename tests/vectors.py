"""Standard Webhooks signatures that other implementations agree on; who published each is noted."""

from typing import Final, NamedTuple

SECRET_A: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET_B: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PRIVATE_KEY: Final = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)
PUBLIC_KEY: Final = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT_S: Final = 1614265330
BODY: Final = b'{"test": 2432232314}'
SIGNATURE: Final = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class Vector(NamedTuple):
    """One request and the signature it must have."""

    secrets: tuple[str, ...]
    id: str
    at_s: int
    body: bytes
    signature: str


VECTORS: Final = {
    "the specification": Vector((SECRET_A,), ID, AT_S, BODY, SIGNATURE),
    "the Rust library": Vector(
        (SECRET_B,),
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1649367553,
        b'{"email":"test@example.com","username":"test_user"}',
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    "svix, asymmetric": Vector(
        (PRIVATE_KEY,),
        ID,
        AT_S,
        BODY,
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    ),
    "two secrets during a rotation": Vector(
        (SECRET_A, SECRET_B),
        ID,
        AT_S,
        BODY,
        SIGNATURE + " v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=",
    ),
    "an empty body": Vector(
        (SECRET_A,), ID, AT_S, b"", "v1,v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A="
    ),
    "an empty object": Vector(
        (SECRET_A,), ID, AT_S, b"{}", "v1,aZgkZHxTDvZJsDWtN4dfyyZWkpgTgg60bdob9DOG8Mc="
    ),
    "text beyond ASCII": Vector(
        (SECRET_A,),
        ID,
        AT_S,
        '{"name":"Zoë 🦊"}'.encode(),
        "v1,sYpyRp4ybGoyaBb2SqVX16/I7y/69uV+CiqdA5owY/M=",
    ),
    "twenty thousand bytes": Vector(
        (SECRET_A,), ID, AT_S, b"x" * 20000, "v1,T+DULq0GM+7bE6vGeKZavGBw8KPCkyOZWou/yp5lveQ="
    ),
    "a second later": Vector(
        (SECRET_A,), ID, AT_S + 1, BODY, "v1,l6C9/1+N/lSU6+gfh+YEGqTK2aQ+k8nMEWDvvCgHh7U="
    ),
    "a second earlier": Vector(
        (SECRET_A,), ID, AT_S - 1, BODY, "v1,0OqY2388GrqvImsTWKrZalhNcw6Jbq9aoo0Yzalw9PU="
    ),
}
