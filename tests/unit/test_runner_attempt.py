import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from errno import EDQUOT, EIO, ENOENT, ENOSPC, EROFS
from pathlib import Path

import pytest

from tests.builders import A_GRAPH, NOW, a_plan, accept_a_job
from tests.samples import picture
from tests.strange_server import Answer, StrangeServer, Talk
from tests.waiting import wait_for
from vqd.domain.errors import STORE_UNREACHABLE, VqdError
from vqd.domain.graph import Target
from vqd.domain.job import InputBind
from vqd.domain.ladder import Step
from vqd.domain.outcome import Failed, FailureCode, Succeeded
from vqd.media.apart import Media, NoDecoder, identify
from vqd.runner.assignment import Assignment
from vqd.runner.attempt import Attempt
from vqd.runner.home import Home
from vqd.runner.inputs import InputChecks
from vqd.runner.places import DEPTH
from vqd.runner.room import Room
from vqd.runner.server import Server, ServerAddress
from vqd.runner.spelling import Spelling
from vqd.runner.stopping import Stopping
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks
from vqd.store.store import Store

TAKEN = Answer(body={"prompt_id": "p", "node_errors": {}})
MADE = {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}
FINISHED = Answer(
    body={
        "p": {
            "prompt": [0, "p", {}, {}, []],
            "outputs": {"2": MADE},
            "status": {"status_str": "success", "completed": True, "messages": []},
        }
    }
)
DEAD_INSIDE = {"entries": [{"m": "Exception in thread Thread-1 (prompt_worker):"}]}


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    """A server that takes prompts, and has a prompt `p` waiting for ever."""
    with StrangeServer() as server:
        server.answers("POST /prompt", TAKEN)
        server.answers("GET /history/p", Answer(body={}))
        server.answers("POST /queue", Answer())
        yield server


@pytest.fixture
def looks() -> list[Path]:
    """What was looked at to tell whether the share is away."""
    return []


@pytest.fixture
def room(store: Store) -> Room:
    return Room(store, lambda: Disks(None, None, Reserve()), on_change=lambda: None)


@pytest.fixture
def attempt(
    strange: StrangeServer,
    store: Store,
    room: Room,
    looks: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Attempt]:
    def is_share_away() -> bool:
        looks.append(tmp_path)
        return not tmp_path.exists()

    monkeypatch.setattr("vqd.runner.following.LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr("vqd.runner.spelling.FIRST_LOOK_S", 0.01)
    accept_a_job(store, total=1)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    server = Server(ServerAddress("gpu1", strange.url), InputChecks(), on_change=lambda: None)
    server.places.enter("p")
    yield Attempt(
        Assignment(prompt, "job", a_plan(1), A_GRAPH, tmp_path, tmp_path),
        server,
        stall_s=0.0,
        spelling=Spelling(store),
        take_name=lambda _: True,
        write_down=lambda *told: told[3],
        with_job_file=lambda graph, *_: graph,
        home=Home(room, is_share_away=is_share_away),
    )
    server.client.close()


def with_a_picture(attempt: Attempt, folder: Path) -> None:
    """Give the prompt of an attempt a picture as its input."""
    picture(folder / "a.png")
    bind = InputBind("image", (".png",), (Target("1", "image"),))
    prompt = replace(attempt.assignment.prompt, inputs={"image": "a.png"})
    plan = a_plan(1, inputs={"image": bind})
    attempt.assignment = replace(attempt.assignment, prompt=prompt, plan=plan)


def queue(*running: str) -> Answer:
    def entries(*names: str) -> list[list[object]]:
        return [[0, name, {}, {}, []] for name in names]

    return Answer(body={"queue_running": entries(*running), "queue_pending": entries("p")})


def test_a_server_that_runs_nothing_is_not_waited_for(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", queue())
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.UNREACHABLE
    assert strange.requests("POST /queue")[0].json == {"delete": ["p"]}


def test_a_prompt_behind_somebodys_is_waited_for_until_the_server_has_died_inside(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", queue("theirs"))
    strange.answers(
        "GET /internal/logs/raw", *[Answer(body={"entries": []})] * 3, Answer(body=DEAD_INSIDE)
    )
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.UNREACHABLE
    assert "restart" in outcome.message
    assert len(strange.requests("GET /internal/logs/raw")) == 4


def test_a_prompt_that_waits_on_a_server_is_taken_back_when_its_job_is_held(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", queue("theirs"))
    strange.answers("GET /internal/logs/raw", Answer(body={"entries": []}))
    with ThreadPoolExecutor(1) as aside:
        outcome = aside.submit(attempt.run)
        wait_for(lambda: len(strange.requests("GET /queue")) > 2, within_s=30)
        strange.answers("GET /queue", Answer(body={"queue_running": [], "queue_pending": []}))
        attempt.stopping.withdraw()
        failed = outcome.result()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.WITHDRAWN
    assert [asked.json for asked in strange.requests("POST /queue")] == [{"delete": ["p"]}]
    assert strange.requests("POST /interrupt") == []


def test_a_prompt_that_its_server_would_not_take_off_is_taken_off_when_it_answers_again(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", queue("theirs"))
    strange.answers("GET /internal/logs/raw", Answer(body={"entries": []}))
    strange.answers("POST /queue", Answer(503), Answer(503), Answer())
    with ThreadPoolExecutor(1) as aside:
        outcome = aside.submit(attempt.run)
        wait_for(lambda: strange.requests("GET /queue"), within_s=30)
        attempt.stopping.withdraw()
        wait_for(lambda: len(strange.requests("POST /queue")) == 3, within_s=30)
        strange.answers("GET /queue", Answer(body={"queue_running": [], "queue_pending": []}))
        failed = outcome.result()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.WITHDRAWN
    assert len(strange.requests("POST /queue")) == 3


def test_what_was_rendered_while_the_share_is_away_waits_for_it_and_is_not_rendered_again(
    strange: StrangeServer,
    attempt: Attempt,
    looks: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vqd.runner.home.AGAIN_S", 0.01)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /history/p", FINISHED)
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(attempt.run)
        wait_for(lambda: len(looks) > 1, within_s=30)
        assert not tmp_path.exists()
        away.rename(tmp_path)
        outcome = running.result()
    assert isinstance(outcome, Succeeded), outcome
    assert (tmp_path / outcome.outputs[0].path).is_file()
    assert len(strange.requests("POST /prompt")) == 1


@pytest.mark.parametrize(("absences", "ends"), [(2, Succeeded), (3, Failed)])
def test_a_share_that_is_back_when_it_is_asked_after_costs_no_prompt(
    strange: StrangeServer,
    attempt: Attempt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    absences: int,
    ends: type,
) -> None:
    monkeypatch.setattr("vqd.runner.home.AGAIN_S", 0.01)
    strange.answers("GET /history/p", FINISHED)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    missing = iter([FileNotFoundError(ENOENT, "gone", f"{tmp_path}/.part/a.png")] * absences)

    def write_down(*told: object) -> object:
        *_, outcome = told
        for error in missing:
            raise error
        return outcome

    monkeypatch.setattr(attempt, "_write_down", write_down)
    assert isinstance(attempt.run(), ends)


@pytest.mark.parametrize("errno", [EDQUOT, EIO, ENOSPC, EROFS])
def test_what_was_rendered_waits_for_a_disk_that_refuses_it_and_is_not_rendered_again(
    strange: StrangeServer,
    attempt: Attempt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    errno: int,
) -> None:
    monkeypatch.setattr("vqd.runner.home.AGAIN_S", 0.01)
    strange.answers("GET /history/p", FINISHED)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    refusals = iter([OSError(errno, "refused", f"{tmp_path}/a.yaml")] * 5)

    def write_down(*told: object) -> object:
        *_, outcome = told
        for error in refusals:
            raise error
        return outcome

    monkeypatch.setattr(attempt, "_write_down", write_down)
    outcome = attempt.run()
    assert isinstance(outcome, Succeeded), outcome
    assert (tmp_path / outcome.outputs[0].path).is_file()
    assert len(strange.requests("POST /prompt")) == 1


def test_what_was_rendered_waits_for_a_queue_that_does_not_answer_and_is_not_rendered_again(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.home.AGAIN_S", 0.01)
    strange.answers("GET /history/p", FINISHED)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    silences = iter([VqdError(STORE_UNREACHABLE, "The queue cannot be reached.")] * 5)

    def take_name(_: str) -> bool:
        for error in silences:
            raise error
        return True

    monkeypatch.setattr(attempt, "_take_name", take_name)
    outcome = attempt.run()
    assert isinstance(outcome, Succeeded), outcome
    assert len(strange.requests("POST /prompt")) == 1


def test_what_was_rendered_waits_for_a_decoder_that_does_not_start_and_is_not_rendered_again(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.home.AGAIN_S", 0.01)
    strange.answers("GET /history/p", FINISHED)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    refusals = iter([NoDecoder("Cannot allocate memory")] * 5)

    def identified(path: Path, kind: str) -> Media:
        for error in refusals:
            raise error
        return identify(path, kind)

    monkeypatch.setattr("vqd.runner.collect.identify", identified)
    outcome = attempt.run()
    assert isinstance(outcome, Succeeded), outcome
    assert len(strange.requests("POST /prompt")) == 1


def test_a_prompt_at_whose_input_nothing_can_look_now_goes_back_unsent(
    strange: StrangeServer,
    attempt: Attempt,
    room: Room,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_a_picture(attempt, tmp_path)

    def refuse(*_: object, **__: object) -> Media:
        raise NoDecoder("Resource temporarily unavailable")

    monkeypatch.setattr("vqd.runner.inputs.probe", refuse)
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.WITHDRAWN
    said = "no decoder starts: Resource temporarily unavailable"
    assert outcome.message == f"Put back: {said}."
    assert room.held_by((), time.monotonic()) == f"parked: {said}"
    assert strange.requests("POST /prompt") == []


def test_a_prompt_whose_spelling_the_queue_does_not_tell_goes_back_into_it_unsent(
    strange: StrangeServer, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spelled(*_: object) -> None:
        raise VqdError(STORE_UNREACHABLE, "The queue cannot be reached.")

    monkeypatch.setattr(attempt._spelling, "spelled", spelled)
    failed = attempt.run()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.WITHDRAWN
    assert strange.requests("POST /prompt") == []


def test_a_prompt_that_is_cancelled_while_the_share_is_away_waits_for_nothing(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path
) -> None:
    strange.answers("GET /history/p", FINISHED)
    tmp_path.rename(tmp_path.with_name("away"))
    attempt.stopping.cancel()
    failed = attempt.run()
    assert isinstance(failed, Failed)
    assert not tmp_path.exists()


def test_a_prompt_whose_job_is_held_before_it_was_sent_is_not_sent(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", Answer(body={"queue_running": [], "queue_pending": []}))
    attempt.stopping.withdraw()
    failed = attempt.run()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.WITHDRAWN
    assert strange.requests("POST /prompt") == []


@pytest.mark.parametrize(("step", "freed"), [(0, False), (1, True), (2, False)])
def test_memory_is_freed_before_the_prompt_whose_step_that_is(
    strange: StrangeServer, attempt: Attempt, step: int, freed: bool
) -> None:
    ladder = (Step(frees_memory=True), Step(params={"width": 4}, edits=((Target("9", "x"), 4),)))
    climbed = replace(attempt.assignment.prompt, step=step)
    plan = a_plan(1, on_oom=ladder)
    attempt.assignment = replace(attempt.assignment, prompt=climbed.as_climbed(plan), plan=plan)
    strange.answers("GET /queue", queue())
    strange.answers("POST /free", Answer(500))
    attempt.run()
    routes = [f"{asked.method} {asked.target}" for asked in strange.asked]
    assert ("POST /free" in routes) == freed
    assert "POST /prompt" in routes[routes.index("POST /free") if freed else 0 :]
    if freed:
        assert strange.requests("POST /free")[0].json["unload_models"]


RUNNING = Answer(body={"queue_running": [[0, "p", {}, {}, []]], "queue_pending": []})


def test_a_prompt_that_runs_and_is_not_heard_of_has_stalled(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", RUNNING)
    strange.answers("GET /ws", Answer(talk=Talk.hear_out))
    strange.answers("POST /interrupt", Answer())
    attempt.server.start()
    wait_for(lambda: attempt.server.is_up, within_s=30)
    outcome = attempt.run()
    attempt.server.stop()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.STALLED
    assert len(strange.requests("POST /interrupt")) == 1


def test_a_prompt_that_ran_when_its_server_died_inside_is_what_it_died_of(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", RUNNING)
    strange.answers("GET /internal/logs/raw", Answer(body=DEAD_INSIDE))
    strange.answers("POST /interrupt", Answer())
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.server_died) == (FailureCode.UNREACHABLE, True)


def test_a_timeout_is_judged_when_it_is_over_and_not_at_the_next_look(
    strange: StrangeServer, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.following.LOOK_AGAIN_S", 90.0)
    plan = a_plan(1, timeout_s=0.4)
    attempt.assignment = replace(attempt.assignment, plan=plan)
    strange.answers("GET /queue", RUNNING)
    strange.answers("POST /interrupt", Answer())
    begun_at = time.monotonic()
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.TIMED_OUT
    assert time.monotonic() - begun_at < 60
    assert len(strange.requests("POST /interrupt")) == 1


NOTHING = Answer(body={"queue_running": [], "queue_pending": []})


@pytest.mark.parametrize(
    ("seen", "beside", "is_death"),
    [(RUNNING, 0, True), (RUNNING, 1, True), (NOTHING, 0, True), (NOTHING, 1, False)],
    ids=["it ran", "it ran before another", "it was there alone", "it came after another"],
)
def test_a_server_died_of_the_prompt_that_ran_there_and_of_no_other(
    strange: StrangeServer, attempt: Attempt, seen: Answer, beside: int, is_death: bool
) -> None:
    attempt.server.epoch = "epoch-1"
    for _ in range(beside):
        attempt.server.places.enter("another")
    strange.answers("HEAD /view", Answer(404))
    strange.answers("GET /queue", seen, NOTHING)
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.LOST
    assert outcome.server_died == is_death


def test_a_prompt_that_waited_behind_somebodys_is_not_what_its_server_died_of(
    strange: StrangeServer, attempt: Attempt
) -> None:
    attempt.server.epoch = "epoch-1"
    strange.answers("HEAD /view", Answer(404))
    strange.answers("GET /internal/logs/raw", Answer(body={"entries": []}))
    strange.answers("GET /queue", queue("theirs"), queue("theirs"), NOTHING)
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.server_died) == (FailureCode.LOST, False)


@pytest.mark.parametrize("is_gone", [True, False], ids=["nothing listens", "a gateway excuses it"])
def test_a_server_at_whose_port_nothing_listens_any_more_has_died(
    attempt: Attempt, strange: StrangeServer, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    # Longer than it takes, on a busy machine, until nothing listens there.
    monkeypatch.setattr("vqd.runner.patience.UNREACHABLE_S", 4.0)
    strange.answers("GET /queue", RUNNING)
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(attempt.run)
        wait_for(lambda: len(strange.requests("GET /queue")) > 1, within_s=30)
        if is_gone:
            strange.close()
        else:
            strange.answers("GET /history/p", Answer(502))
        outcome = running.result()
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.server_died) == (FailureCode.UNREACHABLE, is_gone)


def test_a_prompt_that_could_not_be_heard_of_has_not_stalled(
    strange: StrangeServer, attempt: Attempt
) -> None:
    strange.answers("GET /queue", RUNNING)
    with ThreadPoolExecutor(1) as aside:
        outcome = aside.submit(attempt.run)
        wait_for(lambda: len(strange.requests("GET /queue")) > 10, within_s=30)
        assert not outcome.done()
        strange.answers("GET /internal/logs/raw", Answer(body=DEAD_INSIDE))
        failed = outcome.result()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.UNREACHABLE
    assert "restart" in failed.message


@pytest.mark.parametrize(
    ("route", "queues"),
    [
        ("GET /internal/logs/raw", [RUNNING]),
        ("GET /queue", [queue("theirs"), Answer(502), queue("theirs")]),
    ],
)
def test_a_server_that_misses_one_answer_keeps_a_prompt_that_is_silent(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path, route: str, queues: list[Answer]
) -> None:
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    strange.answers("GET /internal/logs/raw", Answer(reset=True), Answer(body={"entries": []}))
    strange.answers("GET /queue", *queues)
    strange.answers("GET /history/p", *[Answer(body={})] * 4, FINISHED)
    outcome = attempt.run()
    assert isinstance(outcome, Succeeded), outcome
    assert len(strange.requests(route)) > 1


@pytest.mark.parametrize("cached", [True, False])
def test_results_that_a_server_keeps_of_a_file_that_is_gone_are_forgotten(
    strange: StrangeServer, attempt: Attempt, cached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (output,) = attempt.assignment.plan.outputs
    messages = [["execution_cached", {"nodes": [output.node] if cached else []}]]
    entry = {
        "outputs": {output.node: {"images": [{"filename": "a.png", "type": "output"}]}},
        "status": {"status_str": "success", "completed": True, "messages": messages},
    }
    monkeypatch.setattr("vqd.comfy.download.AGAIN_AFTER_S", ())
    strange.answers("GET /history/p", Answer(body={"p": entry}))
    strange.answers("POST /free", Answer())
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.BAD_OUTPUT
    assert len(strange.requests("POST /free")) == cached


@pytest.mark.parametrize(
    ("second", "code"), [(TAKEN, FailureCode.UNREACHABLE), (None, FailureCode.REFUSED)]
)
def test_an_input_that_the_server_lost_is_sent_again_once(
    strange: StrangeServer,
    attempt: Attempt,
    tmp_path: Path,
    second: Answer | None,
    code: FailureCode,
) -> None:
    with_a_picture(attempt, tmp_path)
    details = "image - Invalid image file: vqd/sent.png"
    fault = {"type": "custom_validation_failed", "message": "", "details": details}
    refused = Answer(400, {"error": {"type": "x"}, "node_errors": {"1": {"errors": [fault]}}})
    strange.answers("POST /upload/image", Answer(body={"name": "sent.png", "subfolder": "vqd"}))
    strange.answers("GET /queue", queue())
    strange.answers("POST /prompt", refused, second or refused)
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is code
    assert len(strange.requests("POST /upload/image")) == 2
    assert len(strange.requests("POST /prompt")) == 2


def test_all_that_a_prompt_takes_is_timed(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path
) -> None:
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /history/p", FINISHED)
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    outcome = attempt.run()
    assert isinstance(outcome, Succeeded)
    assert outcome.took_s is not None
    assert outcome.seconds < outcome.took_s < 5


def test_a_prompt_that_waited_behind_those_of_others_is_not_timed(
    strange: StrangeServer, attempt: Attempt, tmp_path: Path
) -> None:
    def tells_of_two(talk: Talk) -> None:
        talk.say("status", status={"exec_info": {"queue_remaining": 2}})
        talk.hear_out()

    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /history/p", *[Answer(body={})] * 2, FINISHED)
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    strange.answers("GET /queue", queue("theirs"))
    strange.answers("GET /internal/logs/raw", Answer(body={"entries": []}))
    strange.answers("GET /ws", Answer(talk=tells_of_two))
    attempt.server.start()
    wait_for(lambda: attempt.server.others, within_s=30)
    outcome = attempt.run()
    attempt.server.stop()
    assert isinstance(outcome, Succeeded)
    assert outcome.took_s is None


def tells_all(strange: StrangeServer, output: Mapping[str, object]) -> Callable[[Talk], None]:
    """Have a prompt's story told on the websocket as soon as it is sent, with what was put out."""

    def tell(talk: Talk) -> None:
        talk.say("status", status={"exec_info": {"queue_remaining": 0}})
        wait_for(lambda: strange.requests("POST /prompt"), within_s=30)
        talk.say("execution_start", prompt_id="p", timestamp=1000)
        talk.say("executed", prompt_id="p", node="2", output=output)
        talk.say("execution_success", prompt_id="p", timestamp=3500)
        talk.say("executing", prompt_id="p", node=None)
        talk.hear_out()

    return tell


@pytest.mark.parametrize(
    ("output", "seconds", "looks"),
    [(MADE, 2.5, 0), ({"images": []}, 0.0, 1)],
    ids=["with its file", "without a file"],
)
def test_a_success_is_looked_up_only_where_its_files_were_not_all_heard_of(
    strange: StrangeServer,
    attempt: Attempt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    output: Mapping[str, object],
    seconds: float,
    looks: int,
) -> None:
    monkeypatch.setattr("vqd.runner.following.LOOK_AGAIN_S", 60)
    made = picture(tmp_path / "made.png").read_bytes()
    strange.answers("GET /view", Answer(body=made, content_type="image/png"))
    strange.answers("GET /history/p", FINISHED)
    strange.answers("GET /ws", Answer(talk=tells_all(strange, output)))
    attempt.server.start()
    wait_for(lambda: attempt.server.is_up, within_s=30)
    outcome = attempt.run()
    attempt.server.stop()
    assert isinstance(outcome, Succeeded)
    assert outcome.seconds == seconds
    assert len(strange.requests("GET /history/p")) == looks


def occupied(server: Server) -> None:
    """Have so many prompts on a server that there is no place for the attempt's."""
    server.leave("p")
    for other in range(DEPTH):
        server.places.enter(str(other), is_there=True)
    server.places.enter("p")


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (Stopping.cancel, FailureCode.INTERRUPTED),
        (Stopping.withdraw, FailureCode.WITHDRAWN),
        (Stopping.abandon, None),
    ],
)
def test_what_is_stopped_while_it_waits_for_a_place_is_never_sent(
    strange: StrangeServer,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    stop: Callable[[Stopping], None],
    code: FailureCode | None,
) -> None:
    monkeypatch.setattr("vqd.runner.places.PATIENCE_S", 60)
    strange.answers("GET /queue", NOTHING)
    occupied(attempt.server)
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(attempt.run)
        stop(attempt.stopping)
        outcome = running.result(30)
    assert (outcome.code if isinstance(outcome, Failed) else outcome) is code
    assert not strange.requests("POST /prompt")


def test_what_waits_too_long_for_a_place_is_put_back(
    strange: StrangeServer, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.runner.places.PATIENCE_S", 0.01)
    occupied(attempt.server)
    outcome = attempt.run()
    assert isinstance(outcome, Failed)
    assert outcome.code is FailureCode.WITHDRAWN
    assert "longer than was thought" in outcome.message
    assert not strange.requests("POST /prompt")
    assert attempt.server.places.given == DEPTH
