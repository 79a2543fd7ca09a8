"""Transform: a profile for an advertiser's audience; personal data leaves only as SHA-256 of its normal form."""

import hashlib
import re


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def handler(event):
    known = {**event["properties"], **event["profile"]}
    user = {}
    if known.get("email"):
        user["em"] = digest(known["email"].strip().lower())
    if known.get("phone"):
        user["ph"] = digest(re.sub(r"[^0-9]", "", known["phone"]))
    if known.get("first_name"):
        user["fn"] = digest(known["first_name"].strip().lower())
    if known.get("country"):
        user["country"] = digest(known["country"].strip().lower())
    return {"schema": sorted(user), "data": [[user[name] for name in sorted(user)]]} if user else None
