"""How much each tenant uses, day by day."""
