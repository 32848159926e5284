"""Agentic Diffusion plans by denoising."""
