"""The command as a module: `python -m agentic_diffusion_cli`."""

from agentic_diffusion_cli.main import app

app()
