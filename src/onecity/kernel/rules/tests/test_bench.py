"""The measurement runs and measures what it says: every rule over every entity, about the asked share of them in alert."""

from onecity.kernel.rules.bench import measure


def test_the_engine_is_measured_with_rules_that_fire() -> None:
    found = measure.engine(rules=20, entities=400, share=0.01)
    assert (found["rules"], found["entities"], found["batches"]) == (20, 400, measure.BATCHES)
    changed = found["alerts_changed_per_batch"]
    assert isinstance(changed, int)
    assert 5 < changed < 20 * 400 * 0.03
