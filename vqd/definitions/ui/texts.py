"""Prompt texts as the page sends them: without comments, with its braces resolved."""

import re

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TOKEN = re.compile(r"\\.|[{}|]", re.DOTALL)


class Undecided(Exception):
    """A text that offers alternatives, of which the page picks one anew for each prompt."""


def spoken(text: str) -> str:
    """Give a text as the page sends it from a field with `dynamicPrompts`.

    Comments (`/* … */` and from `//` to the end of the line) go, and so do braces around a single
    text; `\\{`, `\\}` and `\\|` stand for themselves.
    Source: ComfyUI_frontend 1.58, formatUtil `processDynamicPrompt`.

    Raises:
        Undecided: it says `{this|or that}`.
    """
    depth = 0
    parts, at = [], 0
    text = _COMMENT.sub("", text)
    for token in _TOKEN.finditer(text):
        parts.append(text[at : token.start()])
        at = token.end()
        if token[0] == "{":
            depth += 1
        elif token[0] == "}" and depth:
            depth -= 1
        elif token[0] == "|" and depth:
            raise Undecided
        else:
            parts.append(token[0][1:] if token[0] in (r"\{", r"\}", r"\|") else token[0])
    return "".join([*parts, text[at:]])
