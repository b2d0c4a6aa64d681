"""What runs, as the board and the events tell it."""

from collections.abc import Mapping

from vqd.domain.live import Live, LivePrompt
from vqd.domain.queue import PromptKey
from vqd.service.shapes.prompts import RunningShape


def running_of(live: Live, jobs: Mapping[int, str]) -> list[RunningShape]:
    """Give what runs of these jobs, given by their keys and names, in order."""
    found = live.prompts()
    keys = [key for key in found if key.job_key in jobs]
    ordered = sorted(keys, key=lambda key: (key.job_key, key.number))
    return [_shape(jobs[key.job_key], key, found[key], live) for key in ordered]


def _shape(job: str, key: PromptKey, prompt: LivePrompt, live: Live) -> RunningShape:
    progress = prompt.progress
    return RunningShape(
        job=job,
        prompt=key.number,
        server=prompt.server,
        node=progress.node if progress else None,
        step=progress.step if progress else None,
        percent=prompt.percent,
        preview=live.preview(prompt.server) is not None,
    )
