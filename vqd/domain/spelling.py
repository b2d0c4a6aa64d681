"""One name as people and servers spell it: `Wan\\High.safetensors` is `wan/high.safetensors`."""

from collections.abc import Iterable
from functools import lru_cache


class Spellings:
    """Finds the spelling that is meant among known ones, blind to slashes and then to case."""

    def __init__(self, known: Iterable[object]) -> None:
        """Take the known spellings; what is no text among them is left out."""
        self._known = dict.fromkeys(one for one in known if isinstance(one, str))
        self._alike: dict[str, list[str]] = {}
        for one in self._known:
            self._alike.setdefault(folded(one), []).append(one)

    def find(self, name: str) -> str | None:
        """Give the known spelling of `name`: its own, else the nearest; None if it is unknown."""
        if name in self._known:
            return name
        slashed = _slashed(name)
        alike = self._alike.get(folded(name), [])
        return next((one for one in alike if _slashed(one) == slashed), next(iter(alike), None))


@lru_cache(maxsize=32)
def spellings(options: tuple[object, ...]) -> Spellings:
    """Give the spellings of an input's options; those of equal servers and classes are shared."""
    return Spellings(options)


def folded(name: str) -> str:
    """Give what all spellings of a name have in common."""
    return _slashed(name).casefold()


def _slashed(name: str) -> str:
    return name.replace("\\", "/")
