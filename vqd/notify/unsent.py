"""The one way in which telling fails."""


class Unsent(Exception):
    """A notice was not delivered, as far as can be told; the message says why."""
