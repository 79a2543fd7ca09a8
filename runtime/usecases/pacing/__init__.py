"""Admit what may be tried now, put the rest off."""
