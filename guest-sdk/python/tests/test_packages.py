"""Which releases are installed, and what is said about it. pip runs, with wheels that the test makes."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from builder import packages, project
from builder.errors import BuildError, MissingError
from builder.toolchain import COMPONENTIZE, Toolchain

NATIVE = "cp314-cp314-manylinux2014_x86_64"


def python_with_pip(folder: Path) -> str:
    if subprocess.run([sys.executable, "-c", "import pip"], capture_output=True).returncode == 0:
        return sys.executable
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / "bin" / "python")


class Installed(unittest.TestCase):
    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory()))
        # As if componentize-py was installed.
        venv = self.path / "cache" / f"componentize-py-{COMPONENTIZE}"
        (venv / "bin").mkdir(parents=True)
        (venv / ".complete").touch()
        program = venv / "bin" / "python"
        program.write_text(f'#!/bin/sh\nexec "{python_with_pip(self.path / "venv")}" "$@"\n')
        program.chmod(0o755)
        (self.path / "wheels").mkdir()
        (self.path / "chat.py").touch()

    def wheel(self, name: str, version: str, tag: str = "py3-none-any", needs: str = "") -> None:
        info = f"{name}-{version}.dist-info"
        needed = f"Requires-Dist: {needs}\n" if needs else ""
        with zipfile.ZipFile(self.path / "wheels" / f"{name}-{version}-{tag}.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
            wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n")
            wheel.writestr(f"{info}/RECORD", "")

    def install(self, lines: str, install: bool = True) -> tuple[dict[str, str], list[str]]:
        """The installed packages, and what was said."""
        (self.path / "requirements.txt").write_text(f"--no-index\n--find-links {self.path / 'wheels'}\n{lines}\n")
        found = project.find(self.path / "chat.py")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            place = Toolchain(self.path / "cache", install).dependencies(found.requirements, found.folder)
        assert place is not None
        have = {one.metadata["Name"]: one.version for one in packages._distributions(place)}
        return have, [line for line in said.getvalue().splitlines() if line.startswith("warning:")]

    def failed(self, lines: str) -> str:
        with self.assertRaises(BuildError) as caught:
            self.install(lines)
        return f"{caught.exception}\n{caught.exception.hint}"

    def test_an_older_release_is_named_with_the_reason(self) -> None:
        self.wheel("shop", "1.0")
        self.wheel("shop", "2.0", needs="shelf>=1")
        self.wheel("shelf", "1.0", needs="shop_core")
        self.wheel("shop_core", "3.0", NATIVE)
        self.wheel("plain", "1.0")
        self.wheel("plain", "1.1")
        self.wheel("fast", "1.0")
        self.wheel("fast", "2.0", NATIVE)
        # One that has both is not older.
        self.wheel("both", "1.0")
        self.wheel("both", "1.0", NATIVE)
        have, said = self.install("shop\nplain\nfast\nboth")
        self.assertEqual(have, {"shop": "1.0", "plain": "1.1", "fast": "1.0", "both": "1.0"})
        self.assertEqual(
            said,
            [
                "warning: fast 1.0 is installed, not 2.0: it has machine code, which a component cannot run",
                "warning: shop 1.0 is installed, not 2.0: it needs shop_core 3.0, which has machine code, which a "
                "component cannot run",
            ],
        )
        self.assertEqual(self.install("shop\nplain\nfast\nboth")[1], [], "it is said once")

    def test_the_package_to_blame_is_named(self) -> None:
        self.wheel("shop", "2.0", needs="shop_core")
        self.wheel("shop_core", "3.0", NATIVE)
        self.assertIn(
            "machine code, which a component cannot run:\n  shop_core 3.0, which shop 2.0 needs\n", self.failed("shop")
        )
        self.wheel("a", "1.0", needs="plain==1.0")
        self.wheel("b", "1.0", needs="plain==1.1")
        self.wheel("plain", "1.0")
        self.wheel("plain", "1.1")
        conflict = self.failed("a\nb")
        self.assertIn("a 1.0 depends on plain==1.0\n    b 1.0 depends on plain==1.1", conflict)
        self.assertIn("nowhere", self.failed("nowhere"))

    def test_what_an_included_file_says_counts(self) -> None:
        self.wheel("plain", "1.0")
        self.wheel("plain", "1.1")
        (self.path / "base.txt").write_text("-c limits.txt\nplain\n")
        (self.path / "limits.txt").write_text("plain<1.1\n")
        self.assertEqual(self.install("-r base.txt")[0], {"plain": "1.0"})
        (self.path / "limits.txt").write_text("plain<1.2\n")
        with self.assertRaises(MissingError):
            self.install("-r base.txt", install=False)
        self.assertEqual(self.install("-r base.txt")[0], {"plain": "1.1"})


if __name__ == "__main__":
    unittest.main()
