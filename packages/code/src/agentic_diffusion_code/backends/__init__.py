"""Models of others behind the same two protocols: `Reads` for tokens with holes, `Writes` for whole texts."""
