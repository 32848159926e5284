"""Feedback costs a call of a tool well under a millisecond of processor time, and tells every call."""

from langchain_agentic_diffusion.bench import repeat


def test_the_overhead_is_small_and_every_call_is_told():
    samples = list(repeat(seeds=2, calls=100))
    ours = [sample for sample in samples if sample.name == "ours"]
    assert {sample.told for sample in ours} == {100}
    hook = min(sample.cpu_ms for sample in ours if sample.how == "the hook alone")
    assert 0 < hook < 1.0
    assert all(sample.p95_ms >= sample.p50_ms > 0 for sample in ours if sample.how == "the hook alone")
    assert {(s.name, s.how) for s in samples} == {
        ("ours", "the hook alone"),
        ("ours", "the callback handler"),
        ("no middleware", "an agent"),
        ("empty middleware", "an agent"),
        ("ours", "an agent"),
    }
    assert all(s.overhead_ms > 0 for s in samples if s.name == "no middleware")
