"""What is not run again, and what is."""

from typing import Any

from tests.contract.conversation import Server, png
from tests.contract.graphs import Graph, empty, fresh, node, saving, tiny_graph


def cached(entry: dict[str, Any]) -> set[str]:
    """The nodes that were not run."""
    return set(dict(entry["status"]["messages"])["execution_cached"]["nodes"])


def loading(name: str, prefix: str) -> Graph:
    """A graph that saves an uploaded picture."""
    return saving({"made": node("LoadImage", image=name)}, prefix)


def test_an_identical_prompt_names_the_first_ones_file(server: Server) -> None:
    graph = tiny_graph()
    first, second = (server.carry_out(graph, client_id="contract") for _ in range(2))
    assert (cached(first), cached(second)) == (set(), {"made", "out"})
    assert second["outputs"] == first["outputs"]
    assert second["status"]["status_str"] == "success"


def test_names_of_nodes_and_titles_do_not_count(server: Server) -> None:
    graph = tiny_graph()
    first = server.carry_out(graph)
    renamed = {
        "other": {**graph["made"], "_meta": {"title": "other"}},
        "out": {**graph["out"], "inputs": {**graph["out"]["inputs"], "images": ["other", 0]}},
    }
    second = server.carry_out(renamed, client_id="other", extra_data={"extra_pnginfo": {"w": 1}})
    assert cached(second) == {"other", "out"}
    assert second["outputs"]["out"] == first["outputs"]["out"]


def test_another_prefix_runs_the_saver_alone(server: Server) -> None:
    graph = tiny_graph()
    server.carry_out(graph)
    graph["out"]["inputs"]["filename_prefix"] = fresh()
    assert cached(server.carry_out(graph)) == {"made"}


def test_a_changed_input_runs_what_depends_on_it(server: Server) -> None:
    graph = tiny_graph(color=5)
    graph["aside"] = empty(color=7)
    graph["last"] = node("PreviewImage", images=["aside", 0])
    server.carry_out(graph)
    graph["made"]["inputs"]["color"] = 6
    assert cached(server.carry_out(graph)) == {"aside", "last"}


def test_only_the_last_prompts_work_is_kept(engine: Server) -> None:
    graph = tiny_graph()
    engine.carry_out(graph)
    engine.carry_out(tiny_graph())
    assert cached(engine.carry_out(graph)) == set()


def test_new_content_under_an_old_name_runs_again(server: Server) -> None:
    name, prefix = server.put(png([[[255, 0, 0]]])), fresh()
    first = server.carry_out(loading(name, prefix))
    server.upload(name, png([[[0, 255, 0]]]), overwrite="true")
    second = server.carry_out(loading(name, prefix))
    assert cached(second) == set()
    assert second["outputs"] != first["outputs"]


def test_new_content_is_seen_whatever_other_inputs_a_node_has(server: Server) -> None:
    name, prefix = server.put(png([[[255, 0, 0]]])), fresh()
    graph = loading(name, prefix)
    graph["made"]["inputs"] = {"upload": "image", **graph["made"]["inputs"]}
    server.carry_out(graph)
    server.upload(name, png([[[0, 255, 0]]]), overwrite="true")
    assert cached(server.carry_out(graph)) == set()


def test_the_same_content_uploaded_again_is_not_run_again(server: Server) -> None:
    name, prefix = server.put(png([[[9, 8, 7]]])), fresh()
    server.carry_out(loading(name, prefix))
    server.upload(name, png([[[9, 8, 7]]]), overwrite="true")
    assert cached(server.carry_out(loading(name, prefix))) == {"made", "out"}


def test_a_failed_prompt_leaves_what_it_had_made(server: Server) -> None:
    graph = tiny_graph(prefix="../outside")
    assert server.carry_out(graph)["status"]["status_str"] == "error"
    graph["out"]["inputs"]["filename_prefix"] = fresh()
    assert cached(server.carry_out(graph)) == {"made"}
