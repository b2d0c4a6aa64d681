"""When a job is quoted, and what it is told then."""

import pytest

from vqd.domain.quote import QuoteOver, quote


@pytest.mark.parametrize(
    ("over", "prompt_s"),
    [
        (QuoteOver(), 1e9),
        (QuoteOver(prompts=100), None),
        (QuoteOver(hours=1), 36.0),
        (QuoteOver(hours=1), None),
        (QuoteOver(prompts=100, hours=1), 36.0),
    ],
)
def test_a_job_that_is_not_above_a_bound_starts_by_itself(
    over: QuoteOver, prompt_s: float | None
) -> None:
    assert quote(100, prompt_s, over) is None


@pytest.mark.parametrize(
    ("prompts", "prompt_s", "over", "said"),
    [
        (5001, None, QuoteOver(5000), "5,001 prompts, time unknown"),
        (5001, 9.0, QuoteOver(5000, 100), "5,001 prompts, about 12.5 h of one server"),
        (3, 1300.0, QuoteOver(5000, 1), "3 prompts, about 65 min of one server"),
        (1, None, QuoteOver(0), "1 prompt, time unknown"),
    ],
)
def test_a_larger_one_says_how_large_it_is_and_what_starts_it(
    prompts: int, prompt_s: float | None, over: QuoteOver, said: str
) -> None:
    assert quote(prompts, prompt_s, over) == f"quoted: {said}; APPROVE starts it"
