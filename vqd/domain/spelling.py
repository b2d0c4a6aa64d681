"""One name as people and servers spell it: `Wan\\High.safetensors` is `wan/high.safetensors`."""

from collections.abc import Iterable


class Spellings:
    """Finds the spelling that is meant among known ones, blind to slashes and then to case."""

    def __init__(self, known: Iterable[object]) -> None:
        """Take the known spellings; what is no text among them is left out."""
        self._exact: dict[str, str] = {}
        self._slashed: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for one in known:
            if isinstance(one, str):
                self._exact[one] = one
                self._slashed.setdefault(_slashed(one), one)
                self._folded.setdefault(_slashed(one).casefold(), one)

    def find(self, name: str) -> str | None:
        """Give the known spelling of `name`: its own, else the nearest; None if it is unknown."""
        slashed = _slashed(name)
        return (
            self._exact.get(name)
            or self._slashed.get(slashed)
            or self._folded.get(slashed.casefold())
        )


def _slashed(name: str) -> str:
    return name.replace("\\", "/")
