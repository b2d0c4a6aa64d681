"""File names: those that every file system accepts, and those that are never taken for input."""

import re
import unicodedata
from collections.abc import Mapping
from fnmatch import translate
from types import MappingProxyType

LONGEST_GIVEN_NAME = 200
"""Characters of a name for a job that the API takes."""
LONGEST_JOB_NAME_BYTES = 80
"""What is left of it in the name of the job's folder."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)

_NO_TEXT = re.compile("[\ud800-\udfff]")

_JOINER = "\u200d"
"""Stands within one emoji."""

_TEMPORARY = r".*\.(part|partial|tmp|temp|crdownload|download|filepart|!ut|swp)"
_NEVER_TAKEN: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        reason: re.compile(pattern, re.IGNORECASE | re.DOTALL)
        for reason, pattern in {
            "its name begins with . or ~": r"[.~].*",
            "temporary name": _TEMPORARY,
            "made by Windows": r"Thumbs\.db|desktop\.ini",
            "made by a NAS": r"@eaDir|#recycle",
        }.items()
    }
)


def why_never_taken(name: str) -> str | None:
    """Say why a file or folder of this name is never taken; None if it may be."""
    return next(
        (reason for reason, pattern in _NEVER_TAKEN.items() if pattern.fullmatch(name)), None
    )


def folded(name: str) -> str:
    """Give what names that differ only in case or in Unicode form have in common."""
    return unicodedata.normalize("NFC", name).casefold()


def pattern(text: str) -> re.Pattern[str]:
    """Give what finds the folded names that a pattern fits: `*` and `?` alone stand for others."""
    return re.compile(translate(folded(text).replace("[", "[[]")))


def printable(text: str) -> str:
    """Give a text for one line of a terminal or a file, with what would act on either written out.

    A name or a key that somebody dropped may hold line ends, escape sequences, marks that turn the
    direction of writing, and bytes that are no text.
    """
    if text.isprintable():
        return text
    return "".join(
        char if _is_harmless(char) else char.encode("unicode_escape").decode() for char in text
    )


def _is_harmless(char: str) -> bool:
    return char.isprintable() or char == _JOINER or unicodedata.category(char) == "Zs"


def is_text(name: str) -> bool:
    """Tell whether the bytes of a file's name are UTF-8 (those that are not came as surrogates)."""
    return _NO_TEXT.search(name) is None


def readable(name: str) -> str:
    """Give a file's name as text that can be stored and sent, with U+FFFD for what is not UTF-8."""
    return _NO_TEXT.sub("\ufffd", name)


def safe_name(text: str, *, longest_bytes: int = 100) -> str:
    """Give a file name for `text` that Windows, macOS and Linux accept; never empty.

    NFC; what Windows forbids becomes `_`; no leading dot, no trailing dot or space; reserved
    device names get a leading `_`. Source: "Naming Files, Paths, and Namespaces", Microsoft.
    """
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) not in ("Cs", "Cf"))
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text)).strip(" .")
    name = _cut(name, longest_bytes)
    if _RESERVED.fullmatch(name):
        name = _cut(f"_{name}", longest_bytes)
    return name or "unnamed"


def _cut(name: str, longest_bytes: int) -> str:
    return name.encode()[:longest_bytes].decode(errors="ignore").rstrip(" .")
