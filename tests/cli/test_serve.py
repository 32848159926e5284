"""The command `serve`, driven by the official client over both transports."""

import asyncio
import socket
import subprocess
import sys
import time

import pytest
from agentic_diffusion_cli import main
from mcp import Client, StdioServerParameters
from typer.testing import CliRunner

pytestmark = pytest.mark.slow
REQUEST = {"start": [1.0, 1.0, 0.0, 0.0], "goal": [3.0, 1.0, 0.0, 0.0]}
COMMAND = ["-c", "from agentic_diffusion_cli.main import app; app()", "serve", "--size", "umaze"]


async def plan_and_report(server):
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        plan = (await client.call_tool("plan", {"request": REQUEST, "seed": 1})).structured_content
        told = {"plan_id": plan["plan_id"], "reward": 0.7, "evidence": {"reached": True}}
        receipt = (await client.call_tool("report_outcome", told)).structured_content
    return tools, plan, receipt


def test_a_host_starts_it_on_stdio_and_outcomes_are_kept(tmp_path):
    from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
    from agentic_diffusion_evolve import SqliteMemory

    file = tmp_path / "outcomes.db"
    server = StdioServerParameters(
        command=sys.executable, args=[*COMMAND, "--memory", str(file), "--trust", "0.3"]
    )
    tools, plan, receipt = asyncio.run(plan_and_report(server))
    assert "(1, 1)" in tools["plan"].description
    assert plan["passed"]
    assert plan["value"]["states"][0][:2] == pytest.approx([1.0, 1.0], abs=1e-3)
    assert receipt["learned"]
    memory = SqliteMemory(file, Reach, Trajectory)
    (kept,) = list(memory)
    memory.close()
    assert (kept.reward, kept.trust, kept.source) == (0.7, 0.3, "mcp:client")
    assert kept.value.model_dump(mode="json") == plan["value"]


def test_it_listens_on_a_port_of_this_machine():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, *COMMAND, "--http", "--port", str(port)], stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        _, plan, receipt = asyncio.run(plan_and_report(f"http://127.0.0.1:{port}/mcp"))
    finally:
        server.terminate()
        said = server.communicate(timeout=20)[1]
    assert plan["passed"]
    assert not receipt["learned"]
    assert f"http://127.0.0.1:{port}/mcp" in said


def test_others_are_not_let_in_by_accident():
    result = CliRunner().invoke(main.app, ["serve", "--http", "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert "this machine alone" in result.output


def test_what_it_can_do_is_told():
    result = CliRunner().invoke(main.app, ["serve", "--help"])
    assert result.exit_code == 0
    assert "--memory" in result.output


def test_a_writer_of_functions_is_served(monkeypatch, tmp_path):
    import agentic_diffusion_mcp
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_code import embedded
    from agentic_diffusion_code.coder import Coder
    from agentic_diffusion_worlds.maze import planner as home
    from scribe import DOUBLE, Scribe

    computes, planner = [], home.load_planner

    def load(folder, *, sandbox, compute):
        computes.append(compute)
        return Coder(Scribe(DOUBLE), sandbox, count=0, lints=False)

    def plans(maze, folder, *, compute):
        computes.append(compute)
        return planner(maze, folder, compute=compute)

    seen = []

    def drive(server):
        async def ask():
            async with Client(server) as client:
                request = {"description": "doubles", "examples": ["f(2) == 4"]}
                found = (await client.call_tool("generate_code", {"request": request})).structured_content
                drive = (await client.call_tool("plan", {"request": REQUEST})).structured_content
                assert drive["passed"]
                return {tool.name for tool in (await client.list_tools()).tools}, found

        seen.append(asyncio.run(ask()))

    monkeypatch.setattr(embedded, "load_coder", load)
    monkeypatch.setattr(home, "load_planner", plans)
    monkeypatch.setattr(agentic_diffusion_mcp, "serve", drive)
    file = tmp_path / "proven.jsonl"
    how = ["--device", "cpu", "--precision", "bf16", "--threads", "1"]
    result = CliRunner().invoke(main.app, ["serve", "--size", "umaze", "--code", "--proven", str(file), *how])
    assert result.exit_code == 0, result.output
    assert computes == [Compute("cpu", "bf16", threads=1)] * 2
    names, found = seen[0]
    assert names == {"plan", "generate_code", "report_outcome", "explain_plan"}
    assert found["value"]["source"] == DOUBLE
    assert DOUBLE.splitlines()[0] in file.read_text()
