"""Proof instead of registration: functions that show whether a component keeps the promises of its protocol."""

from agentic_diffusion.testing.planner import check_domain, check_planner
from agentic_diffusion.testing.process import check_kernel, check_process

__all__ = ["check_domain", "check_kernel", "check_planner", "check_process"]
