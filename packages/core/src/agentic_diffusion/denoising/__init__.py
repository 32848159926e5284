"""Turns noise into truth; has never heard of a plan."""
