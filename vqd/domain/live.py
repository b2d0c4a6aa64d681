"""What runs right now, as last heard: hints, which are gone with the daemon."""

from collections.abc import Callable, Mapping

from vqd.domain.frozen import frozen
from vqd.domain.outcome import Progress
from vqd.domain.queue import PromptKey


@frozen
class LivePrompt:
    """A prompt on a server, and how far it is; None where nothing was heard yet."""

    server: str
    progress: Progress | None = None

    @property
    def percent(self) -> int:
        """Tell how far its node is, 0 to 100."""
        return round(100 * self.progress.fraction) if self.progress else 0


@frozen
class Live:
    """How to ask what runs: every prompt on a server, and the latest preview (JPEG or PNG) of
    whatever runs on one. Any thread may."""

    prompts: Callable[[], Mapping[PromptKey, LivePrompt]] = dict
    preview: Callable[[str], bytes | None] = lambda _: None
