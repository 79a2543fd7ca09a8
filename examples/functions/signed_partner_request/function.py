"""Transform: a loyalty partner's own signature inside the payload, with a secret that this function declares."""

import base64
import hashlib
import hmac
import json


def handler(event, context):
    body = json.dumps(
        {"customer": event["profile"]["external_id"], "points": event["properties"]["points"]},
        separators=(",", ":"),
    )
    signed = f"{event['id']}.{event['occurred_at']}.{body}"
    mac = hmac.new(context.secret("PARTNER_KEY").encode(), signed.encode(), hashlib.sha256)
    return {"body": body, "signature": base64.b64encode(mac.digest()).decode()}
