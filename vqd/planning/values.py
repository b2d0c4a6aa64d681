"""What a job gives to the parameters of its workflow: typed, or told what is wrong."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from vqd.domain.breaks import with_breaks
from vqd.domain.errors import Faults, Problem
from vqd.domain.graph import Value
from vqd.domain.jobspec import Given, InputFile, JobSpec, Point, Rows
from vqd.domain.nearest import nearest
from vqd.domain.param import NONE, Misfit
from vqd.domain.workflow import Workflow

_LABEL_BEGINS = "{label."
_LABEL = re.compile(r"\{label\.([^{}]*)\}")
_CURES = {
    "max": "Lower it, or raise max in {where}.",
    "min": "Raise it, or lower min in {where}.",
}
_MOST_PROBLEMS = 50


@dataclass(slots=True)
class Reading:
    """Types the values of one job, and keeps what was wrong.

    `named` are the files that values name, by slot and text; None while they are not known.
    """

    spec: JobSpec
    workflow: Workflow
    named: Mapping[tuple[str, str], InputFile] | None = None
    problems: list[Problem] = field(default_factory=list)

    def point(self, given: Point) -> dict[str, Value]:
        """Give one value for each parameter named."""
        typed = {name: self.value(name, one) for name, one in given.items()}
        return {name: value for name, value in typed.items() if value is not None}

    def lists(self, given: Mapping[str, Iterable[Given]]) -> dict[str, tuple[Value, ...]]:
        """Give the values of each parameter named, in their order."""
        typed = {name: [self.value(name, one) for one in ones] for name, ones in given.items()}
        return {
            name: tuple(value for value in values if value is not None)
            for name, values in typed.items()
        }

    def value(self, name: str, given: Given) -> Value | None:
        """Give the value of one parameter, or the path of a slot's file; None for one at fault."""
        return self._read(name, given.text, lambda: given) if self.knows(name, given) else None

    def column(self, table: Rows, column: int) -> list[Value | None]:
        """Give the values that the texts of a known column mean, None where there is none or it is
        at fault; what stands there twice is read once."""
        name = table.names[column]
        typed: dict[str, Value | None] = {"": None}
        values = []
        for row, texts in enumerate(with_breaks(table.texts)):
            text = texts[column]
            if text not in typed:
                typed[text] = self._read(name, text, partial(table.given, row, column))
            values.append(typed[text])
        return values

    def knows(self, name: str, given: Given) -> bool:
        """Tell whether the workflow has this parameter or slot; if not, a fault is kept."""
        if name in self.workflow.params or name in self.workflow.inputs:
            return True
        known = [*self.workflow.params, *self.workflow.inputs]
        said = f"the workflow {self.workflow.name} has no parameter {name}."
        hint = nearest(name, known) or "It has none."
        self.note(given, "unknown_parameter", said, hint, ", ".join(known))
        return False

    def note(self, given: Given, code: str, said: str, hint: str, allowed: str = "") -> None:
        """Keep a fault of a value.

        Raises:
            Faults: there are so many that the rest would only be the same again.
        """
        where = self.spec.where
        self.problems.append(given.problem(code, said, where, allowed=allowed or None, hint=hint))
        if len(self.problems) >= _MOST_PROBLEMS:
            self.check()

    def check(self) -> None:
        """Raise Faults if anything was wrong so far."""
        if self.problems:
            raise Faults(self.problems)

    def _read(self, name: str, text: str, given: Callable[[], Given]) -> Value | None:
        """Give what a text is worth; `given` is asked for its place where something is wrong."""
        if name in self.workflow.inputs:
            return self._file(name, text)
        param = self.workflow.params[name]
        try:
            return param.read(self._with_labels(text, given) if param.type == "text" else text)
        except Misfit as misfit:
            self._misfit(given(), misfit, param.choices)
            return None

    def _file(self, slot: str, text: str) -> Value | None:
        if self.workflow.inputs[slot].goes_without(text):
            return NONE
        if self.named is None:
            return text
        file = self.named.get((slot, text))
        return file.path if file is not None else None

    def _misfit(self, given: Given, misfit: Misfit, choices: Iterable[str]) -> None:
        said = f"{misfit.said.rstrip('.')} (workflow {self.workflow.name})."
        hint = misfit.hint or (nearest(given.text, choices) if choices else "")
        if misfit.bound:
            hint = _CURES[misfit.bound].format(where=self.workflow.where)
        self.note(given, misfit.code, said, hint or f"Allowed: {misfit.allowed}.", misfit.allowed)

    def _with_labels(self, text: str, given: Callable[[], Given]) -> str:
        """Put labels where `{label.NAME}` stands; other braces belong to the text."""
        if _LABEL_BEGINS not in text:
            return text
        labels = self.spec.labels
        for name in _LABEL.findall(text):
            if name not in labels:
                said, hint = f"there is no label {name}.", nearest(name, labels)
                self.note(given(), "unknown_token", said, hint or "Add it to labels.")
        return _LABEL.sub(lambda match: labels.get(match[1], ""), text)
