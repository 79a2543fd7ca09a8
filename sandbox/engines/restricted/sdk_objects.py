"""Which attributes of the sdk's objects user code may read and set, by exact type."""

from __future__ import annotations

from typing import Final

from sandbox.engines.restricted import attributes
from sandbox.sdk.context import Context, Profile
from sandbox.sdk.http import VERBS, Answer, Http
from sandbox.sdk.requests.auth import HTTPBasicAuth
from sandbox.sdk.requests.cookies import Cookie, RequestsCookieJar
from sandbox.sdk.requests.models import PreparedRequest, Request, Response
from sandbox.sdk.requests.sessions import Session
from sandbox.sdk.requests.status_codes import codes
from sandbox.sdk.requests.structures import CaseInsensitiveDict, LookupDict

CAPABILITIES: Final = frozenset({Context, Http, Profile})
"""Types whose classes user code never holds, and whose objects it cannot copy."""

_DICT: Final = "clear copy get items keys pop popitem setdefault update values"
_SESSION: Final = (
    "auth cert cookies headers hooks max_redirects params proxies stream trust_env verify"
)
_REQUEST: Final = "auth cookies data files headers hooks json method params url"
_READ: Final[dict[type, str]] = {
    Context: "deadline_ms deliver emit function http log profile run_id secret tenant",
    Http: " ".join(VERBS),
    Profile: "data set unset",
    Answer: "content headers json ok status text",
    Response: "apparent_encoding close content cookies elapsed encoding headers history "
    "is_permanent_redirect is_redirect iter_content iter_lines json links next ok "
    "raise_for_status reason request status_code text url",
    Request: f"{_REQUEST} deregister_hook prepare register_hook",
    PreparedRequest: "body copy deregister_hook headers hooks method path_url prepare "
    "register_hook url",
    Session: f"{_SESSION} close delete get get_adapter head mount options patch post "
    "prepare_request put request send",
    HTTPBasicAuth: "password username",
    CaseInsensitiveDict: f"{_DICT} lower_items",
    RequestsCookieJar: f"{_DICT} clear_expired_cookies clear_session_cookies get_dict iteritems "
    "iterkeys itervalues list_domains list_paths multiple_domains set set_cookie",
    Cookie: "comment comment_url discard domain expires is_expired name path port secure value "
    "version",
    LookupDict: "get " + " ".join(name for name in vars(codes) if name.isidentifier()),
}
TYPES: Final = frozenset(_READ)
"""The types of the sdk whose objects user code holds."""


attributes.INSTANCE.update({kind: frozenset(names.split()) for kind, names in _READ.items()})

_SET: Final[dict[type, str]] = {
    Response: "encoding",
    Request: _REQUEST,
    PreparedRequest: "body headers hooks method url",
    Session: _SESSION,
    CaseInsensitiveDict: "",
    RequestsCookieJar: "",
}
attributes.SETTABLE.update({kind: frozenset(names.split()) for kind, names in _SET.items()})
