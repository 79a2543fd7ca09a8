"""Transform: a profile event as a HubSpot-style contact, field by field; empty fields are left out."""

FIELDS = {
    "firstname": "first_name",
    "lastname": "last_name",
    "company": "organization",
    "jobtitle": "title",
    "city": "city",
}


def handler(event):
    known = event["properties"]
    properties = {theirs: known[ours] for theirs, ours in FIELDS.items() if known.get(ours)}
    properties["email"] = event["profile"]["email"].lower()
    return {"idProperty": "email", "inputs": [{"id": properties["email"], "properties": properties}]}
