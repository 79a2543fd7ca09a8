"""The bodies and headers that a delivery may be sent as."""
