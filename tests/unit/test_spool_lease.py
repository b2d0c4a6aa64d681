from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import write
from vqd.domain.errors import VqdError
from vqd.spool.layout import Spool
from vqd.spool.lease import LEASE, LISTENS_S, RENEWED_EVERY_S, Lease, leased


def nobody_waits(_seconds: float) -> None:
    pytest.fail("it waited")


def wait_while(act: Callable[[], None]) -> Callable[[float], None]:
    """Give a wait in which something happens."""

    def waited(seconds: float) -> None:
        assert seconds == LISTENS_S > RENEWED_EVERY_S
        act()

    return waited


def test_a_machine_that_still_serves_a_spool_is_named_to_the_second(spool: Spool) -> None:
    first, second = Lease(spool, machine="a"), Lease(spool, machine="b")
    first.take(nobody_waits)
    with pytest.raises(VqdError, match=r"already, on .* \(pid ") as caught:
        second.take(wait_while(first.renew))
    assert caught.value.code == "spool_taken"
    first.renew()


def test_a_machine_that_fell_silent_is_followed_by_another_and_ends_when_it_wakes(
    spool: Spool,
) -> None:
    first, second = Lease(spool, machine="a"), Lease(spool, machine="b")
    first.take(nobody_waits)
    second.take(wait_while(lambda: None))
    with pytest.raises(VqdError) as caught:
        first.renew()
    assert caught.value.code == "spool_taken"
    first.give_back()
    second.renew()
    assert (spool.root / LEASE).exists()


def test_a_daemon_that_was_killed_is_followed_at_once_on_its_own_machine(spool: Spool) -> None:
    Lease(spool, machine="a").take(nobody_waits)
    Lease(spool, machine="a").take(nobody_waits)


def test_a_lease_that_was_given_back_keeps_nobody_waiting(spool: Spool) -> None:
    with leased(spool) as lease:
        lease.renew()
        assert (spool.root / LEASE).exists()
    assert not (spool.root / LEASE).exists()
    Lease(spool, machine="b").take(nobody_waits)


@pytest.mark.parametrize("text", ["", "half of a le", "[]", '{"machine": 7}', "\0" * 9000])
def test_a_file_that_is_no_lease_is_waited_for_and_then_replaced(spool: Spool, text: str) -> None:
    write(spool.root / LEASE, text)
    lease = Lease(spool, machine="a")
    lease.take(wait_while(lambda: None))
    lease.renew()


def test_a_lease_that_somebody_deletes_is_written_again(spool: Spool) -> None:
    lease = Lease(spool, machine="a")
    lease.take(nobody_waits)
    (spool.root / LEASE).unlink()
    lease.renew()
    assert (spool.root / LEASE).exists()


def test_nothing_is_written_while_the_spool_is_away(spool: Spool, tmp_path: Path) -> None:
    lease = Lease(spool, machine="a")
    lease.take(nobody_waits)
    spool.root.rename(tmp_path / "away")
    spool.root.mkdir()
    lease.renew()
    lease.give_back()
    assert list(spool.root.iterdir()) == []


def test_a_spool_whose_lease_cannot_be_written_says_so(spool: Spool) -> None:
    (spool.root / LEASE).mkdir()
    with pytest.raises(VqdError, match=f"{LEASE} cannot be written") as caught, leased(spool):
        pass
    assert caught.value.code == "spool_unwritable"
