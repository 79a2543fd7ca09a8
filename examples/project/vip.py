"""Tell the CRM of a large order."""


def handler(event, profile, context):
    answer = context.http.post(
        "https://crm.example.com/vips",
        json={"order": event["id"], "value": event["properties"]["value"]},
        headers={"Authorization": "Bearer {{secret:CRM_TOKEN}}"},
    )
    return {"status": answer.status}
