import pytest

FAMILIES = ["javascript", "c", "java", "rust"]


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_gets_through(outcomes, fence, family):
    tried = [one for one in outcomes[family] if one.held is not None]
    if not tried:
        pytest.skip(f"{family}: {outcomes[family][0].detail}")
    weaker = "namespaces" not in fence.isolation
    through = [(one.attack.name, one.detail) for one in tried if not one.held]
    assert len(through) <= (1 if weaker else 0), through
