"""Glue between worlds and learning, which do not know each other."""
