"""Transform: a placed order as a Slack message. Point a webhook at a Slack incoming-webhook URL."""


def handler(event):
    order = event["properties"]
    customer = event["profile"].get("email", "someone")
    text = f"New order {order['order_id']}: {order['value']:,.2f} {order['currency']} from {customer}"
    lines = "\n".join(f"• {item['quantity']} × {item['name']}" for item in order["items"])
    return {
        "text": text,  # what a notification shows
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "New order"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*\n{lines}"}},
        ],
    }
