"""Names and passwords in URLs, which are told to nobody."""

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")


def without_credentials(text: str) -> str:
    """Give a text without the names and passwords of the URLs in it."""
    return _CREDENTIALS.sub("", text)
