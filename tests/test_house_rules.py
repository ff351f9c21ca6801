"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "ranker", "exporter", "benchmarks", "deploy", "protos", "tests")
FILES = [
    file
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    if not file.is_relative_to(ROOT / "protos/gen")
]
LONGEST = 300
SENTENCE = re.compile(r"[^\n]+[.:](\n|$)")
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|manager|base|impl|misc)(_|\.|$)")


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_files_are_short() -> None:
    lengths = {name(file): file.read_text(encoding="utf-8").count("\n") for file in FILES}
    too_long = {file: length for file, length in lengths.items() if length > LONGEST}
    assert not too_long, "split them: one responsibility a file"


def test_files_say_what_they_are_for() -> None:
    docstrings = {
        name(file): ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        for file in FILES
        if not file.is_relative_to(ROOT / "tests")
    }
    silent = [file for file, text in docstrings.items() if not SENTENCE.match(text)]
    assert not silent, "the first line of a file is a sentence that names its responsibility"


def test_names_say_something() -> None:
    assert not [name(file) for file in FILES if VAGUE.search(file.name)]


def test_tests_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_tests_mirror_the_code() -> None:
    for folder in (ROOT / "tests").rglob("*"):
        inside = folder.relative_to(ROOT / "tests")
        mirrored = ROOT / inside
        elsewhere = inside.parts[0] == "integration" or folder.name in {"__pycache__", "data"}
        if folder.is_dir() and not elsewhere:
            module = mirrored.with_suffix(".py")
            assert mirrored.is_dir() or module.is_file(), f"{name(folder)} mirrors nothing"
