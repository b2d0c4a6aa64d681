"""Quotes: a job larger than the settings allow is told how large, and waits for an approval."""

from vqd.domain.frozen import frozen
from vqd.domain.times import duration

_HOUR_S = 3600


@frozen
class QuoteOver:
    """Above how many prompts, or hours of one server, a job is quoted; None is no bound."""

    prompts: int | None = None
    hours: float | None = None


def quote(prompts: int, prompt_s: float | None, over: QuoteOver) -> str | None:
    """Say how large a job is and what starts it; None if it may start by itself.

    `prompt_s` is how long a prompt of its workflow takes on a server, None if that is unknown:
    then its prompts alone are compared.
    """
    needed_s = None if prompt_s is None else prompts * prompt_s
    is_many = over.prompts is not None and prompts > over.prompts
    is_long = over.hours is not None and needed_s is not None and needed_s > over.hours * _HOUR_S
    if not (is_many or is_long):
        return None
    time = "time unknown" if needed_s is None else f"about {duration(needed_s)} of one server"
    counted = "1 prompt" if prompts == 1 else f"{prompts:,} prompts"
    return f"quoted: {counted}, {time}; APPROVE starts it"
