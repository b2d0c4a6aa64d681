"""What of a statement is said otherwise to PostgreSQL than to SQLite: very little."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from vqd.domain.frozen import frozen
from vqd.store.rows import Values

_DIFFERENT = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*')
    | \ (?:NOT\ INDEXED | INDEXED\ BY\ \w+)
    | \ /\*\ (?P<home>own|reached|own\ servers|own\ notices|own\ house
        |own\ refusals|house\ elsewhere|and\ home|takes\ home|or\ elsewhere)\ \*/
    | (?P<like>\bLIKE\b)
    | (?P<cross>\bCROSS\ JOIN(?=\ \w+(?:\ INDEXED\ BY\ \w+)?\ USING\b))
    | (?P<mark>\?)
    | :(?P<name>[a-z]\w*)
    """,
    re.VERBOSE,
)


_OWN = " AND current_setting('vqd.home') IN ('', {table}.home)"
_HOMES = {
    "own": _OWN.format(table="jobs"),
    "own servers": _OWN.format(table="servers"),
    "own notices": _OWN.format(table="notices"),
    "own house": _OWN.format(table="house"),
    "own refusals": _OWN.format(table="refusals"),
    "house elsewhere": " OR current_setting('vqd.home') NOT IN ('', house.home)",
    "and home": ", home",
    "takes home": ", home = excluded.home",
    "or elsewhere": " OR current_setting('vqd.home') NOT IN ('', servers.home)",
    "reached": " AND (current_setting('vqd.home') IN ('', jobs.home)"
    " OR jobs.home = ANY (string_to_array(current_setting('vqd.reached'), ' '))"
    " OR current_setting('vqd.depot') = 'on'"
    " AND EXISTS (SELECT 1 FROM vqd.stocks WHERE stocks.job_key = jobs.job_key))",
}
"""What the signs in `vqd/store/homes.py` mean; who has no home and looks on has all of them."""


@frozen
class Spoken:
    """A statement as PostgreSQL understands it, its marks numbered, and for which names those of
    a statement with names stand."""

    text: str
    names: tuple[str, ...]

    def in_order(self, values: Values) -> Sequence[Any]:
        """Give values in the order of the marks."""
        if isinstance(values, Mapping):
            return [values[name] for name in self.names]
        return values


@lru_cache(maxsize=1024)
def spoken(statement: str) -> Spoken:
    """Say a statement as PostgreSQL understands it.

    Which index finds something it knows by itself (SQLite is told, so that no statistics mislead
    it), and so the order of a join; LIKE is blind to case in SQLite.
    """
    names: list[str] = []
    marks = 0

    def said(found: re.Match[str]) -> str:
        nonlocal marks
        if found["mark"]:
            marks += 1
            return f"${marks}"
        if found["name"]:
            if found["name"] not in names:
                names.append(found["name"])
            return f"${names.index(found['name']) + 1}"
        if found["home"]:
            return _HOMES[found["home"]]
        if found["cross"]:
            return "JOIN"
        return "ILIKE" if found["like"] else found["text"] or ""

    return Spoken(_DIFFERENT.sub(said, statement), tuple(names))
