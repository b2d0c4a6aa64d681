"""A depot opened, where what speaks to it is installed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vqd.domain.depot import DepotAddress
from vqd.domain.errors import VqdError

if TYPE_CHECKING:
    from vqd.depot.depot import Depot


def opened(address: DepotAddress, on_back: Callable[[], None] = lambda: None) -> "Depot":
    """Open a depot, which asks nothing of it yet. `on_back` is called when it answers again.

    Raises:
        VqdError: `depot_not_installed`, or as `Depot`.
    """
    try:
        from vqd.depot.depot import Depot
    except ImportError as error:
        said = f"The settings name a `depot`, and {error.name} is not installed."
        hint = "Install the extra: pip install 'vqd[depot]'."
        raise VqdError("depot_not_installed", said, hint) from error
    return Depot(address, on_back)
