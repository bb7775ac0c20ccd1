#!/usr/bin/env python3
"""Builds a component for `host run` from handlers in Python.

    python3 build.py handler.py -o handler.wasm
    python3 build.py --install                     only installs the tools for builds

Exit codes: 0 built; 1 the component cannot be built (stderr says why); 2 wrong usage, or nothing to build; 3 something
must be installed first (stderr says how).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("error: this Python is too old\nhint: build with Python 3.11 or newer")

from builder import component, project
from builder.errors import BuildError
from builder.toolchain import Toolchain, default_cache, say


def main() -> int:
    arguments = _arguments()
    try:
        toolchain = Toolchain(arguments.cache_dir.absolute(), arguments.install)
        if arguments.bindings:
            component.bindings(toolchain.componentize_py, arguments.bindings)
        if arguments.source is None:
            toolchain.componentize_py
            return 0
        found = project.find(arguments.source)
        output: Path = arguments.output or Path(f"{found.file.stem}.wasm")
        componentize_py = toolchain.componentize_py
        dependencies = toolchain.dependencies(found.requirements, found.folder)
        started = time.monotonic()
        say(f"building {found.file.name}")
        inputs = component.build(found, dependencies, componentize_py, output, say)
        if arguments.inputs:
            arguments.inputs.write_text(
                "".join(f"{file}\n" for file in [*inputs, *found.requirements.files, *found.looked_for])
            )
    except BuildError as error:
        say(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
        return error.exit_code
    say(f"built: {output.stat().st_size / 1e6:.1f} MB in {time.monotonic() - started:.0f} s")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py", description="Builds a component from handlers in Python.")
    parser.add_argument("source", type=Path, nargs="?", help="a Python file, or a folder with handler.py or main.py")
    parser.add_argument("-o", "--output", type=Path, help="the component [default: the file's name with .wasm]")
    parser.add_argument("--install", action="store_true", help="install what is missing, in the cache folder")
    parser.add_argument("--inputs", type=Path, metavar="FILE", help="write which files the component was built from")
    parser.add_argument("--bindings", type=Path, metavar="DIR", help="write the WIT bindings, to check the SDK's types")
    parser.add_argument("--cache-dir", type=Path, default=default_cache(), help="[default: %(default)s]")
    arguments = parser.parse_args()
    if arguments.source is None and not (arguments.install or arguments.bindings):
        parser.error("nothing to build: give a Python file or a folder")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
