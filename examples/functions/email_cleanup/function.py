"""Trigger on profile.created: normalise an e-mail address, mend common typing slips, mark throw-away domains."""

import re

SLIPS = {"gmial.com": "gmail.com", "gamil.com": "gmail.com", "hotmial.com": "hotmail.com", "yaho.com": "yahoo.com"}
THROW_AWAY = {"mailinator.com", "10minutemail.com", "guerrillamail.com"}


def handler(event, profile, context):
    address = event["properties"]["email"].strip().lower()
    local, at, domain = address.rpartition("@")
    domain = SLIPS.get(domain, domain)
    if not at or not re.fullmatch(r"[^@\s]+", local) or "." not in domain:
        return {"valid": False}
    if domain == "gmail.com":
        local = local.partition("+")[0].replace(".", "")
    clean = f"{local}@{domain}"
    context.profile.set(email_clean=clean, email_throw_away=domain in THROW_AWAY)
    return {"valid": True, "email": clean, "changed": clean != address}
