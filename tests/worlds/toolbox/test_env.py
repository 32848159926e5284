"""The toolbox keeps Gymnasium's rules."""

import agentic_diffusion_worlds  # noqa: F401
import gymnasium
import numpy as np
import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_worlds.toolbox.catalog import CATALOG, FACTS
from agentic_diffusion_worlds.toolbox.env import ToolboxEnv
from gymnasium.utils.env_checker import check_env

NUMBER = {tool.name: number for number, tool in enumerate(CATALOG)}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_gymnasium_is_content():
    check_env(gymnasium.make("agentic_diffusion/Toolbox-v1").unwrapped)


def test_an_episode_by_hand(bench):
    env = ToolboxEnv(bench.sure, render_mode="ansi")
    seen, info = env.reset(seed=1, options={"task": bench.task("device.cache=clean")})
    cache = list(FACTS).index("device.cache")
    assert seen["wanted"][cache] == 2
    assert not seen["known"].any()
    total = 0.0
    for name in ("device_power_on", "device_diagnose", "device_clear_quick"):
        seen, reward, over, cut, info = env.step(np.int64(NUMBER[name]))
        total += reward
    assert seen["known"][cache] == 1  # as it was when it was read
    assert (over, cut, info["success"]) == (True, False, True)
    assert total == pytest.approx(0.98)
    assert info["milliseconds"] == 95.0
    assert env.render().splitlines()[-1] == "device_clear_quick: ok"
    assert list(seen["last"]) == [NUMBER["device_clear_quick"] + 1, 1]


def test_episodes_are_cut_and_drift_comes_when_it_is_due(bench):
    env = ToolboxEnv(drift_at=1)
    env.reset(seed=0)
    before = env.case._behaviour()
    for _ in range(60):
        *_, over, cut, _ = env.step(np.int64(NUMBER["files_list"]))
    assert (over, cut) == (False, True)
    env.reset()
    assert env.case._behaviour() == before.swap()
    assert env.render() is None


def test_mistakes_are_named():
    with pytest.raises(InvalidStateError, match="reset"):
        ToolboxEnv().step(np.int64(0))
    with pytest.raises(InvalidStateError, match="task"):
        ToolboxEnv().reset(options={"start": 1})
    with pytest.raises(InvalidConfigError):
        ToolboxEnv(render_mode="human")
