"""Cookies: a jar that reads Set-Cookie and writes Cookie, and is used as a dict."""

from __future__ import annotations

import calendar
import copy
import re
import time
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit

from .. import values

__all__ = [
    "Cookie", "CookieConflictError", "RequestsCookieJar", "cookiejar_from_dict", "create_cookie",
    "merge_cookies",
]  # fmt: skip

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DATE = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{2,4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_PORT = re.compile(r":\d+$")
_PATH_SAFE = "%/;:@&=+$,!~*'()"
_THIS_CENTURY_BELOW, _TWO_DIGITS_BELOW = 70, 100


class CookieConflictError(RuntimeError):
    """Two cookies have this name: say which, by domain and path."""


class Cookie:
    """One cookie.

    Attributes:
        name: its name.
        value: its value; None where the server sent no `=`.
        domain: the hosts that get it: one name, or all below a name that begins with a dot.
        path: the paths that get it.
        secure: only over https.
        expires: seconds since 1970; None for as long as the jar lives.
    """

    version = 0
    port = None
    comment = None
    comment_url = None

    def __init__(self, name: str, value: str | None, *, domain: str = "", path: str = "/") -> None:
        self.name = values.shown(name)
        self.value = None if value is None else values.shown(value)
        self.domain = values.text(domain, "a cookie's domain")
        self.path = values.text(path, "a cookie's path")
        self.secure = False
        self.expires: int | None = None

    @property
    def discard(self) -> bool:
        """True when it lives as long as the jar."""
        return self.expires is None

    def is_expired(self, now: float | None = None) -> bool:
        """True when its time is over."""
        return self.expires is not None and self.expires <= (time.time() if now is None else now)

    def __repr__(self) -> str:
        return f"<Cookie {self.name}={self.value} for {self.domain}{self.path}>"


def create_cookie(name: str, value: str, **kwargs: Any) -> Cookie:
    """A cookie; one without a domain is sent to every host."""
    made = Cookie(name, value)
    for key, item in values.keywords(kwargs):
        if key in {"domain", "path"}:
            setattr(made, key, values.text(item, key))
        elif key == "secure":
            made.secure = bool(item)
        elif key == "expires":
            made.expires = None if item is None else int(item)
        elif key not in {"version", "port", "discard", "comment", "comment_url", "rest", "rfc2109"}:
            raise TypeError(f"create_cookie() got unexpected keyword arguments: {[key]}")
    return made


class RequestsCookieJar(MutableMapping[str, Any]):
    """Cookies of one or more hosts; as a dict, names to values."""

    def __init__(self) -> None:
        self._domains: dict[str, dict[str, dict[str, Cookie]]] = {}

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]
        """Cookies, not names: as in the real jar."""
        kept = [paths for domain in self._domains.values() for paths in domain.values()]
        return iter([cookie for path in kept for cookie in path.values()])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def keys(self) -> list[str]:  # type: ignore[override]
        """The cookies' names."""
        return [cookie.name for cookie in self]

    def values(self) -> list[str | None]:  # type: ignore[override]
        """The cookies' values."""
        return [cookie.value for cookie in self]

    def items(self) -> list[tuple[str, str | None]]:  # type: ignore[override]
        """Names and values."""
        return [(cookie.name, cookie.value) for cookie in self]

    def iterkeys(self) -> Iterator[str]:
        """The cookies' names."""
        return iter(self.keys())

    def itervalues(self) -> Iterator[str | None]:
        """The cookies' values."""
        return iter(self.values())

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """Names and values."""
        return iter(self.items())

    def get(
        self, name: str, default: Any = None, domain: str | None = None, path: str | None = None
    ) -> Any:
        """The value of the one cookie of this name, or the default."""
        try:
            return self._one(name, domain, path)
        except KeyError:
            return default

    def _matching(self, name: Any, domain: Any, path: Any) -> list[Cookie]:
        name, domain, path = (
            values.exact_text(part) if isinstance(part, str) else None
            for part in (name, domain, path)
        )
        return [
            cookie
            for cookie in self
            if cookie.name == name
            and domain in {None, cookie.domain}
            and path in {None, cookie.path}
        ]

    def _one(self, name: Any, domain: Any = None, path: Any = None) -> str:
        asked = values.shown(name)
        matching = [cookie.value for cookie in self._matching(name, domain, path)]
        kept = [value for value in matching if value is not None]
        if len(kept) > 1:
            raise CookieConflictError(f"There are multiple cookies with name, {asked!r}")
        if not kept:
            raise KeyError(f"name={asked!r}, domain={domain!r}, path={path!r}")
        return kept[0]

    def set(self, name: str, value: str | None, **kwargs: Any) -> Cookie | None:
        """Put a cookie in; None as its value takes it out."""
        if value is None:
            for cookie in self._matching(name, kwargs.get("domain"), kwargs.get("path")):
                self.clear(cookie.domain, cookie.path, cookie.name)
            return None
        made = create_cookie(name, value, **kwargs)
        self.set_cookie(made)
        return made

    def set_cookie(self, cookie: Cookie, *_: Any, **__: Any) -> None:
        """Put this cookie in, in the place of one of the same domain, path and name."""
        if not isinstance(cookie, Cookie):
            raise TypeError("a cookie is made by create_cookie()")
        value = cookie.value
        if value is not None and value.startswith('"') and value.endswith('"'):
            cookie.value = value.replace('\\"', "")
        paths = self._domains.setdefault(cookie.domain, {})
        paths.setdefault(cookie.path, {})[cookie.name] = cookie

    def __getitem__(self, name: str) -> str:
        return self._one(name)

    def __setitem__(self, name: str, value: str | None) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.set(name, None)

    def __contains__(self, name: object) -> bool:
        return any(cookie.value is not None for cookie in self._matching(name, None, None))

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Take out all cookies, or those of a domain, of a path of it, or one of them."""
        if domain is None:
            self._domains.clear()
        elif path is None:
            del self._domains[values.shown(domain)]
        elif name is None:
            del self._domains[values.shown(domain)][values.shown(path)]
        else:
            del self._domains[values.shown(domain)][values.shown(path)][values.shown(name)]

    def clear_expired_cookies(self) -> None:
        """Take out what is over."""
        self._drop(cookie for cookie in self if cookie.is_expired())

    def clear_session_cookies(self) -> None:
        """Take out what would live as long as the jar."""
        self._drop(cookie for cookie in self if cookie.discard)

    def _drop(self, cookies: Iterable[Cookie]) -> None:
        for cookie in cookies:
            self.clear(cookie.domain, cookie.path, cookie.name)

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Put in the cookies of another jar, or of a dict."""
        if isinstance(other, RequestsCookieJar):
            for cookie in other:
                self.set_cookie(copy.copy(cookie))
        else:
            for name, value in values.pairs(other):
                self.set(name, value)
        for name, value in more.items():
            self.set(name, value)

    def copy(self) -> RequestsCookieJar:
        """A jar of its own with the same cookies."""
        made = RequestsCookieJar()
        made.update(self)
        return made

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """Names and values, of this domain and path where they are given."""
        return {
            cookie.name: cookie.value
            for cookie in self
            if (domain is None or cookie.domain == domain) and (path is None or cookie.path == path)
        }

    def list_domains(self) -> list[str]:
        """The domains, each once."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """The paths, each once."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """True when two cookies have one domain: what the real jar answers, whatever the name."""
        return len(self.list_domains()) < len(self)

    def read(self, set_cookies: Iterable[str], url: str) -> None:
        """Take in what an answer from this URL sets, and out what it has expire."""
        for line in set_cookies:
            cookie = _parsed(line, url)
            if cookie is None:
                continue
            if cookie.is_expired():
                self._drop(self._same(cookie))
            else:
                self.set_cookie(cookie)

    def _same(self, cookie: Cookie) -> list[Cookie]:
        return self._matching(cookie.name, cookie.domain, cookie.path)

    def header(self, url: str) -> str | None:
        """What the Cookie header of a request to this URL says; None where there is nothing."""
        host, path, now = _host(url), _path(url), time.time()
        secure = urlsplit(url).scheme == "https"
        sent = [
            cookie
            for cookie in self
            if _goes_to(cookie, host, path)
            and not cookie.is_expired(now)
            and (secure or not cookie.secure)
        ]
        sent.sort(key=lambda cookie: len(cookie.path), reverse=True)
        texts = [c.name if c.value is None else f"{c.name}={c.value}" for c in sent]
        return "; ".join(texts) if texts else None

    def __repr__(self) -> str:
        return f"<RequestsCookieJar[{', '.join(map(repr, self))}]>"


def _host(url: str) -> str:
    host = _PORT.sub("", urlsplit(url).netloc.rpartition("@")[2]).lower()
    return host if "." in host else host + ".local"


def _path(url: str) -> str:
    path = quote(urlsplit(url).path, _PATH_SAFE)
    return path if path.startswith("/") else "/" + path


def _goes_to(cookie: Cookie, host: str, path: str) -> bool:
    domain = cookie.domain
    dotted = domain if not domain or domain.startswith(".") else "." + domain
    if not ("." + host).endswith(dotted):
        return False
    rest = path[len(cookie.path) :]
    return path.startswith(cookie.path) and (
        not rest or cookie.path.endswith("/") or rest.startswith("/")
    )


def _parsed(line: str, url: str) -> Cookie | None:
    """The cookie of one Set-Cookie header; None where it may not be set, or cannot be read."""
    first, *parts = line.split(";")
    name, equals, value = first.partition("=")
    if not name.strip():
        return None
    attributes: dict[str, str] = {}
    for part in parts:
        key, _, item = part.partition("=")
        attributes.setdefault(key.strip().lower(), item.strip())
    host = _host(url)
    domain = attributes.get("domain", "").lower()
    if domain and not domain.startswith("."):
        domain = "." + domain
    if domain and not _may_set(domain, host):
        return None
    path = quote(attributes["path"], _PATH_SAFE) if attributes.get("path") else ""
    made = Cookie(name.strip(), value.strip() if equals else None)
    made.domain = domain or host
    made.path = path or _path(url).rpartition("/")[0] or "/"
    made.secure = "secure" in attributes
    return made if _expires(made, attributes) else None


def _may_set(domain: str, host: str) -> bool:
    inner = domain.removeprefix(".")
    if "." not in inner and not host.endswith(".local"):
        return False
    return ("." + host).endswith(domain) or host.endswith(f"{inner}.local")


def _expires(cookie: Cookie, attributes: dict[str, str]) -> bool:
    """Note when the cookie expires; False where its Max-Age is no number."""
    if "max-age" in attributes:
        try:
            cookie.expires = int(time.time()) + int(attributes["max-age"])
        except ValueError:
            return False
    elif "expires" in attributes:
        cookie.expires = _seconds(attributes["expires"].strip('"'))
    return True


def _seconds(text: str) -> int | None:
    """Seconds since 1970 of a date in any of the forms that servers write; None for others."""
    date, clock = _DATE.search(text), _CLOCK.search(text)
    if date is None or clock is None or date[2].lower() not in _MONTHS:
        return None
    year = int(date[3])
    if year < _TWO_DIGITS_BELOW:
        year += 2000 if year < _THIS_CENTURY_BELOW else 1900
    month = _MONTHS.index(date[2].lower()) + 1
    try:
        return calendar.timegm((year, month, int(date[1]), *map(int, clock.groups())))
    except ValueError:
        return None


def cookiejar_from_dict(
    cookie_dict: Any, cookiejar: RequestsCookieJar | None = None, *, overwrite: bool = True
) -> RequestsCookieJar:
    """A jar with the cookies of a dict."""
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    names = set(jar.keys())
    for name, value in values.pairs({} if cookie_dict is None else cookie_dict):
        if overwrite or values.shown(name) not in names:
            jar.set_cookie(create_cookie(name, value))
    return jar


def merge_cookies(cookiejar: RequestsCookieJar, cookies: Any) -> RequestsCookieJar:
    """The jar, with the cookies of another jar or of a dict put in."""
    if isinstance(cookies, RequestsCookieJar):
        cookiejar.update(cookies)
    elif cookies is not None:
        cookiejar_from_dict(cookies, cookiejar, overwrite=False)
    return cookiejar
