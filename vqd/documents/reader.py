"""From a file to a tree: bounded while it is read, refused in words where it is not plain.

1. The file is opened once, without following a link, and only a regular file is read.
2. Its bytes become UTF-8 text, or one fault.
3. libyaml's events become nodes. Limits on depth and nodes end the reading at the event that
   breaks them; an anchor, an alias or a tag is refused where it stands, so nothing ever expands.
"""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from vqd.documents.builder import USUAL, Builder, Limits
from vqd.documents.opening import NotAFile, opened, read_from
from vqd.documents.tree import Document, Mapping, Node, Sequence
from vqd.domain.breaks import with_breaks
from vqd.domain.errors import Faults, Problem

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]")
"""What pages and word processors put where a space is seen, and YAML takes for a letter."""
_HEX = "[0-9a-fA-F]{2}"
_SURROGATE_PAIR = re.compile(rf"(?<!\\)((?:\\\\)*)\\u([dD][89abAB]{_HEX})\\u([dD][c-fC-F]{_HEX})")


def read(path: Path, limits: Limits = USUAL, *, where: str | None = None) -> Document:
    """Give the document in a file: YAML, or JSON by its `.json` ending.

    Raises:
        FileNotFoundError: it is not there (any more).
        Faults: every fault of its form, with line and column.
    """
    where = where or path.name
    return parse_as(path, decoded(content_of(path, where, limits), where), limits, where=where)


def parse_as(
    path: Path, text: str, limits: Limits = USUAL, *, where: str | None = None
) -> Document:
    """Give the document in a text as if the file at `path` held it, which is not read.

    Raises:
        Faults: as `read`.
    """
    is_json = path.suffix.lower() == ".json"
    whole = _with_whole_characters(text) if is_json else text
    return parse(whole, where or path.name, limits, is_json=is_json)


def parse(
    text: str,
    where: str,
    limits: Limits = USUAL,
    *,
    is_json: bool = False,
) -> Document:
    """Give the document in a text.

    Raises:
        Faults: as `read`.
    """
    builder = Builder(where, limits, null="null" if is_json else "")
    try:
        _parse(text, builder)
    except yaml.YAMLError as error:
        builder.problems.append(_not_yaml(error, text, where, limits))
    if builder.problems:
        raise Faults(builder.problems)
    if not isinstance(builder.root, Mapping):
        raise Faults([_no_mapping(builder.root, where)])
    return Document(where, builder.root)


def _parse(text: str, builder: Builder) -> None:
    """Let a builder take every event of libyaml's. `yaml.parse` would ask twice for each."""
    loader = yaml.CSafeLoader(text)
    try:
        for event in with_breaks(iter(loader.get_event, None)):
            builder.take(event)
    finally:
        loader.dispose()


def content_of(path: Path, where: str, limits: Limits = USUAL) -> bytes:
    """Give the bytes of a file that is not longer than the limits allow.

    Raises:
        FileNotFoundError, Faults: as `read`.
    """
    try:
        with opened(path) as file:
            content = read_from(file, limits.most_bytes + 1)
            size_bytes = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise
    except NotAFile as error:
        said = f"is {error.what}, not a file, and was not opened."
        hint = "Put the file itself here."
        raise Faults([Problem("not_a_file", said, where, hint=hint)]) from error
    except OSError as error:
        said = f"cannot be read ({error.strerror})."
        hint = "Let the daemon's user read it."
        raise Faults([Problem("unreadable", said, where, hint=hint)]) from error
    if len(content) > limits.most_bytes:
        raise Faults([_too_large(size_bytes, where, limits)])
    return content


def _too_large(size_bytes: int, where: str, limits: Limits) -> Problem:
    return Problem(
        "too_large",
        f"is {size_bytes} bytes long.",
        where,
        found=f"{size_bytes} bytes",
        allowed=f"at most {limits.most_bytes} bytes",
        hint=f"At most {limits.most_bytes} are read; split it.",
    )


def decoded(content: bytes, where: str) -> str:
    """Give the text that bytes hold: UTF-8, without the mark at its beginning.

    Raises:
        Faults: `not_utf8` or `nul_byte`, with line and column.
    """
    if content.startswith(_UTF16_MARKS) or b"\0" in content[:2]:
        hint = "Save it as UTF-8."
        raise Faults([Problem("not_utf8", "is written as UTF-16.", where, 1, 1, hint=hint)])
    if b"\0" in content:
        line, column = _place_of(content.decode("latin-1"), content.index(b"\0"))
        said = "holds a NUL byte: it is not a text, or was not copied whole."
        hint = "Save it again as UTF-8 text."
        raise Faults([Problem("nul_byte", said, where, line, column, hint=hint)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place_of(content.decode("latin-1"), error.start)
        found = f"byte 0x{content[error.start]:02x}"
        said = f"is not UTF-8 ({found})."
        hint = "Save it as UTF-8."
        raise Faults(
            [Problem("not_utf8", said, where, line, column, found=found, hint=hint)]
        ) from error


def _with_whole_characters(text: str) -> str:
    """Join JSON's surrogate pairs, which YAML does not know, into the characters they mean."""

    def joined(match: re.Match[str]) -> str:
        high, low = int(match[2], 16), int(match[3], 16)
        return f"{match[1]}{chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))}"

    return _SURROGATE_PAIR.sub(joined, text)


def _place_of(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _not_yaml(error: yaml.YAMLError, text: str, where: str, limits: Limits) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        # libyaml counts bytes up to it; the first of its kind is the one that it found.
        line, column = _place_of(text, text.find(chr(error.character)))
        said = f"holds a control character (U+{error.character:04X})."
        return Problem("control_character", said, where, line, column, hint="Remove it.")
    said, mark = _said(error)
    if mark is None:
        return Problem("not_yaml", f"is not YAML: {said}.", where)
    line, column = mark.line + 1, mark.column + 1
    if "nesting depth" in said:  # libyaml's scanner, which looks ahead, has a limit of its own
        said = limits.too_deep
        return Problem("too_deep", said, where, line, column, hint="Flatten it.")
    lines = text.split("\n", line)
    rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
    if "tab character" in said or rest.startswith("\t"):
        hint = "Indent with spaces."
        return Problem("tab", "a tab stands where spaces indent.", where, line, column, hint=hint)
    hint = "Check quotes, brackets and indentation here and in the line above."
    odd = _ODD_SPACE.search("\n".join(lines[max(0, mark.line - 1) : line]))
    if odd is not None:
        hint = f"Here or in the line above stands a space that is none (U+{ord(odd[0]):04X})."
    return Problem("not_yaml", f"is not YAML: {said}.", where, line, column, hint=hint)


def _said(error: yaml.YAMLError) -> tuple[str, Any]:
    if isinstance(error, yaml.MarkedYAMLError):
        return error.problem or str(error), error.problem_mark
    return str(error), None


def _no_mapping(root: Node | None, where: str) -> Problem:
    if not root:
        said, found = "is empty.", "nothing"
    else:
        found = "a list" if isinstance(root, Sequence) else "text"
        said = f"holds {found}, not `key: value` lines."
    hint = "Write one `key: value` on a line."
    return Problem("no_mapping", said, where, 1, 1, found=found, allowed="a mapping", hint=hint)
