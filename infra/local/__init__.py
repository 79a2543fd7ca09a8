"""The local cloud: ministack, the Redshift stand-in, and their life cycle."""
