"""Texts changed line by line and word by word."""

import re
from collections.abc import Callable
from random import Random

from tests.fuzz.mutation import DEEP, TEXTS, Mutation, any_bytes

_BETWEEN_WORDS = re.compile(rb"([\s=&?/,;:]+)")
_Lines = list[bytes]
_Change = Callable[[Random, _Lines, int, bytes], None]
"""Changes lines at one of them, perhaps by a word that means something."""


def text_of(words: str, *phrases: str) -> Mutation:
    """Change a text; the words, which spaces part, and the phrases are such as mean something in
    it."""
    known = (*TEXTS, *words.split(), *phrases)

    def change(chance: Random, data: bytes) -> bytes:
        if chance.random() < 0.1:
            return chance.choice((any_bytes, _moved, _moved))(chance, data)
        lines = data.split(b"\n")
        word = chance.choice(known).encode(errors="surrogatepass")
        chance.choice(_CHANGES)(chance, lines, chance.randrange(len(lines)), word)
        return b"\n".join(lines)

    return change


def lines_of(one: Mutation) -> Mutation:
    """Change a file of which each line is of its own: one of them, or their order."""

    def change(chance: Random, data: bytes) -> bytes:
        lines = data.split(b"\n")
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines.insert(chance.randrange(len(lines)), lines[at])
            case 1:
                del lines[at]
            case _:
                lines[at] = one(chance, lines[at])
        return b"\n".join(lines)

    return change


def _removed(_: Random, lines: _Lines, at: int, __: bytes) -> None:
    del lines[at]


def _repeated(chance: Random, lines: _Lines, at: int, _: bytes) -> None:
    lines.insert(at, chance.choice(lines))


def _added(chance: Random, lines: _Lines, at: int, word: bytes) -> None:
    value = chance.choice(lines).rpartition(b":")[2].strip()
    lines.insert(at, b" " * chance.randrange(5) + word + b": " + value)


def _valued(_: Random, lines: _Lines, at: int, word: bytes) -> None:
    before, colon, _value = lines[at].partition(b":")
    lines[at] = b"%s: %s" % (before, word) if colon else word


def _indented(chance: Random, lines: _Lines, at: int, _: bytes) -> None:
    deep = chance.choice((0, 1, 1, 40))
    lines[at] = b"  " * deep + (lines[at] if deep else lines[at].lstrip())


def _worded(chance: Random, lines: _Lines, at: int, word: bytes) -> None:
    words = _BETWEEN_WORDS.split(lines[at])
    words[chance.randrange(0, len(words), 2)] = word
    lines[at] = b"".join(words)


def _nested(chance: Random, lines: _Lines, at: int, _: bytes) -> None:
    before, colon, value = lines[at].partition(b":")
    deep = chance.choice(DEEP)
    opening, closing = chance.choice(((b"[", b"]"), (b"{a: ", b"}")))
    closings = chance.choice((deep, deep - 1))
    lines[at] = before + colon + b" " + opening * deep + value.strip() + closing * closings


_CHANGES: tuple[_Change, ...] = (
    _removed,
    _repeated,
    _added,
    _valued,
    _indented,
    _worded,
    _worded,
    _nested,
)


def _moved(chance: Random, data: bytes) -> bytes:
    """Repeat a part of a text elsewhere, or leave it out."""
    at, to = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
    part = data[at : at + chance.choice((1, 4, 20, 200))]
    return data[:to] + part + data[to:] if chance.random() < 0.5 else data.replace(part, b"", 1)
