import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_mcp import ServerLimits
from agentic_diffusion_mcp.limits import check_host


@pytest.mark.parametrize(
    "wrong",
    [
        {"request_bytes": 0},
        {"plan_seconds": 0.0},
        {"plan_seconds": float("nan")},
        {"waiting": -1},
        {"at_once": 0},
    ],
)
def test_limits_must_make_sense(wrong):
    with pytest.raises(InvalidConfigError, match="positive numbers"):
        ServerLimits(**wrong)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_is_always_fine(host):
    check_host(host, remote=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org", ""])
def test_others_are_let_in_by_name_alone(host):
    with pytest.raises(InvalidConfigError, match="allow it by name"):
        check_host(host, remote=False)
    check_host(host, remote=True)
