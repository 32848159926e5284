"""Domains: a user's language on one side, the sampler's on the other."""
