"""AWS's services as the stores call them."""
