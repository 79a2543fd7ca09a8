"""Trigger on profile.created: a short referral code that is the same whenever it is asked for."""

import base64
import hashlib


def handler(event, profile, context):
    who = event["profile"]["external_id"]
    code = base64.b32encode(hashlib.sha256(f"referral:{who}".encode()).digest()).decode()[:8]
    context.profile.set(referral_code=code)
    return code
