"""The embedded model: a block diffusion transformer over descriptions and programs."""
