"""Transform: an order as an ERP's sales document, with lines, taxes, discounts and both addresses."""

COUNTRIES = {"DE": "Germany", "FR": "France", "US": "United States", "GB": "United Kingdom"}
TAX_RATES = {"standard": 0.19, "reduced": 0.07, "zero": 0.0}


def address(given):
    parts = [given.get("street", ""), given.get("street_2", "")]
    country = given.get("country", "").upper()
    return {
        "name": given.get("name", "").strip(),
        "lines": [part.strip() for part in parts if part.strip()],
        "city": given.get("city", "").strip(),
        "postal_code": given.get("zip", "").replace(" ", ""),
        "country": COUNTRIES.get(country, country),
    }


def line(number, item):
    quantity = item.get("quantity", 1)
    net = quantity * item["price"] - item.get("discount", 0)
    rate = TAX_RATES.get(item.get("tax", "standard"), 0.19)
    return {
        "line": number * 10,
        "material": item["sku"].upper(),
        "description": item.get("title", "")[:40],
        "quantity": quantity,
        "net": round(net, 2),
        "tax": round(net * rate, 2),
    }


def handler(event):
    order = event["properties"]
    lines = [line(number, item) for number, item in enumerate(order["items"], 1)]
    net = round(sum([each["net"] for each in lines]), 2)
    tax = round(sum([each["tax"] for each in lines]), 2)
    shipping = address(order.get("shipping_address", {}))
    billing = address(order.get("billing_address", order.get("shipping_address", {})))
    return {
        "document": "SO-" + str(order["number"]),
        "date": event["occurred_at"][:10],
        "customer": event["profile"].get("external_id") or event["profile"].get("email"),
        "currency": order.get("currency", "EUR").upper(),
        "lines": lines,
        "totals": {"net": net, "tax": tax, "gross": round(net + tax, 2)},
        "ship_to": shipping,
        "bill_to": billing if billing != shipping else None,
        "tags": sorted({tag.lower() for tag in order.get("tags", [])}),
    }
