"""Transform: a support ticket as an Adaptive Card for a Microsoft Teams workflow webhook."""

COLOUR_OF_PRIORITY = {"high": "Attention", "normal": "Accent", "low": "Default"}


def handler(event):
    ticket = event["properties"]
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {
                "type": "TextBlock",
                "text": ticket["subject"],
                "weight": "Bolder",
                "color": COLOUR_OF_PRIORITY.get(ticket.get("priority", ""), "Default"),
            },
            {
                "type": "FactSet",
                "facts": [
                    {"title": name.title(), "value": str(ticket[name])}
                    for name in ("priority", "channel")
                    if name in ticket
                ],
            },
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}
