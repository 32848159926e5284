"""One generation of evolution in a maze: practise, learn, be examined, and roll back."""

from pathlib import Path
from tempfile import TemporaryDirectory

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.evolve_maze import Settings, Workplace, at_own_pace, evolution
from agentic_diffusion_evolve import Lineage, with_weights
from agentic_diffusion_worlds.maze import UMAZE
from agentic_diffusion_worlds.maze.planner import WEIGHTS, load_network, load_planner

# far too little for a real gain; `agentic-diffusion evolve maze` has sensible settings
SMALL = Settings(tasks=4, exams=4, steps=4, old=2000, candidates=2)


def main() -> None:
    """Evolve the planner of the U-shaped maze for one generation, then go back to the first."""
    design, _, _ = load_network(WEIGHTS / UMAZE.name)
    planner = at_own_pace(load_planner(UMAZE, compute=Compute(threads=1)), UMAZE, candidates=2)
    place = Workplace(UMAZE, design, SMALL)
    with TemporaryDirectory() as folder:
        for generation, _ in evolution(place, planner, rounds=1, folder=Path(folder)):
            told = generation.verdict.evidence
            print(f"generation {generation.round}: {generation.outcomes} drives to learn from")
            print(f"exam: {told['candidate']:.3f} against {told['incumbent']:.3f}")
            print("promoted" if generation.promoted else "rejected")

        lineage = Lineage(Path(folder) / "lineage")
        lineage.rollback(0)
        first = with_weights(planner, lineage.weights().tensors)
        plan = first.plan(place.errands(1)[0], seed=0)
        print(f"back at generation {lineage.tree().active}: a plan of {plan.chosen.value.arrival} moments")


if __name__ == "__main__":
    main()
