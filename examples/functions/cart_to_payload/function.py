"""Transform: a cart as the flat payload that a mailing service's template wants."""

from itertools import islice
from urllib.parse import quote


def handler(event):
    cart = event["properties"]
    lines = sorted(cart["lines"], key=lambda line: line["price"] * line["quantity"], reverse=True)
    payload = {"cart_id": cart["id"], "line_count": len(lines)}
    for number, line in enumerate(islice(lines, 3), start=1):
        payload[f"item_{number}_name"] = line["name"]
        payload[f"item_{number}_url"] = "https://shop.example.com/p/" + quote(line["name"].lower())
    payload["total"] = f"{sum(line['price'] * line['quantity'] for line in lines):.2f}"
    return payload
