"""Say how the code is built: folders and what they import, circles of imports, lengths of files, functions.

    python -m tools.maintain.structure                  # of the working tree
    python -m tools.maintain.structure 9b7c341          # of a commit
    python -m tools.maintain.structure --json main

Lines of a file are all its lines; lines of a function reach from `def` to its last line, with its docstring.
An import under `if TYPE_CHECKING:` counts for types only, and makes no circle. Needs git.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import subprocess
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

TREES = ("monitor", "tools", "tests")
"""The parts of the repository, each measured by itself."""
PACKAGE = "monitor"


def sources(commit: str | None) -> dict[PurePosixPath, str]:
    """Return path -> text of every Python file that git knows, in the working tree or at a commit."""
    root = Path(git("rev-parse", "--show-toplevel").decode().strip())
    if commit is None:
        names = git("-C", str(root), "ls-files", "*.py").decode().splitlines()
        return {
            PurePosixPath(name): (root / name).read_text("utf-8") for name in names if (root / name).exists()
        }
    found = {}
    with tarfile.open(fileobj=io.BytesIO(git("-C", str(root), "archive", commit))) as archive:
        for member in archive:
            if member.name.endswith(".py") and (file := archive.extractfile(member)):
                found[PurePosixPath(member.name)] = file.read().decode()
    return found


def git(*arguments: str) -> bytes:
    """Return what a git command prints.

    Raises
    ------
    SystemExit
        Git refuses, with its own words.
    """
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"structure: {done.stderr.decode().strip()}")
    return done.stdout


def functions(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of each function and method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def lengths(values: Sequence[int]) -> dict[str, int]:
    """Return how many there are, their median, the ninth tenth, and the longest."""
    if not values:
        return {"count": 0, "p50": 0, "p90": 0, "max": 0}
    p50, p90 = np.percentile(values, [50, 90], method="higher")
    return {"count": len(values), "p50": int(p50), "p90": int(p90), "max": max(values)}


def module_name(path: PurePosixPath) -> str:
    """Return the dotted name of a module; a package is called like its folder."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, known: Mapping[str, ast.AST]) -> Iterator[str]:
    """Yield the modules of the package that are imported when this one runs, also within functions."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from [name for name in (whole, node.module) if name in known][:1]


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node, but those below `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield node
            yield from running(node)


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the sets of nodes that reach one another (Tarjan, SIAM J. Comput. 1, 1972), each sorted."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        open_nodes.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in open_nodes:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = open_nodes.index(node)
            if len(open_nodes) - at > 1:
                found.append(sorted(open_nodes[at:]))
            del open_nodes[at:]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def folder_of(module: str, folders: set[str]) -> str:
    """Return the part of the package that a module belongs to; one beside the folders stands for itself."""
    parts = module.split(".")
    if len(parts) == 1:
        return PACKAGE
    return parts[1] + "/" if parts[1] in folders else parts[1]


def structure(files: Mapping[PurePosixPath, str]) -> dict[str, Any]:
    """Return all figures of a tree, ready for JSON."""
    trees = {path: ast.parse(text) for path, text in files.items()}
    modules = {module_name(path): tree for path, tree in trees.items() if path.parts[0] == PACKAGE}
    folders = {path.parts[1] for path in trees if path.parts[0] == PACKAGE and len(path.parts) > 2}
    graph = {name: set(imports(tree, modules)) - {name} for name, tree in modules.items()}
    between: dict[str, set[str]] = defaultdict(set)
    for name, others in graph.items():
        between[folder_of(name, folders)] |= {folder_of(other, folders) for other in others}
    between = {name: others - {name} for name, others in between.items()}
    sizes = Counter(folder_of(name, folders) for name in modules)
    places = Counter(str(path.parent) for path in trees if path.parts[0] == PACKAGE)
    return {
        "modules per folder": dict(sorted(places.items())),
        "modules per part": dict(sorted(sizes.items())),
        "layers": layers(between),
        "imports": {name: sorted(others) for name, others in sorted(between.items())},
        "circles of folders": circles(between),
        "circles of modules": circles(graph),
        "trees": {tree: tree_figures(tree, files, trees) for tree in TREES},
    }


def layers(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the parts by how long a chain of imports is below them, the highest first; circles as one."""
    whole = {name: next((one for one in circles(graph) if name in one), [name]) for name in graph}
    depth: dict[str, int] = {}

    def deep(name: str) -> int:
        if name not in depth:
            members = whole[name]
            below = {other for one in members for other in graph[one]} - set(members)
            value = 1 + max((deep(other) for other in below), default=-1)
            depth.update(dict.fromkeys(members, value))
        return depth[name]

    rows: dict[int, list[str]] = defaultdict(list)
    for name in sorted(graph):
        rows[deep(name)].append(name)
    return [rows[at] for at in sorted(rows, reverse=True)]


def tree_figures(
    tree: str, files: Mapping[PurePosixPath, str], parsed: Mapping[PurePosixPath, ast.AST]
) -> dict[str, Any]:
    """Return the lengths of files and functions of one part of the repository."""
    mine = [path for path in files if path.parts[0] == tree]
    per_file = [files[path].count("\n") for path in mine]
    return {
        "lines": sum(per_file),
        "files": lengths(per_file),
        "functions": lengths([length for path in mine for length in functions(parsed[path])]),
    }


def draw(figures: Mapping[str, Any], title: str) -> None:
    """Print the figures as tables."""
    console = Console()
    table = Table(
        "tree", "lines", "files", "p50", "p90", "max", "functions", "p50", "p90", "max", title=title
    )
    for tree, found in figures["trees"].items():
        both = [str(value) for what in ("files", "functions") for value in found[what].values()]
        table.add_row(tree, str(found["lines"]), *both)
    console.print(table)
    parts = Table("layer", "parts of monitor/ (modules)", title="who imports whom, the highest first")
    sizes = figures["modules per part"]
    for number, row in enumerate(figures["layers"]):
        named = (f"{name} ({sizes[name]})" if name.endswith("/") else name for name in row)
        parts.add_row(str(number + 1), "  ".join(named))
    console.print(parts)
    for what in ("circles of folders", "circles of modules"):
        console.print(f"{what}: {len(figures[what])}", *map(" <-> ".join, figures[what]), sep="\n  ")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", nargs="?", help="default: the working tree")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    arguments = parser.parse_args()
    figures = structure(sources(arguments.commit))
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        draw(figures, arguments.commit or "working tree")


if __name__ == "__main__":
    main()
