"""Turns a request into an answer."""
