"""The formats in which a delivery may be sent: its body and its headers."""
