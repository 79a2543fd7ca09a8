"""What an admin does to a whole installation, and the audit log of the installation records."""

from enum import StrEnum


class Deed(StrEnum):
    """One kind of it: a noun and a verb, as the actions of tenants' changes are."""

    PAUSED = "switch.paused"  # the intake, or the deliveries
    RESUMED = "switch.resumed"
    REDRIVEN = "dead_letters.redriven"
    REPLAYED = "events.replayed"  # to one subscriber
    ROTATED = "data_keys.rotated"
    RESTORED = "tables.restored"
    UNDELETED = "objects.undeleted"
    REFRESHED = "warehouses.refreshed"
    MIGRATED = "data.migrated"
