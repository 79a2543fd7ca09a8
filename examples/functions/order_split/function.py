"""Transform: one order, several deliveries: each warehouse gets the lines it ships."""

from collections import defaultdict


def handler(event):
    lines_of = defaultdict(list)
    for line in event["properties"]["items"]:
        lines_of[line["warehouse"]].append({"sku": line["sku"], "quantity": line["quantity"]})
    return [
        {"order": event["properties"]["order_id"], "warehouse": warehouse, "lines": lines}
        for warehouse, lines in sorted(lines_of.items())
    ]
