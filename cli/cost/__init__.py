"""What an installation costs: list prices, what was counted, and the bill that both make."""
