"""Where the definitions that come with vqd lie."""

from pathlib import Path


def shipped_folder() -> Path:
    """Give the folder: inside an installed package, or `workflows/` of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "shipped" / "workflows"
    return installed if installed.is_dir() else package.parent / "workflows"
