"""A jar of cookies, which reads Set-Cookie, writes Cookie (RFC 6265), and works as a dict."""

from __future__ import annotations

import calendar
import copy
import re
import time
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from .. import values

__all__ = [
    "Cookie", "CookieConflictError", "RequestsCookieJar", "cookiejar_from_dict", "create_cookie",
    "merge_cookies",
]  # fmt: skip

_MONTHS: Final = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DATE: Final = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{2,4})")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_PORT: Final = re.compile(r":\d+$")
_PATH_SAFE: Final = "%/;:@&=+$,!~*'()"
_THIS_CENTURY_BELOW, _TWO_DIGITS_BELOW = 70, 100


class CookieConflictError(RuntimeError):
    """Several cookies have this name; domain and path would tell them apart."""


class Cookie:
    """One cookie.

    Attributes:
        name: its name.
        value: its value; None if the server sent no `=`.
        domain: the host that gets it; with a dot in front, all hosts below that name.
        path: the beginning of the paths that get it.
        secure: whether it is sent by https only.
        expires: when it expires, in seconds since 1970; None if it lives as long as the jar.
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
        """Whether it lives as long as the jar."""
        return self.expires is None

    def is_expired(self, now: float | None = None) -> bool:
        """Whether it has expired, now or at `now` in seconds since 1970."""
        return self.expires is not None and self.expires <= (time.time() if now is None else now)

    def __repr__(self) -> str:
        return f"<Cookie {self.name}={self.value} for {self.domain}{self.path}>"


def create_cookie(name: str, value: str, **kwargs: Any) -> Cookie:
    """Make a cookie. Without a domain it is sent to every host."""
    cookie = Cookie(name, value)
    for key, item in values.keywords(kwargs):
        if key in {"domain", "path"}:
            setattr(cookie, key, values.text(item, key))
        elif key == "secure":
            cookie.secure = bool(item)
        elif key == "expires":
            cookie.expires = None if item is None else int(item)
        elif key not in {"version", "port", "discard", "comment", "comment_url", "rest", "rfc2109"}:
            raise TypeError(f"create_cookie() got unexpected keyword arguments: {[key]}")
    return cookie


class RequestsCookieJar(MutableMapping[str, Any]):
    """Cookies of any number of hosts. As a dict, it has each cookie's value by its name."""

    def __init__(self) -> None:
        self._domains: dict[str, dict[str, dict[str, Cookie]]] = {}

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]
        """Iterate over the cookies, not over their names, as the real jar does."""
        paths_by_domain = [paths for domain in self._domains.values() for paths in domain.values()]
        return iter([cookie for path in paths_by_domain for cookie in path.values()])

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
        """The value of the one cookie with this name, or the default.

        Raises:
            CookieConflictError: several cookies have this name.
        """
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
        shown_name = values.shown(name)
        matching = [cookie.value for cookie in self._matching(name, domain, path)]
        set_values = [value for value in matching if value is not None]
        if len(set_values) > 1:
            raise CookieConflictError(f"There are multiple cookies with name, {shown_name!r}")
        if not set_values:
            raise KeyError(f"name={shown_name!r}, domain={domain!r}, path={path!r}")
        return set_values[0]

    def set(self, name: str, value: str | None, **kwargs: Any) -> Cookie | None:
        """Add a cookie. If the value is None, remove the cookie."""
        if value is None:
            for cookie in self._matching(name, kwargs.get("domain"), kwargs.get("path")):
                self.clear(cookie.domain, cookie.path, cookie.name)
            return None
        cookie_to_set = create_cookie(name, value, **kwargs)
        self.set_cookie(cookie_to_set)
        return cookie_to_set

    def set_cookie(self, cookie: Cookie, *_: Any, **__: Any) -> None:
        """Add a cookie. It replaces one with the same domain, path and name."""
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
        """Remove all cookies, those of a domain, those of a path in it, or one of these."""
        if domain is None:
            self._domains.clear()
        elif path is None:
            del self._domains[values.shown(domain)]
        elif name is None:
            del self._domains[values.shown(domain)][values.shown(path)]
        else:
            del self._domains[values.shown(domain)][values.shown(path)][values.shown(name)]

    def clear_expired_cookies(self) -> None:
        """Remove expired cookies."""
        self._drop(cookie for cookie in self if cookie.is_expired())

    def clear_session_cookies(self) -> None:
        """Remove the cookies that would live as long as the jar."""
        self._drop(cookie for cookie in self if cookie.discard)

    def _drop(self, cookies: Iterable[Cookie]) -> None:
        for cookie in cookies:
            self.clear(cookie.domain, cookie.path, cookie.name)

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Add the cookies of another jar or of a dict."""
        if isinstance(other, RequestsCookieJar):
            for cookie in other:
                self.set_cookie(copy.copy(cookie))
        else:
            for name, value in values.pairs(other):
                self.set(name, value)
        for name, value in more.items():
            self.set(name, value)

    def copy(self) -> RequestsCookieJar:
        """A new jar with the same cookies."""
        jar = RequestsCookieJar()
        jar.update(self)
        return jar

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """Each cookie's value by its name, only of this domain and path if they are given."""
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
        """Whether two cookies have the same domain.

        The name says otherwise, but this is what the real jar answers.
        """
        return len(self.list_domains()) < len(self)

    def read(self, set_cookies: Iterable[str], url: str) -> None:
        """Add the cookies that an answer from this URL sets, and remove those that it expires."""
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
        """The Cookie header for a request to this URL; None if no cookie goes there."""
        host, path, now = _host(url), _path(url), time.time()
        secure = urlsplit(url).scheme == "https"
        cookies = [
            cookie
            for cookie in self
            if _goes_to(cookie, host, path)
            and not cookie.is_expired(now)
            and (secure or not cookie.secure)
        ]
        cookies.sort(key=lambda cookie: len(cookie.path), reverse=True)
        texts = [c.name if c.value is None else f"{c.name}={c.value}" for c in cookies]
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
    suffix = domain if not domain or domain.startswith(".") else "." + domain
    if not ("." + host).endswith(suffix):
        return False
    remainder = path[len(cookie.path) :]
    return path.startswith(cookie.path) and (
        not remainder or cookie.path.endswith("/") or remainder.startswith("/")
    )


def _parsed(line: str, url: str) -> Cookie | None:
    """The cookie of a Set-Cookie header; None if it is malformed or may not be set."""
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
    cookie = Cookie(name.strip(), value.strip() if equals else None)
    cookie.domain = domain or host
    cookie.path = path or _path(url).rpartition("/")[0] or "/"
    cookie.secure = "secure" in attributes
    return cookie if _expires(cookie, attributes) else None


def _may_set(domain: str, host: str) -> bool:
    inner = domain.removeprefix(".")
    if "." not in inner and not host.endswith(".local"):
        return False
    return ("." + host).endswith(domain) or host.endswith(f"{inner}.local")


def _expires(cookie: Cookie, attributes: dict[str, str]) -> bool:
    """Set when the cookie expires, and say whether Max-Age is well-formed."""
    if "max-age" in attributes:
        try:
            cookie.expires = int(time.time()) + int(attributes["max-age"])
        except ValueError:
            return False
    elif "expires" in attributes:
        cookie.expires = _seconds(attributes["expires"].strip('"'))
    return True


def _seconds(text: str) -> int | None:
    """A date in any form that servers write, in seconds since 1970; None for other texts."""
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
    """A jar with the cookies of a dict, which are added to `cookiejar` if that is given."""
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    names = set(jar.keys())
    for name, value in values.pairs({} if cookie_dict is None else cookie_dict):
        if overwrite or values.shown(name) not in names:
            jar.set_cookie(create_cookie(name, value))
    return jar


def merge_cookies(cookiejar: RequestsCookieJar, cookies: Any) -> RequestsCookieJar:
    """Add the cookies of another jar or of a dict to a jar, and give it back."""
    if isinstance(cookies, RequestsCookieJar):
        cookiejar.update(cookies)
    elif cookies is not None:
        cookiejar_from_dict(cookies, cookiejar, overwrite=False)
    return cookiejar
