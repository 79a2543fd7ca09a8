"""Which names, profiles and events were erased."""
