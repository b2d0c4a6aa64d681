from collections.abc import Collection

from vqd.watchers.gathering import Gathered, Gatherer, Gathering, Sign

SIGN = (1, 1, 1, 1)
OTHER = (2, 1, 1, 1)


class Folder:
    """A hot folder for pictures that settles in half a second and gathers for three."""

    def __init__(self) -> None:
        self.gatherer = Gatherer(0.0)
        self.held: Collection[str] = ()

    def look(self, now: float, **files: Sign) -> Gathered | Gathering:
        """Look at files, named without their point: `a_png`."""
        self.gatherer.note({name.replace("_", "."): sign for name, sign in files.items()}, now)
        return self.gatherer.judge(
            now,
            settle_s=0.5,
            gather_s=3.0,
            is_input=lambda name: name.endswith(".png"),
            is_held=lambda name: name in self.held,
        )


def waiting(judged: Gathered | Gathering) -> Gathering:
    assert isinstance(judged, Gathering)
    return judged


def test_what_arrives_together_goes_together_when_nothing_more_comes() -> None:
    folder = Folder()
    folder.look(0.0, a_png=SIGN)
    folder.look(2.0, a_png=SIGN, b_png=SIGN)
    assert waiting(folder.look(4.9, a_png=SIGN, b_png=SIGN)).again_s == 5.0 - 4.9
    assert folder.look(5.0, a_png=SIGN, b_png=SIGN) == Gathered(["a.png", "b.png"])


def test_what_goes_on_growing_keeps_nothing_else() -> None:
    folder = Folder()
    for tenth in range(30):
        judged = folder.look(tenth / 10, a_png=SIGN, big_png=(tenth, 1, 1, 1))
    assert waiting(judged).growing == ["big.png"]
    assert folder.look(3.0, a_png=SIGN, big_png=OTHER) == Gathered(["a.png"])


def test_what_has_grown_goes_when_it_is_quiet() -> None:
    folder = Folder()
    folder.look(0.0, big_png=SIGN)
    folder.look(60.0, big_png=OTHER)
    assert isinstance(folder.look(62.9, big_png=OTHER), Gathering)
    assert folder.look(63.0, big_png=OTHER) == Gathered(["big.png"])


def test_a_file_that_grows_by_fits_and_starts_must_be_quiet_for_twice_its_longest_pause() -> None:
    folder = Folder()
    folder.look(0.0, a_png=SIGN)
    folder.look(2.0, a_png=OTHER)
    assert waiting(folder.look(5.9, a_png=OTHER)).growing == ["a.png"]
    assert folder.look(6.0, a_png=OTHER) == Gathered(["a.png"])


def test_what_a_writer_holds_stays_and_the_rest_goes() -> None:
    folder = Folder()
    folder.look(0.0, a_png=SIGN, b_png=SIGN)
    folder.held = {"b.png"}
    assert folder.look(3.0, a_png=SIGN, b_png=SIGN) == Gathered(["a.png"])
    assert waiting(folder.look(4.0, b_png=SIGN)).growing == ["b.png"]


def test_text_and_values_go_with_their_picture_and_wait_without_it() -> None:
    folder = Folder()
    files = {"A_txt": SIGN, "a_yaml": SIGN, "b_txt": SIGN}
    assert waiting(folder.look(0.0, **files)).alone == ["A.txt", "a.yaml", "b.txt"]
    folder.look(1.0, a_png=SIGN, **files)
    assert folder.look(4.0, a_png=SIGN, **files) == Gathered(["A.txt", "a.yaml", "a.png"])


def test_a_picture_waits_for_its_text_that_is_being_written() -> None:
    folder = Folder()
    folder.look(0.0, a_png=SIGN, a_txt=SIGN)
    folder.look(2.9, a_png=SIGN, a_txt=OTHER)
    assert set(waiting(folder.look(3.1, a_png=SIGN, a_txt=OTHER)).growing) == {"a.png", "a.txt"}


def test_an_idle_folder_asks_for_no_look() -> None:
    folder = Folder()
    assert waiting(folder.look(0.0)).again_s is None
    assert waiting(folder.look(9.0, b_txt=SIGN)).again_s is None


def test_many_files_are_looked_at_less_often() -> None:
    folder = Folder()
    files = {f"{number}_png": SIGN for number in range(50_000)}
    assert waiting(folder.look(0.0, **files)).again_s == 2.0
