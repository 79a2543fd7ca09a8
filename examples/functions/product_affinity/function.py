"""Trigger on metric.placed_order: which categories a customer keeps coming back to."""

from collections import Counter


def handler(event, profile, context):
    counts = Counter(profile["properties"].get("category_counts", {}) if profile else {})
    counts.update(item["category"] for item in event["properties"]["items"])
    top = [name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]]
    context.profile.set(category_counts=dict(counts), favourites=top)
    return top
