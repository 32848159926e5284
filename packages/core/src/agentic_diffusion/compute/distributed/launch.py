"""Starting and joining a team: processes of one machine by themselves, of many through torchrun."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from agentic_diffusion.compute.device import Compute
from agentic_diffusion.compute.distributed.team import Strategy, Team
from agentic_diffusion.errors import InvalidConfigError, WorkerError

log = logging.getLogger(__name__)


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process was started by torchrun, or by `launch`."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= environment.keys()


@contextmanager
def joined(
    strategy: Strategy, *, compute: Compute | None = None, patience: float = 600.0
) -> Iterator[tuple[Team, Compute]]:
    """Meet the processes that were started with this one; yields the team and where this process computes.

    Each process takes the GPU of its local rank, or its share of the processor's cores where no number of threads is
    given. GPUs talk through NCCL, processors through Gloo.

    Args:
        strategy: What is divided.
        compute: Device and precision; `auto` takes GPUs where there are any.
        patience: Seconds after which a process that does not answer counts as gone.

    Raises:
        InvalidConfigError: This process was not started by torchrun, or the settings contradict each other.
        WorkerError: The others did not come.
    """
    if not is_launched():
        raise InvalidConfigError(
            "a process that was started alone",
            "one that torchrun started",
            "Run `torchrun --nproc-per-node 2 -m ...`, or use `launch`.",
        )
    compute = _mine(compute or Compute(), strategy)
    nccl = compute.kind != "cpu"
    if nccl:
        torch.cuda.set_device(compute.where)
    try:
        distributed.init_process_group("nccl" if nccl else "gloo", timeout=timedelta(seconds=patience))
    except (RuntimeError, ValueError) as error:
        raise WorkerError(
            f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} alone ({str(error).splitlines()[0]})",
            f"all processes within {patience:g} s",
            "Check that every machine was started and reaches the address of the first.",
        ) from error
    try:
        yield Team(strategy, distributed.get_rank(), distributed.get_world_size()), compute
    finally:
        distributed.destroy_process_group()


def _mine(compute: Compute, strategy: Strategy) -> Compute:
    """Return where this process of several on a machine computes."""
    local = int(os.environ.get("LOCAL_RANK", os.environ["RANK"]))
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))
    if strategy != "ddp" and (compute.precision == "fp16" or compute.compile):
        raise InvalidConfigError(
            f"strategy={strategy!r} with precision={compute.precision!r}, compile={compute.compile}",
            "fp32 or bf16, not compiled, where weights are divided",
            "Use bf16, or the strategy ddp.",
        )
    if compute.kind != "cpu":
        return replace(compute, device=f"{compute.kind}:{local}")
    if compute.threads is None and "OMP_NUM_THREADS" not in os.environ:
        return replace(compute, threads=max(1, (os.cpu_count() or 1) // beside))
    return compute


def places(compute: Compute) -> int:
    """Return how many processes suit this machine: one for each GPU, or two where there is none."""
    return 2 if compute.kind == "cpu" else torch.cuda.device_count()


def launch(words: Sequence[str], *, processes: int) -> None:
    """Run a program of Python in several processes of this machine, as `torchrun --standalone` does, and wait.

    Args:
        words: What follows `python`, such as `["-m", "my_training"]`.
        processes: How many.

    Raises:
        WorkerError: One of them failed or was killed; the others were ended.
        KeyboardInterrupt: A person asked to stop; each process was asked too, and has ended.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    if processes < 1:
        raise InvalidConfigError(f"{processes} processes", "at least one", "2 is a fair start.")
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id=f"agentic-diffusion-{os.getpid()}",
        max_restarts=0,
    )
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    logging.getLogger("torch.distributed.elastic").setLevel(
        logging.CRITICAL
    )  # we say it ourselves, in one line
    try:
        elastic_launch(config, sys.executable)(*words)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise _failed(rank, failure, processes=processes) from error
    except SignalException as stop:
        raise KeyboardInterrupt(f"All {processes} processes have ended.") from stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _failed(rank: int, failure: Any, *, processes: int) -> WorkerError:
    code = int(failure.exitcode)
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return WorkerError(
        f"process {rank} of {processes} that {how}",
        "processes that live until the work is done",
        "What it said stands above. Start the same command again; it goes on from the last checkpoint.",
    )
