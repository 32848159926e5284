"""Networks: plain torch, they know nothing of diffusion."""
