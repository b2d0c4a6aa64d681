"""The names of a job's outputs: from a pattern, or the usual ones; checked before anything runs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePosixPath
from unicodedata import normalize

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value, as_text
from vqd.domain.jobspec import Given
from vqd.domain.names import safe_name
from vqd.domain.nearest import nearest
from vqd.planning.values import Reading

LONGEST_NAME_BYTES = 180
"""A file name may have 255 bytes; this leaves room for a number and an extension."""
LONGEST_STEM_BYTES = 400

INPUT_TOKENS = ("input.stem", "input.name", "input.parent")

_TOKEN = re.compile(r"\{([^{}]*)\}")
_DIRECTIVE = re.compile(r"%[YymdHMSj]")
_DATES = "Write %Y, %y, %m, %d, %H, %M, %S and %j: {date:%Y-%m-%d}."
_LONGEST_PART_BYTES = 40
_NO_TOKENS = str.maketrans("{}", "()")
"""A sidecar gives its output's name as a pattern, in which braces would begin a token."""


@frozen
class Named:
    """What a prompt's name is made of. `input` is the path of its input; `varying` its point, and
    `row` the row of the table that it is of, from 1."""

    number: int
    input: PurePosixPath | None
    seed: int | None
    varying: Mapping[str, Value]
    row: int | None = None


Naming = Callable[[Named], str]


@frozen
class UsualNames:
    """The input's path without ending, `_rROW` where there is a table, `_param-value` for each
    other axis, `_sSEED` where seeds fan out.

    `numbered` adds the prompt's number, for jobs whose names would not differ otherwise.
    """

    title: str
    axes: tuple[str, ...]
    has_seeds: bool
    digits: int
    row_digits: int = 1
    numbered: bool = False

    def __call__(self, prompt: Named) -> str:
        """Give a prompt's name, safe on any share."""
        above, name = self._of_input(prompt.input)
        if prompt.row is not None:
            name += f"_r{prompt.row:0{self.row_digits}}"
        for axis in self.axes:
            if axis in prompt.varying:
                name += f"_{axis}-{self.of_value(prompt.varying[axis])}"
        ending = f"_s{prompt.seed}" if self.has_seeds else ""
        ending += f"_{prompt.number:0{self.digits}}" if self.numbered else ""
        if len(name) + len(ending) > LONGEST_NAME_BYTES // 4:  # in characters of up to 4 bytes
            name = safe_name(name, longest_bytes=LONGEST_NAME_BYTES - len(ending))
        stem = f"{above}{name}{ending}"
        return stem if len(stem.encode()) <= LONGEST_STEM_BYTES else name + ending

    def of_input(self, path: PurePosixPath | None) -> str:
        """Give how the names of the prompts of an input, or of none, begin."""
        return "".join(self._of_input(path))

    def of_value(self, value: Value) -> str:
        """Give a value as it stands in names."""
        return _short(value)

    def _of_input(self, path: PurePosixPath | None) -> tuple[str, str]:
        if path is None:
            return "", _safe(self.title)
        return "".join(f"{_safe(folder)}/" for folder in path.parent.parts), _safe(path.stem)


@frozen
class PatternNames:
    """Names as the job's pattern wants them. `fixed` holds the tokens that never vary."""

    pattern: str
    fixed: Mapping[str, str]
    digits: int

    def __call__(self, prompt: Named) -> str:
        """Give a prompt's name as the pattern has it, good or bad."""
        name = _TOKEN.sub(lambda match: self._value(match[1], prompt), self.pattern)
        return "/".join(part for part in name.split("/") if part)

    def _value(self, token: str, prompt: Named) -> str:
        if token in self.fixed:
            return self.fixed[token]
        if token == "index":
            return f"{prompt.number:0{self.digits}}"
        if token == "seed" and prompt.seed is not None:
            return str(prompt.seed)
        if prompt.input is not None and token in INPUT_TOKENS:
            return _of_input(token, prompt.input)
        return as_part(prompt.varying[token]) if token in prompt.varying else ""


def read_pattern(
    reading: Reading, given: Given, known: Mapping[str, str | None], created_at: float, digits: int
) -> PatternNames:
    """Give the names that a pattern means; what is wrong with it goes to `reading`.

    `known` are the tokens there are, with their text where it never varies.
    """
    fixed = {token: text for token, text in known.items() if text is not None}
    for token in dict.fromkeys(_TOKEN.findall(given.text)):
        is_date, form = token.startswith("date:"), token.removeprefix("date:")
        if is_date and "%" not in _DIRECTIVE.sub("", form):
            fixed[token] = as_part(_date(created_at, form))
        elif token not in known:
            said = f"{{{token}}} is not known here."
            hint = _DATES if is_date else nearest(token, known)
            reading.note(given, "unknown_token", said, hint, ", ".join(known))
    if {"{", "}"} & {*_TOKEN.sub("", given.text)}:
        said = "a brace stands alone."
        reading.note(given, "bad_name", said, "Write tokens as {name}.")
    if given.text.startswith("/") or ".." in given.text.split("/"):
        said = "an output cannot leave the job's folder."
        reading.note(given, "bad_name", said, "Begin with a name, and write no `..`.")
    return PatternNames(normalize("NFC", given.text), fixed, digits)


def all_differ(stems: Iterable[str]) -> bool:
    """Tell whether no two names are one on any file system. Holds 8 bytes of each."""
    return all(first == number for number, _, first in _with_firsts(stems))


def flaws(stems: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Give code, fault and cure of each name that comes twice, or that a share may refuse."""
    for number, stem, first in _with_firsts(stems):
        if first != number:
            said = f"prompts {first} and {number} would both be named {stem}."
            yield "name_collision", said, "Add a token that varies, or {index}."
        elif not is_safe(stem):
            why, hint = _unsafe(stem)
            yield "bad_name", f"prompt {number} would be named {stem!r}, {why}.", hint


def _with_firsts(stems: Iterable[str]) -> Iterator[tuple[int, str, int]]:
    """Give each name with its number, and the number of the first that is the same: names that
    differ only in case are, on Windows and macOS."""
    seen: dict[bytes, int] = {}
    for number, stem in enumerate(stems, 1):
        key = blake2b(stem.casefold().encode(), digest_size=8).digest()
        yield number, stem, seen.setdefault(key, number)


def is_safe(stem: str) -> bool:
    """Tell whether every file system takes this path below the outputs."""
    return bool(stem) and len(stem.encode()) <= LONGEST_STEM_BYTES and stem == _mended(stem)


def _unsafe(stem: str) -> tuple[str, str]:
    """Give what is the matter with a path that is not safe, and its cure."""
    longest_part = max(len(part.encode()) for part in stem.split("/"))
    if longest_part > LONGEST_NAME_BYTES or len(stem.encode()) > LONGEST_STEM_BYTES:
        most = f"{LONGEST_NAME_BYTES} bytes are the most, and {LONGEST_STEM_BYTES} with its folders"
        return f"which is too long: {most}", "Leave out a token, or shorten a value."
    return "which a share may refuse", f"A good name: {_mended(stem)}."


@lru_cache(maxsize=4096, typed=True)
def as_part(value: Value) -> str:
    """Give a value as it stands in a name: one piece, without what a file name may not have."""
    text = as_text(value).translate(_NO_TOKENS)
    return safe_name(f"x{text}", longest_bytes=LONGEST_NAME_BYTES)[1:]


@lru_cache(maxsize=4096, typed=True)
def _short(value: Value) -> str:
    return safe_name(as_part(value), longest_bytes=_LONGEST_PART_BYTES)


@lru_cache(maxsize=4096)
def _safe(text: str) -> str:
    return safe_name(text.translate(_NO_TOKENS))


def _date(at: float, form: str) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return _DIRECTIVE.sub(lambda directive: moment.strftime(directive[0]), form)


def _mended(stem: str) -> str:
    return "/".join(safe_name(part, longest_bytes=LONGEST_NAME_BYTES) for part in stem.split("/"))


def _of_input(token: str, path: PurePosixPath) -> str:
    match token:
        case "input.stem":
            return as_part(path.stem)
        case "input.name":
            return as_part(path.name)
        case _:
            return "/".join(map(_safe, path.parent.parts))
