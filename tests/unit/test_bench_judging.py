import json

import pytest

from tests.bench.figure import Figure
from tests.bench.judging import usual, values_of, worse

PAST = {"claim": [1.01, 0.99, 1.0, 1.02, 0.98], "as fast as": [3.0, 3.1, 2.9]}


@pytest.mark.parametrize("value", [0.5, 1.0, 1.09])
def test_what_is_as_it_was_or_better_is_not_told(value: float) -> None:
    assert worse([Figure("claim", value, "x")], PAST) == {}


def test_a_ratio_that_grew_beyond_its_noise_is_told_with_what_it_was() -> None:
    told = worse([Figure("claim", 1.2, "x")], PAST)
    assert told["claim"].median == 1.0


def test_a_gain_that_shrank_is_told() -> None:
    figures = [Figure("as fast as", 2.0, "x", is_gain=True)]
    assert worse(figures, PAST).keys() == {"as fast as"}
    assert worse([Figure("as fast as", 4.0, "x", at_least=1)], PAST) == {}


def test_what_varied_much_before_may_vary_now() -> None:
    past = {"claim": [1.0, 1.4, 0.8, 1.3, 0.7]}
    assert worse([Figure("claim", 1.5, "x")], past) == {}
    assert worse([Figure("claim", 3.0, "x")], past).keys() == {"claim"}


def test_what_was_measured_too_seldom_is_not_judged() -> None:
    assert usual([1.0, 1.0]) is None
    assert worse([Figure("claim", 9.0, "x")], {"claim": [1.0, 1.0]}) == {}


def test_what_a_machine_does_at_all_is_not_judged() -> None:
    assert worse([Figure("claim", 9.0, "ms")], PAST) == {}


def test_only_the_last_runs_count() -> None:
    past = {"claim": [5.0] * 20 + [1.0] * 9}
    assert worse([Figure("claim", 1.5, "x")], past).keys() == {"claim"}


def test_a_history_tells_each_figure_oldest_first() -> None:
    lines = [json.dumps({"figures": {"a": 1.0, "b": 2.0}}), json.dumps({"figures": {"a": 3.0}})]
    assert values_of(lines) == {"a": [1.0, 3.0], "b": [2.0]}
