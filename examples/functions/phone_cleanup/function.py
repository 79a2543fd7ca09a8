"""Trigger on profile events: bring a phone number to E.164, or say why it cannot be."""

import re

CALLING_CODES = {"IT": "39", "DE": "49", "US": "1", "GB": "44", "FR": "33"}
KEEPS_LEADING_ZERO = {"IT"}  # Italian land lines keep their 0 after the country code


def e164(raw, country):
    digits = re.sub(r"[^0-9+]", "", raw)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not digits.startswith("+"):
        national = digits if country in KEEPS_LEADING_ZERO else digits.lstrip("0")
        digits = "+" + CALLING_CODES[country] + national
    return digits if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits) else None


def handler(event, profile, context):
    raw = event["properties"]["phone_number"]
    clean = e164(raw, event["properties"].get("country", "US"))
    if clean is None:
        context.log("phone number refused", raw=raw)
        return {"phone": None, "reason": "not a phone number"}
    context.profile.set(phone_e164=clean)
    return {"phone": clean}
