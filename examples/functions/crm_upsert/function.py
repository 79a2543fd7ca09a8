"""Trigger on profile.updated: upsert the contact in a CRM over HTTP, and try later when the CRM is away."""

from penstock import RetryError

URL = "https://crm.example.invalid/v2/contacts"  # .invalid never resolves: put your CRM here


def handler(event, profile, context):
    contact = {"email": profile["email"], "properties": profile["properties"]}
    headers = {
        "Authorization": "Bearer {{secret:CRM_TOKEN}}",  # filled in outside the sandbox
        "Idempotency-Key": event["id"],
    }
    try:
        answer = context.http.put(URL, json=contact, headers=headers)
    except Exception as problem:
        raise RetryError("the CRM cannot be reached") from problem
    if answer.status == 429 or answer.status >= 500:
        raise RetryError(f"the CRM answered {answer.status}")
    return {"status": answer.status, "contact": answer.json().get("id") if answer.ok else None}
