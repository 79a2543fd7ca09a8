"""Trigger: a customer's RFM group by the names that marketers know, from three numbers on the profile."""

GROUPS = {
    "Champions": "333 332 323",
    "Loyal": "321 322 331 232 233",
    "Recent": "312 313 311 222 223",
    "Needs attention": "213 221 123 132 133",
    "At risk": "231 212 122 131 211",
    "Inactive": "111 112 113 121",
}
GROUP_OF = {code: name for name, codes in GROUPS.items() for code in codes.split()}


def third(value, cuts):
    return 1 + sum(value >= cut for cut in cuts)


def handler(event, profile, context):
    known = profile["properties"]
    days = known["days_since_order"]
    recency = 3 if days <= 180 else 2 if days <= 365 else 1
    code = f"{recency}{third(known['orders'], (2, 3))}{third(known['spent'], (50, 200))}"
    context.profile.set(rfm_code=code, rfm_group=GROUP_OF[code])
    return {"code": code, "group": GROUP_OF[code]}
