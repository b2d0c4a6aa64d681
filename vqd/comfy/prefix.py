"""Names for files that a server is to write: such that it writes them, and serves them again."""

import re

_LONGEST_BYTES = 120
_UNSERVED = re.compile(r'[%<>:"|?*\\/\x00-\x1f\x7f]+|\.(?=\.)')


def prefix_of(name: str) -> str:
    """Give a name as like `name` as a server allows, for the `filename_prefix` of its outputs.

    `/view` refuses every name with two dots in a row (ComfyUI 0.3.64, server.py); savers fill in
    `%…%` themselves and begin again at 00001 where they find `%batch_num%` (folder_paths.py); a
    name of more than 255 bytes, with what is added to it, fails; Windows has characters of its own.
    """
    text = name.encode(errors="replace").decode()
    kept = _UNSERVED.sub(lambda found: "" if found[0] == "." else "_", text)
    return kept.encode()[:_LONGEST_BYTES].decode(errors="ignore").strip(" .") or "output"
