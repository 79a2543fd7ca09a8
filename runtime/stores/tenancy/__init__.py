"""Where API keys, tenants and claims are kept."""
