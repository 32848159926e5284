"""The command `agentic-diffusion`: demo, train, bench, doctor."""
