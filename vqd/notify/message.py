"""What a notice says, to programs and to people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from vqd.domain.names import printable
from vqd.domain.notice import Notice, NoticeEvent


@dataclass(frozen=True, slots=True)
class Message:
    """A notice with where its job lies: `folder` on the daemon's machine, `link` for a browser."""

    notice: Notice
    folder: str
    link: str | None = None

    def document(self) -> Mapping[str, Any]:
        """Give it as the object that a webhook is sent as JSON."""
        notice = self.notice
        return {
            "notice": notice.identity,
            "event": notice.event,
            "job": notice.job,
            "name": notice.name,
            "workflow": notice.workflow,
            "state": notice.state,
            "reason": notice.reason,
            "counts": asdict(notice.counts),
            "at": datetime.fromtimestamp(notice.at, UTC).isoformat(timespec="seconds"),
            "folder": self.folder,
            "link": self.link,
        }

    @property
    def title(self) -> str:
        """Give it in a few words."""
        return printable(f"{self.notice.name}: {self.notice.event}")

    @property
    def text(self) -> str:
        """Give it in a few lines."""
        notice, counts = self.notice, self.notice.counts
        lines = [f"{notice.workflow}, {_counted(counts.total)}"]
        if notice.event not in (NoticeEvent.ACCEPTED, NoticeEvent.STARTED) and counts.total:
            parts = ("succeeded", "failed", "cancelled")
            told = [(getattr(counts, part), part) for part in parts]
            lines[0] += ": " + ", ".join(f"{count} {part}" for count, part in told if count)
        lines += [printable(notice.reason)] if notice.reason else []
        lines.append(self.link or self.folder)
        return "\n".join(lines)


def _counted(prompts: int) -> str:
    return f"{prompts} prompt{'' if prompts == 1 else 's'}"
