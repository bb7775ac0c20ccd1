"""Builds a component's memory: its modules are loaded once, and every event starts from a copy of the memory after
that.

So this does everything that can be done once. State that must differ between instances is found here, and renewed by
`wake`. No file can be read later: modules that functions import are imported now, and the source lines that tracebacks
show are kept.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import importlib.util
import linecache
import logging
import random
import sys
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from . import _environment, _inputs, _loop, _sandbox, _traces, _worlds

if TYPE_CHECKING:
    from .namespace import RealtimeNamespace

# Modules that the standard library imports only when they are used, and that handlers are likely to use.
_LAZY = (
    "_strptime",
    "asyncio.staggered",
    "asyncio.taskgroups",
    "asyncio.timeouts",
    "colorsys",
    "concurrent.futures.thread",
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.punycode",
    "encodings.utf_16",
    "encodings.utf_16_le",
    "encodings.utf_32",
    "random",
    "secrets",
    "stringprep",
    "unicodedata",
    "uuid",
)

_served: RealtimeNamespace | None = None
_late_imports: set[str] = set()
_own_late_imports: dict[str, str] = {}
"""Modules that functions of the handler's own files import and do not do without, and where."""
warnings: list[str] = []
"""For the person who builds."""
_unseeded: dict[int, random.Random] = {}
_own_files: set[str] = set()
"""The handler's own modules, as their code names them."""


class Refused(Exception):
    """The module cannot be a component. The text is for the person who builds it."""


def served() -> RealtimeNamespace:
    """The namespace of the component."""
    assert _served is not None, "`load` was called"
    return _served


def serve(ns: RealtimeNamespace) -> None:
    global _served
    _served = ns


def load(file: str, roots: list[str]) -> None:
    """Loads the module in `file`, which is in one of `roots`: the folders of the handler and of its dependencies.

    Raises `Refused`, with a text that says what is wrong and where.
    """
    try:
        with _inputs.noting(), _environment.watched(_own_files), _sandbox.building():
            _load(file, roots)
    except Refused:
        raise
    except BaseException as error:
        # A variable that is missing is the cause of many errors.
        raise Refused(_environment.refusal() or _traces.text(error)) from None
    if refusal := _environment.refusal():
        raise Refused(refusal)


def _load(file: str, roots: list[str]) -> None:
    _watch_generators()
    _print_lines()
    _find_modules(roots)
    module = _execute(file)
    ns = _namespace_of(module)
    try:
        ns._registry.prepare()
    except TypeError as error:
        raise Refused(str(error)) from None
    _loop.prepare()
    _preload()
    serve(ns)


def seal() -> None:
    """Called last: marks all objects so far as permanent. Garbage collections in an event then neither examine them nor
    write to their memory."""
    _environment.remember()
    _sandbox.seal()
    gc.collect()
    gc.freeze()


def wake() -> None:
    """Called first in every instance."""
    for generator in _unseeded.values():
        generator.seed()


def _watch_generators() -> None:
    """Finds random generators without a given seed: each instance gives them a new one.

    Generators with a given seed are meant to repeat their numbers. `uuid` and `secrets` ask the host each time.
    """
    seed = random.Random.seed

    def watched(self: random.Random, a: Any = None, version: int = 2) -> None:
        seed(self, a, version)
        if a is None:
            _unseeded[id(self)] = self
        else:
            _unseeded.pop(id(self), None)

    random.Random.seed = watched  # type: ignore[method-assign]
    module_wide: random.Random = random._inst
    random.seed = module_wide.seed
    random.seed()


def _print_lines() -> None:
    """Makes printed lines reach the log one by one, even if the handler never returns."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.lastResort = _LogLines()


class _LogLines(logging.Handler):
    """Used if the module does not set up logging: warnings and errors go to stderr, the rest to stdout, so that they
    have different levels in the host's log."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr if record.levelno >= logging.WARNING else sys.stdout)


class _Source(SourceFileLoader):
    """Loads modules from source only. Tracebacks show their files relative to the project's folder."""

    needs_tls = False

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        _inputs.add(path)
        return self.source_to_code(self.get_data(path), path)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        shown = str(path)
        for root in _roots:
            shown = shown.removeprefix(root + "/")
        if str(path).startswith(_roots[0] + "/"):
            _own_files.add(shown)
        text = importlib.util.decode_source(data)
        linecache.cache[shown] = (len(text), None, text.splitlines(keepends=True), shown)
        code: CodeType = compile(data, shown, "exec", dont_inherit=True, optimize=_optimize)
        tree = ast.parse(text)
        self.needs_tls = _sandbox.needs_tls(tree)
        _worlds.note(tree)
        found = _nested_imports(tree, self.name)
        _late_imports.update(found)
        if shown in _own_files:
            for name, line in found.items():
                if line is not None:
                    _own_late_imports.setdefault(name, f"{shown}:{line}")
        return code

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(self.name)
        assert code is not None, "modules are loaded from source"
        with _sandbox.tls(self.needs_tls):
            exec(code, module.__dict__)


_roots: list[str] = []


def _find_modules(roots: list[str]) -> None:
    _roots[:] = roots
    finder = FileFinder.path_hook((_Source, [".py"]))

    def hook(path: str) -> Any:
        if not any(path == root or path.startswith(root + "/") for root in roots):
            raise ImportError("not of the component's own folders")
        return finder(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def _execute(file: str) -> ModuleType:
    name = Path(file).stem
    spec = ModuleSpec(name, _Source(name, file), origin=file)
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    # As every import does: other modules of the handler may import this one.
    sys.modules[name] = module
    assert spec.loader is not None, "the spec was created with a loader"
    spec.loader.exec_module(module)
    return module


def _namespace_of(module: ModuleType) -> RealtimeNamespace:
    from .namespace import RealtimeNamespace

    found = {id(value): name for name, value in vars(module).items() if isinstance(value, RealtimeNamespace)}
    names = ", ".join(f"`{name}`" for name in found.values())
    if not found:
        raise Refused('there is no `ns = RealtimeNamespace("/…")` in the module: a component serves one namespace')
    if len(found) > 1:
        raise Refused(f"there are {len(found)} namespaces in the module ({names}): a component serves one")
    namespace: RealtimeNamespace = vars(module)[next(iter(found.values()))]
    return namespace


def _preload() -> None:
    """Imports the modules that functions would import later. Modules that cannot be imported are skipped: they may not
    be needed."""
    done: set[str] = set()
    waiting = {*_LAZY, *_late_imports}
    while waiting:
        for name in sorted(waiting):
            try:
                importlib.import_module(name)
            except Exception as error:
                why = _traces.last_line(error)
                _sandbox.failed_imports[name] = why
                if place := _own_late_imports.get(name):
                    warnings.append(f"{place}: the import of `{name}` will fail in every event: {why}")
        done |= waiting
        waiting = _late_imports - done


def _nested_imports(tree: ast.Module, module: str) -> dict[str, int | None]:
    """The names of modules that are imported inside functions, with their lines; without one where the name may be no
    module, or the function can do without."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    tries = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Try)]
    optional = {id(node) for one in tries if one.handlers for part in one.body for node in ast.walk(part)}
    names: dict[str, int | None] = {}
    for node in (node for function in functions for node in ast.walk(function)):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        line = None if id(node) in optional else node.lineno
        if isinstance(node, ast.Import):
            names.update({alias.name: line for alias in node.names})
        elif not node.level and node.module:
            names.update({f"{node.module}.{alias.name}": None for alias in node.names if alias.name != "*"})
            names[node.module] = line
        elif node.level:
            package = module.rsplit(".", node.level)[0]
            names[f"{package}.{node.module}" if node.module else package] = None
    return names
