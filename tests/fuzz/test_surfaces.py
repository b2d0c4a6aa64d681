"""Whatever anybody writes, vqd says what it is or what is wrong with it, soon and in few words."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.bounds import within_memory, within_time
from tests.fuzz.surface import CORPUS, Check, Surface
from tests.fuzz.surfaces import SURFACES

MOST_CHANGES = 8


@pytest.fixture(params=SURFACES.values(), ids=list(SURFACES), scope="module")
def surface(request: pytest.FixtureRequest) -> Surface:
    """Each surface."""
    found: Surface = request.param
    return found


@pytest.fixture(scope="module")
def check(surface: Surface, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    """What must hold at a surface, within what it may cost; warm, so that no import is counted."""
    with surface.open(tmp_path_factory.mktemp(surface.name)) as opened:
        for seed in surface.seeds():
            opened(seed)

        def check(data: bytes) -> None:
            with within_memory(), within_time():
                opened(data)

        yield check


def test_what_found_something_once_finds_nothing_now(surface: Surface, check: Check) -> None:
    for path in surface.corpus:
        check(path.read_bytes())


def test_nothing_that_nearly_has_the_form_does_harm(surface: Surface, check: Check) -> None:
    seeds = [*surface.seeds(), b"", *(path.read_bytes() for path in surface.corpus)]

    @given(
        st.sampled_from(seeds),
        st.randoms(use_true_random=False),
        st.integers(1, MOST_CHANGES),
    )
    @settings(
        max_examples=surface.examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(seed: bytes, chance: object, changes: int) -> None:
        check(surface.mutated(chance, seed, changes))  # type: ignore[arg-type]  # a Random

    holds()


def test_every_corpus_is_that_of_a_surface() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= {*SURFACES}
