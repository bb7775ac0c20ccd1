/** The differences from the reference server: listed in docs/differences.md, and each shown by a case. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { ALL } from "./cases/all.mjs";
import { DIFFERENCES } from "./differences.mjs";

test("docs/differences.md lists the differences, word for word", async () => {
  const page = await readFile(new URL("../../docs/differences.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  assert.deepEqual(cells, Object.values(DIFFERENCES));
});

test("each difference is shown by a case", () => {
  const shown = ALL.flatMap(({ cases }) => cases.map(({ differs }) => differs?.as));
  const listed = Object.keys(DIFFERENCES);
  assert.deepEqual(
    listed.filter((name) => !shown.includes(name)),
    [],
  );
});

test("no two cases of a group have the same name", () => {
  for (const { group, cases } of ALL) {
    const names = cases.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
      group,
    );
  }
});
