"""Whose jobs a statement is about, where daemons share a queue: each serves a spool, the *home* of
the jobs that were dropped there.

The signs stand behind a condition. PostgreSQL is told what they mean by `dialect`; to SQLite, whose
queue has one home, they are a comment.
"""

OWN = " /* own */"
"""The jobs of this daemon's home: what is done with a job's folder is done by the daemon there."""

OWN_SERVERS = " /* own servers */"
"""The servers that this daemon drives."""

OWN_NOTICES = " /* own notices */"
"""The notices that this daemon delivers: of what it wrote, by its own settings."""

OWN_HOUSE = " /* own house */"
"""What was told of this daemon's disks, share and servers."""

OWN_REFUSALS = " /* own refusals */"
"""What this daemon's disks refuse."""

HOUSE_ELSEWHERE = " /* house elsewhere */"
"""Also what other daemons told of theirs."""

AND_HOME = " /* and home */"
"""The home, behind other columns: of a key that each home has for itself, or to be told."""

TAKES_HOME = " /* takes home */"
"""A row that is another home's becomes this daemon's, which writes it."""

OR_ELSEWHERE = " /* or elsewhere */"
"""Also the servers that others drive."""

REACHED = " /* reached */"
"""The jobs whose folders this daemon reaches: those of its home, what `spools` names,
and those whose inputs lie in the depot where it uses one."""
