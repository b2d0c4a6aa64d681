"""What jobs may name of the settings, and what these say where a job says nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace

from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.job import Notify
from vqd.domain.jobspec import JobSpec, Point
from vqd.domain.nearest import nearest


@frozen
class Named:
    """The names of windows and of targets, values by workflow, and whom a job tells by default."""

    windows: Collection[str] = ()
    targets: Collection[str] = ()
    defaults: Mapping[str, Point] = field(default_factory=dict)
    notify_default: Notify | None = None

    def faults(self, spec: JobSpec) -> Iterator[Problem]:
        """Give what a job names that the settings do not."""
        yield from _unknown_window(spec, self.windows)
        yield from _unknown_target(spec, self.targets)

    def with_known_target(self, spec: JobSpec) -> JobSpec:
        """Give the job with whom it tells: as it says, else, or if that is nobody, as the settings
        say."""
        if spec.notify is not None and spec.notify.to in self.targets:
            return spec
        return replace(spec, notify=self.notify_default)

    def with_defaults(self, spec: JobSpec, workflow: str, layer: Point) -> JobSpec:
        """Give the job with the values below its own: the settings', and `layer` over them."""
        return replace(spec, defaults={**self.defaults.get(workflow, {}), **layer})


def _unknown_window(spec: JobSpec, windows: Collection[str]) -> Iterator[Problem]:
    asked = spec.window
    if asked is None or asked.text in windows:
        return
    allowed = ", ".join(windows)
    hint = nearest(asked.text, windows) or "The settings name no windows: `windows: {…}` there."
    said = f"there is no window {asked.text} in the settings."
    yield asked.problem("unknown_window", said, spec.where, allowed=allowed or None, hint=hint)


def _unknown_target(spec: JobSpec, targets: Collection[str]) -> Iterator[Problem]:
    asked = spec.target
    if asked is None or asked.text in targets:
        return
    allowed = ", ".join(targets)
    hint = nearest(asked.text, targets) or "The settings name no targets: `notify: {…}` there."
    said = f"there is no target {asked.text} in the settings."
    yield asked.problem("unknown_target", said, spec.where, allowed=allowed or None, hint=hint)
