"""What lies beside inputs: `shot.txt` is the text of `shot.png`, `shot.yaml` its values."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import BeforeValidator, RootModel

from vqd.documents.builder import Limits
from vqd.documents.opening import NotAFile
from vqd.documents.reader import decoded, parse
from vqd.documents.schema import checked
from vqd.documents.values import value
from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import Given, InputFile, Point
from vqd.intake.places import Places

MOST_BYTES = 256 << 10
MOST_PROBLEMS = 50
"""So many are told of the files of one job; who has more mends them all in one way."""
_OURS = "vqd"
"""A key that only job files have: a result dropped again has its own beside it."""


class _Values(RootModel[dict[str, Annotated[object, BeforeValidator(value)]]]):
    """The values beside an input."""


@dataclass(slots=True)
class Sidecars:
    """Reads what lies beside the inputs of one job, and keeps what is wrong and what was read.

    `caption` is the parameter of the text; `job_file` is never taken for values.
    """

    places: Places
    caption: str | None
    job_file: str
    problems: list[Problem] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def beside(self, files: Iterable[InputFile]) -> tuple[InputFile, ...]:
        """Give the files with the values that lie beside each; values win over the text.

        Raises:
            Faults: what is wrong beside so many of them that the rest is not looked at.
        """
        return tuple(self._with_values(file) for file in files)

    def _with_values(self, file: InputFile) -> InputFile:
        if len(self.problems) >= MOST_PROBLEMS:
            raise Faults(self.problems)
        above, slash, name = file.path.rpartition("/")
        stem = name.rpartition(".")[0]
        values: dict[str, Given] = {}
        text = self._there(f"{above}{slash}", f"{stem}.txt")
        if self.caption is not None and text is not None:
            values |= self._text(text, self.caption)
        for ending in (".yaml", ".yml"):
            path = self._there(f"{above}{slash}", f"{stem}{ending}")
            if path is not None:
                values |= self._values(path)
        return replace(file, values=values) if values else file

    def _there(self, folder: str, name: str) -> str | None:
        """Give the path of what has this name, or the only one like it in other case or form."""
        alike = self.places.names(folder).like(name)
        found = name if name in alike else alike[0] if len(alike) == 1 else None
        return None if found is None else f"{folder}{found}"

    def _text(self, path: str, name: str) -> Point:
        text = self._read(path)
        return {} if text is None else {name: Given(text.strip(), name, 1, 1, _shown(path))}

    def _values(self, path: str) -> Point:
        text = None if path == self.job_file else self._read(path)
        if text is None or not text.strip():
            return {}
        where = _shown(path)
        try:
            document = parse(text, where, Limits(most_bytes=MOST_BYTES, most_nodes=1000))
            if _OURS in document.root:
                self.taken.remove(path)
                return {}
            values = checked(document, _Values).root
        except Faults as faults:
            self.problems += faults.problems
            return {}
        return {
            str(name): Given(str(value), str(name), getattr(value, "line", None), None, where)
            for name, value in values.items()
        }

    def _read(self, path: str) -> str | None:
        where = _shown(path)
        try:
            content = self.places.read(path, MOST_BYTES)
            if len(content) > MOST_BYTES:
                said = f"is longer than {MOST_BYTES} bytes."
                raise Faults([Problem("too_large", said, where, hint="Is it the right file?")])
            text = decoded(content, where)
        except FileNotFoundError:
            return None
        except NotAFile as error:
            said = f"is {error.what}, not a file, and was not opened."
            hint = "Put the file itself there, or rename it."
            self.problems.append(Problem("not_a_file", said, where, hint=hint))
            return None
        except OSError as error:
            said = f"cannot be read ({error.strerror})."
            hint = "Let the daemon's user read it."
            self.problems.append(Problem("unreadable", said, where, hint=hint))
            return None
        except Faults as faults:
            self.problems += faults.problems
            return None
        self.taken.append(path)
        return text


def _shown(path: str) -> str:
    return path.rpartition("/")[2] if path.startswith("/") else path
