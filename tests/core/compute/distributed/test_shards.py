"""Divided networks are whole on disk: checkpoints load on any number of processes, with any strategy."""

import signal

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute.distributed import ALONE, Shards, Team, joined
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.denoising.train import Recipe, fit
from torch import distributed
from torch.testing._internal.distributed.fake_pg import FakeStore

STRATEGIES = ("ddp", "fsdp", "tensor")


def close(one, two):
    """Whether two sets of tensors are equal but for rounding, which Adam blows up where a gradient is exactly 0.

    That is so for the bias of the keys, a third of `qkv.bias`: attention does not change with it.
    """
    names = [name for name in one if not name.endswith("qkv.bias")]
    return one.keys() == two.keys() and all(
        torch.allclose(one[name].float(), two[name].float(), rtol=1e-3, atol=1e-5) for name in names
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_checkpoints_and_results_are_those_of_one_process(pair, strategy) -> None:
    assert pair.faults == ""
    one, two = (store.load(pair.folder / f"half-{name}").tensors for name in ("None-1", f"{strategy}-2"))
    assert "optimiser/0/exp_avg" in one
    assert {name: v.shape for name, v in one.items()} == {name: v.shape for name, v in two.items()}
    assert close(one, two)
    one, two = (
        store.load(pair.folder / f"end-{name}").tensors for name in ("None-1-None", f"{strategy}-2-None")
    )
    assert close(one, two)


def test_runs_go_on_in_a_team_of_another_size_or_kind(pair, school) -> None:
    assert len(pair.told["resumed"]) == 2
    rest = torch.tensor(pair.alone[school.half :])
    for told in pair.told["resumed"].values():
        assert torch.allclose(torch.tensor(told), rest, rtol=1e-4, atol=0)


def test_shards_go_on_in_teams_that_read_no_more_than_their_part(pair, trio, school) -> None:
    assert trio.faults == ""
    rest = torch.tensor(pair.alone[school.half :])
    seen = {**pair.told["shards"], **{f"three: {name}": told for name, told in trio.told["shards"].items()}}
    assert len(seen) == 5
    for name, told in seen.items():
        assert told["step"] == school.half
        assert torch.allclose(torch.tensor(told["curve"]), rest, rtol=1e-4, atol=0), name
        taken, held, disk = told["bytes"]
        assert taken == held, name
        if "three: fsdp" in name:
            assert taken < 0.45 * disk  # a third, what cannot be divided, and the state of the generator


def test_one_process_goes_on_from_shards(trio, school) -> None:
    rest = torch.tensor(trio.alone[school.half :])
    for name in ("ddp-2", "fsdp-2", "tensor-2", "None-1"):
        whole = store.load(trio.folder / f"half-{name}").tensors
        shards = store.load(trio.folder / f"shards-{name}").tensors
        assert shards.keys() == whole.keys()
        assert all(torch.equal(shards[key], value) for key, value in whole.items()), name
    for name in ("tensor-2", "fsdp-3"):
        told = school.rest(ALONE, trio.folder / f"shards-{name}")
        assert torch.allclose(torch.tensor(told["curve"]), rest, rtol=1e-4, atol=0), name


def test_a_process_killed_while_it_writes_its_shard_leaves_the_last_good_checkpoint(trio, school) -> None:
    assert trio.ends == [0, -signal.SIGKILL, 0]
    assert "another one is gone" in trio.told["lost"]
    left = trio.folder / "shards-fsdp-3"
    assert list(left.glob(".*.part"))  # it was in the middle of it
    bundle = store.load(left)
    assert (bundle.card["at"], bundle.card["shards"], bundle.degraded) == (school.half, 3, "")
    store.save_shards(left, [], {"at": school.half + 1})  # the next one sweeps
    assert not list(left.glob(".*.part"))


@pytest.mark.parametrize("strategy", ["fsdp", "tensor"])
def test_a_network_is_divided_before_it_is_placed(strategy, school, monkeypatch) -> None:
    """Four processes, one after the other; what they hold together is the undivided network of the same seed."""
    moved, held = [], []
    real, made = torch.nn.Module.to, torch.nn.Module.to_empty

    def to(module, *words):
        moved.append(words)
        return real(module, *words)

    def to_empty(module, **words):
        assert all(value.is_meta for value in module.parameters())
        local = (getattr(value, "_local_tensor", value) for value in module.parameters())
        held.append(sum(value.nbytes for value in local))
        return made(module, **words)

    monkeypatch.setattr(torch.nn.Module, "to", to)
    monkeypatch.setattr(torch.nn.Module, "to_empty", to_empty)
    expected = school.net().state_dict()
    found = {name: torch.full_like(value, float("nan")) for name, value in expected.items()}
    for rank in range(4):
        distributed.init_process_group("fake", rank=rank, world_size=4, store=FakeStore())
        try:
            run = school.training(Team(strategy, rank, 4))
            for piece in run.shards.dealt((name, name, v) for name, v in run.denoiser.state_dict().items()):
                where = zip(piece.offset, piece.value.shape, strict=True)
                found[piece.path][tuple(slice(a, a + n) for a, n in where)] = piece.value
            assert all(
                torch.equal(a, b) for a, b in zip(run.denoiser.buffers(), school.net().buffers(), strict=True)
            )
        finally:
            distributed.destroy_process_group()
    assert set(moved) == {("meta",)}
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    whole = sum(value.nbytes for value in expected.values())
    assert max(held) < {"fsdp": 0.3, "tensor": 0.7}[strategy] * whole


def test_one_process_goes_on_where_two_stopped(pair, school) -> None:
    for strategy in STRATEGIES:
        run = school.training()
        run.resume(store.load(pair.folder / f"half-{strategy}-2").tensors)
        told = torch.tensor([(step.loss, step.gradient_norm) for step in run.run()])
        assert torch.allclose(told, torch.tensor(pair.alone[school.half :]), rtol=1e-4, atol=0)


def test_fit_leaves_a_whole_network_behind_in_each_process(pair, school) -> None:
    left, recipe = school.net(), Recipe(steps=2, learning_rate=0.01, warmup=1)
    for _ in fit(
        left, school.process, draw=school.draw, recipe=recipe, rng=generator(3), compute=school.compute
    ):
        pass
    told = {name: torch.tensor(value) for name, value in pair.told["fit"].items()}
    assert close({name: value.flatten() for name, value in left.state_dict().items()}, told)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_team_of_one_is_one_process(single, school, strategy) -> None:
    with joined(strategy, compute=school.compute) as (team, compute):
        assert (team, compute.kind) == (Team(strategy, 0, 1), "cpu")
        shared, alone = school.training(team, steps=2), school.training(steps=2)
        told = [[(s.loss, s.gradient_norm) for s in run.run()] for run in (shared, alone)]
        assert torch.allclose(*map(torch.tensor, told), rtol=1e-5)
        state = shared.state()
        assert close(state, alone.state())
        again = school.training(team, steps=3)
        again.resume(state)
        assert next(again.run()).step == 3
        assert not team.any(False)


def test_alone_nothing_is_divided(school) -> None:
    whole = school.net()
    shards = Shards(whole, ALONE)
    assert [len(group["params"]) for group in shards.groups()] == [len(list(whole.parameters()))]
    assert torch.equal(shards.whole("x", torch.ones(2)), torch.ones(2))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_only_the_process_that_leads_keeps_what_was_gathered(single, school, strategy) -> None:
    with joined(strategy, compute=school.compute) as (team, _):
        run = school.training(team, steps=1)
        next(run.run())
        assert run.state()
        follower = Team(strategy, 1, 2)
        run.team = run.shards.team = follower
        assert run.state() == {}
        name, value = next(iter(run.denoiser.state_dict().items()))
        assert run.shards.whole_for_leader(name, value) is None
