"""What is remembered of the servers."""

from tests.builders import NOW, accept_a_job
from vqd.domain.needs import Capability
from vqd.domain.outcome import Failed, FailureCode, Outcome, Succeeded
from vqd.domain.server import ServerRecord, ServerTally
from vqd.store.store import Store

DAY_S = 86_400
GOOD = Succeeded((), 1.0)
BAD = Failed(FailureCode.NODE_ERROR, "it raised")


def seen(store: Store, state: str, at: float, said: str | None = None) -> ServerRecord:
    """Note how gpu1 was seen; gives what is remembered of it then."""
    record = ServerRecord(
        "gpu1", "http://gpu1", state, said, "0.4", at, vram_gb=24, tags=("a", "wan")
    )
    store.write(lambda session: session.servers.note([record]))
    with store.reading() as session:
        (kept,) = session.servers.all()
    return kept


def tally(store: Store, outcome: Outcome, at: float = NOW) -> None:
    store.write(lambda session: session.servers.tally("gpu1", outcome, now=at))


def tally_of(store: Store, at: float = NOW) -> ServerTally:
    with store.reading() as session:
        return session.servers.tallies(at).get("gpu1", ServerTally())


def test_a_server_has_been_in_its_state_since_that_began(store: Store) -> None:
    assert seen(store, "down", NOW).since_at == NOW
    again = seen(store, "down", NOW + 5, "refused")
    assert (again.since_at, again.seen_at, again.said) == (NOW, NOW + 5, "refused")
    assert seen(store, "up", NOW + 9).since_at == NOW + 9


def test_what_a_server_has_is_remembered(store: Store) -> None:
    assert seen(store, "up", NOW).capability == Capability(frozenset({"wan", "a"}), 24)


def test_prompts_that_succeeded_are_counted_by_the_day(store: Store) -> None:
    assert tally_of(store) == ServerTally()
    tally(store, GOOD)
    tally(store, GOOD, NOW + 1)
    assert tally_of(store).succeeded == 2
    assert tally_of(store, NOW + 2 * DAY_S).succeeded == 0
    tally(store, GOOD, NOW + 2 * DAY_S)
    assert tally_of(store, NOW + 2 * DAY_S).succeeded == 1


def test_failures_in_a_row_end_with_one_that_succeeds(store: Store) -> None:
    tally(store, BAD)
    tally(store, BAD)
    assert tally_of(store).failed_in_row == 2
    tally(store, GOOD)
    assert tally_of(store).failed_in_row == 0


def test_a_failure_that_comes_of_the_job_or_of_a_person_is_no_servers(store: Store) -> None:
    for code in (FailureCode.INVALID, FailureCode.REFUSED, FailureCode.WITHDRAWN):
        tally(store, Failed(code, "x"), NOW + 3)
    assert tally_of(store) == ServerTally(ended_at=NOW + 3)


def test_the_prompts_that_are_on_a_server_now_are_counted(store: Store) -> None:
    accept_a_job(store, total=3)
    for prompt_id in ("p", "q"):
        store.write(lambda session, i=prompt_id: session.prompts.claim("gpu1", i, now=NOW))  # type: ignore[misc]
    assert tally_of(store).prompts == 2


def test_a_server_that_the_settings_no_longer_name_is_forgotten_with_what_it_did(
    store: Store,
) -> None:
    seen(store, "up", NOW)
    tally(store, GOOD)
    store.write(lambda session: session.servers.keep_only(set()))
    with store.reading() as session:
        assert (session.servers.all(), session.servers.tallies(NOW)) == ([], {})
