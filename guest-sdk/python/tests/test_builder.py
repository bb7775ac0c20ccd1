"""What `build.py` finds, refuses and says."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from builder import project
from builder.errors import SourceError
from builder.requirements import Requirements

PACKAGE = Path(__file__).parent.parent


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.path = Path(self.temporary.name)

    def write(self, name: str, text: str = "") -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class Projects(Folder):
    def refused(self, source: Path) -> str:
        with self.assertRaises(SourceError) as caught:
            project.find(source)
        return str(caught.exception)

    def test_the_handler_of_a_folder_is_found_by_its_name(self) -> None:
        chat = self.write("chat.py")
        self.assertEqual(project.find(self.path).file, chat)
        self.write("other.py")
        self.assertIn("chat.py, other.py", self.refused(self.path))
        main = self.write("main.py")
        self.assertEqual(project.find(self.path).file, main)
        handler = self.write("handler.py")
        self.assertEqual(project.find(self.path).file, handler)
        self.assertEqual(project.find(chat).file, chat)

    def test_what_is_no_python_file_is_refused(self) -> None:
        self.assertIn("does not exist", self.refused(self.path / "nowhere.py"))
        self.assertIn("not a Python file", self.refused(self.write("chat.txt")))
        self.assertIn("not clear", self.refused(self.write("empty/x.txt").parent))

    def test_dependencies_are_those_of_the_folder(self) -> None:
        chat = self.write("chat.py")
        self.assertEqual(project.find(chat).requirements.lines, [])
        pyproject = self.write("pyproject.toml", '[project]\ndependencies = ["six==1.16.0", "realtime-guest"]\n')
        self.assertEqual(project.find(chat).requirements, Requirements(["six==1.16.0"], [pyproject]))
        listed = self.write("requirements.txt", "# none\n\nsix  # a comment at the end\n")
        self.assertEqual(project.find(chat).requirements, Requirements(["six"], [listed]))

    def test_requirements_are_also_those_of_included_files(self) -> None:
        chat = self.write("chat.py")
        included = [
            self.write(
                "requirements.txt", "-r base.txt\n--constraint=limits/all.txt\nsix; \\\n  python_version > '3'\n"
            ),
            self.write(
                "base.txt", "-r requirements.txt\n-c limits/all.txt\nhumanize>=4#egg\n-r https://example.com/x\n"
            ),
            self.write("limits/all.txt", "-r more.txt\nsix==1.16.0\n"),
            self.write("limits/more.txt", "humanize==4.1\n"),
        ]
        found = project.find(chat).requirements
        self.assertEqual(sorted(found.files), sorted(included))
        self.assertEqual(found.lines, ["humanize>=4#egg", "-r https://example.com/x", "six;   python_version > '3'"])
        self.write("base.txt", "--requirement gone.txt\n")
        self.assertIn("base.txt includes gone.txt, which does not exist", self.refused(chat))

    def test_a_module_that_hides_the_package_is_refused(self) -> None:
        chat = self.write("chat.py")
        self.write("realtime.py")
        self.assertIn("hides the package", self.refused(chat))


class Commands(Folder):
    def build(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            str(PACKAGE / "build.py"),
            *map(str, arguments),
            "--cache-dir",
            str(self.path / "cache"),
        ]
        return subprocess.run(command, capture_output=True, text=True)

    def test_what_is_missing_is_named_with_the_flag_that_installs_it(self) -> None:
        done = self.build(self.write("chat.py"))
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"error: componentize-py \S+ is missing\nhint: build with `--install`, .*cache")

    def test_wrong_usage_is_told_apart(self) -> None:
        self.assertEqual(self.build().returncode, 2)
        done = self.build(self.path / "nowhere.py")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^error: .*nowhere\.py does not exist")


if __name__ == "__main__":
    unittest.main()
