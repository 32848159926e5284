"""Eight bits stand beside fp32 on mazes, calls and programs, with the score of both."""

from agentic_diffusion.compute.quantise import Int8Linear
from agentic_diffusion_cli.speed import bits
from agentic_diffusion_cli.speed.tools import reader


def test_each_domain_has_its_score(bench, monkeypatch):
    written = []

    def right(writer, tasks):
        written.append(sum(isinstance(layer, Int8Linear) for layer in writer.model.network.modules()))
        return [0.0, 1.0] if written[-1] else [1.0, 1.0]

    monkeypatch.setattr(bits, "LARGE", {"width": 64, "depth": 1, "heads": 2})
    monkeypatch.setattr(bits, "reader", lambda: reader(known=20, steps=2))
    monkeypatch.setattr(bits, "right", right)
    rows = list(bits.eight_bits(bench))
    assert [row["reference"] for row in rows] == ["fp32"] * 5
    assert ["score" in row for row in rows] == [True, True, False, True, True]
    assert rows[0]["score"]["n"] == 2
    assert written[0] > 0
    assert written[1] == 0
    assert rows[4]["lost"]["mean"] == 0.5
