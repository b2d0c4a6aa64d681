"""What the docs list is what the code has."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW, write
from tests.opened import MANIFEST_KEYS
from tests.samples import picture, picture_job
from vqd.definitions.schema import DefinitionKeys
from vqd.documents.reader import parse
from vqd.documents.schema import Keys, checked
from vqd.domain.cures import CURES
from vqd.domain.outcome import FailureCode
from vqd.intake.schema import JobKeys
from vqd.service.drafts import Drafting
from vqd.settings.farm import ServerKeys
from vqd.spool.layout import Spool
from vqd.spool.statusschema import status_schema

TOP = Path(__file__).parents[2]


def test_every_log_line_is_listed_in_operations_and_nothing_else() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in TOP.glob("vqd/**/*.py"))
    written = set(re.findall(r'_log\.\w+\(\s*"([a-z_]+\.[a-z_]+)"', code))
    told = (TOP / "docs" / "operations.md").read_text(encoding="utf-8").split("## Log")[1]
    listed = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", told.split("## Exit codes")[0]))
    assert written == listed


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    named = {re.split(r"[^\w-]", name)[0] for name in wanted}
    reasons = (TOP / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    assert not {name for name in named if not told(name.lower(), reasons)}


def told(name: str, reasons: str) -> bool:
    return name in reasons or name.startswith("types-")


@pytest.mark.parametrize(
    "path", [TOP / "README.md", *sorted(TOP.glob("docs/**/*.md"))], ids=lambda path: path.name
)
def test_links_between_the_docs_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]*)(?:#([^):]*))?\)", text)
    assert [target for target, _ in targets if not (path.parent / target).exists()] == []
    anchors = [(path.parent / target if target else path, name) for target, name in targets if name]
    assert [(page.name, name) for page, name in anchors if name not in headings_of(page)] == []


def test_each_module_has_a_word_in_the_row_of_its_room() -> None:
    rooms = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8").split("\n## ")[1]
    rows = re.findall(r"^\| (`.+?`) \| (.+) \|$", rooms, re.MULTILINE)
    heads = [name for head, _ in rows for name in re.findall(r"`([\w.]+)/?`", head)]
    assert sorted(heads) == sorted(room.name for room in TOP.glob("vqd/*") if is_room(room))
    words = {head.strip("`/"): set(re.findall(r"\w+", told)) for head, told in rows}
    of_all = re.compile(r"__init__|examine|report_\w+")  # the doctor asks each room; of the report
    modules = [path for path in TOP.glob("vqd/*/*.py") if not of_all.fullmatch(path.stem)]
    assert [path for path in modules if path.stem not in words[path.parent.name]] == []


def is_room(path: Path) -> bool:
    return (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()


def test_the_index_leads_to_every_page() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((docs/[^)#]+)", text))
    assert sorted({f"docs/{page.name}" for page in TOP.glob("docs/*.md")} - linked) == []


def headings_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("page", "model"),
    [("jobfile.md", JobKeys), ("workflows.md", DefinitionKeys), ("servers.md", ServerKeys)],
)
def test_every_key_of_a_file_is_told_on_its_page(page: str, model: type[Keys]) -> None:
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    named = {part for quoted in re.findall(r"`([^`\n]+)`", text) for part in quoted.split(".")}
    assert sorted(keys_of(model.model_json_schema()) - named) == []


def test_every_key_of_a_status_and_every_failure_is_told_of_what_comes_back() -> None:
    text = (TOP / "docs" / "results.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", text))
    schema = status_schema()["properties"]
    nested = {key for name in ("counts", "finish") for key in schema[name]["properties"]}
    items = {key for name in ("running", "problems") for key in schema[name]["items"]["properties"]}
    ends = {str(code) for code in CURES} - {FailureCode.LOST, FailureCode.UNREACHABLE}
    assert sorted((schema.keys() | nested | items | {*MANIFEST_KEYS} | ends) - named) == []


def test_the_job_files_on_the_page_are_legal(tmp_path: Path) -> None:
    text = (TOP / "docs" / "jobfile.md").read_text(encoding="utf-8")
    for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
        folder = picture_job(tmp_path / str(number), pictures=0, job=example)
        for frame in range(4):
            picture(folder / "frames" / f"{frame}.png")
        write(folder / "READY", "")
        spool = Spool.create(tmp_path / "spool")
        drafting = Drafting(
            spool, workflows=(), input_roots=(), windows=["nights"], targets=["studio"]
        )
        draft = drafting.draft(folder / "job.yaml", now=NOW)
        assert draft.problems == ()


def test_the_definition_on_the_page_is_legal() -> None:
    text = (TOP / "docs" / "workflows.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    checked(parse(example, "workflows.md"), DefinitionKeys)


def test_the_page_of_figures_has_the_newest_of_each() -> None:
    newest: dict[str, float] = {}
    for line in (TOP / "bench" / "history.jsonl").read_text(encoding="utf-8").splitlines():
        newest |= json.loads(line)["figures"]
    text = (TOP / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([\d.,]+) \S+ \|", text, re.MULTILINE)
    assert rows
    assert [(name, value, shown(newest[name])) for name, value in rows] == [
        (name, value, value) for name, value in rows
    ]


def shown(figure: float) -> str:
    return f"{float(f'{figure:.3g}'):,g}"


def keys_of(schema: dict[str, Any]) -> set[str]:
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def test_every_fault_on_the_page_has_its_test() -> None:
    text = (TOP / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)`", text)
    assert named
    there = {
        path.name for kind in ("faults", "cluster") for path in (TOP / "tests" / kind).iterdir()
    }
    assert {*named} <= there
