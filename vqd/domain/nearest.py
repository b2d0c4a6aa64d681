"""The known name that somebody may have meant."""

from collections.abc import Iterable

_MOST_LISTED = 12
_MOST_COMPARED = 500
_ALIKE = 2


def nearest(name: str, known: Iterable[str]) -> str:
    """Give a sentence that names the nearest of the known names, else all of them; or nothing."""
    folded = {one.casefold(): one for one in known}
    near = meant(name, folded.values())
    if near is not None:
        return f"Did you mean {near}?"
    listed = [*folded.values()][:_MOST_LISTED]
    more = " …" if len(folded) > len(listed) else ""
    return f"Known: {', '.join(listed)}{more}." if listed else ""


def meant_file(name: str, known: Iterable[str]) -> str | None:
    """Give the known file of the same name in another folder, else the nearest; None for none.

    Of many files only some that begin alike are compared: 5,000 would take a quarter of a second.
    """
    names = [*known]
    same = next((one for one in names if _file(one) == _file(name)), None)
    if len(names) > _MOST_COMPARED:
        begins = _file(name)[:_ALIKE]
        names = [one for one in names if _file(one).startswith(begins)][:_MOST_COMPARED]
    return same or meant(name, names)


def meant(name: str, known: Iterable[str]) -> str | None:
    """Give the nearest of the known names; None if none is near."""
    from difflib import get_close_matches  # which only they need who mistyped something

    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _file(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].casefold()
