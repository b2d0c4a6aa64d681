"""A depot opened, where what speaks to it is installed."""

from typing import TYPE_CHECKING

from vqd.domain.depot import DepotAddress
from vqd.domain.errors import VqdError

if TYPE_CHECKING:
    from vqd.depot.depot import Depot


def opened(address: DepotAddress) -> "Depot":
    """Open a depot, which asks nothing of it yet.

    Raises:
        VqdError: `depot_not_installed`, or as `Depot`.
    """
    try:
        from vqd.depot.depot import Depot
    except ImportError as error:
        said = f"The settings name a `depot`, and {error.name} is not installed."
        hint = "Install the extra: pip install 'vqd[depot]'."
        raise VqdError("depot_not_installed", said, hint) from error
    return Depot(address)
