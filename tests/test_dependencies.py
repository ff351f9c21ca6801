"""What the code imports is what the project declares, and serving needs no torch."""

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = {"server", "ranker", "exporter", "omnishelf", "benchmarks", "protos", "deploy"}


def declared(*extras: str) -> set[str]:
    """Return the canonical names of what the project asks for, with `extras`."""
    lists = [PROJECT["dependencies"]]
    lists += [PROJECT["optional-dependencies"][extra] for extra in extras]
    return {canonicalize_name(Requirement(line).name) for names in lists for line in names}


def imported(package: str) -> dict[str, str]:
    """Return each foreign top-level module that a package imports, with one file that does."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            else:
                continue
            for module in modules:
                top = module.split(".")[0]
                if top not in OURS and top not in sys.stdlib_module_names:
                    found[top] = file.relative_to(ROOT).as_posix()
    return found


@pytest.mark.parametrize(
    ("package", "extras"),
    [("server", ()), ("ranker", ("training",)), ("exporter", ("exporter",)), ("protos", ("dev",))],
)
def test_every_import_is_declared(package: str, extras: tuple[str, ...]) -> None:
    distributions = packages_distributions()
    for module, file in imported(package).items():
        providers = {canonicalize_name(name) for name in distributions.get(module, [module])}
        assert providers & declared(*extras), f"{file} imports {module}, which is not declared"


@pytest.mark.parametrize("module", ["server.app", "server.cli", "ranker.registry"])
def test_serving_loads_no_torch(module: str) -> None:
    script = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert finished.returncode == 0
