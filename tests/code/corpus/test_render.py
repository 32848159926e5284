"""Every language that is offered says the programs of the corpus."""

from itertools import islice

from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.render import LANGUAGES
from agentic_diffusion_code.language import by_name


def test_all_rows_parse():
    for name in LANGUAGES:
        for task in islice(generate(seed=6, languages=(name,)), 40):
            assert by_name(name).check(task.source).passed, task.source
