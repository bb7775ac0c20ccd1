/**
 * `host new` in every language, as a newcomer uses it: the project is made, run, asked by a client, and its own test
 * passes, with nothing installed before that `--install` does not install.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { connect, open } from "./support/clients.mjs";
import { CACHE, FOUND, runHost, startHost } from "./support/host.mjs";

const NAME = "my-app";
/** What runs a language inside of its component. */
const ENGINES = { js: "QuickJS", ts: "QuickJS", python: "CPython" };
/** Cargo's folder for the projects in Rust, so that another run of the tests has less to compile. */
const CARGO = { CARGO_TARGET_DIR: resolve(CACHE, "cargo") };

/** Makes a project, which goes with the test; returns its folder, and the command that tests it. */
async function create(t, lang) {
  const home = await mkdtemp(join(tmpdir(), "host-new-"));
  t.after(() => rm(home, { recursive: true }));
  const dir = join(home, NAME);
  const { code, stdout, stderr } = await runHost(["new", dir, "--lang", lang]);
  assert.equal(code, 0, stderr);
  const [, run, testCommand] = stdout.match(/\n {2}(host run .*)\n {2}(.+)\n$/) ?? assert.fail(stdout);
  assert.equal(run, "host run --install");
  assert.ok((await readFile(join(dir, "README.md"), "utf8")).includes(`${testCommand}  `), "the README has the command too");
  return { dir, testCommand };
}

for (const lang of ["rust", "js", "ts", "python"]) {
  test(`host new --lang ${lang}: runs, and its own test passes`, async (t) => {
    const { dir, testCommand } = await create(t, lang);
    const host = await startHost(t, { components: [], flags: ["--config", join(dir, "host.toml"), "--install"], env: CARGO });
    const built = await runHost(["build", dir], CARGO);
    const { stdout: inspected } = await runHost(["inspect", built.stdout.trimEnd()]);
    assert.match(inspected, new RegExp(`^namespace +/${NAME}\nevents +\\$connect, add, shout\nimports `, "m"));
    assert.equal(inspected.match(/^engine +(.*)/m)?.[1], ENGINES[lang]);

    const refused = await open(t, host, `/${NAME}`).refused();
    assert.deepEqual([refused.message, refused.data], ["who are you?", { missing: "auth.name" }]);
    const client = await connect(t, host, `/${NAME}`, { auth: { name: "Ada" } });
    assert.equal(await client.ask("add", 1, 2), 3);
    client.emit("shout", "hi");
    assert.deepEqual(await client.next("shouted"), [{ by: "Ada", text: "HI" }]);

    // Not the variable by which this runner tells its files that they are its own.
    const { NODE_TEST_CONTEXT, ...env } = { ...process.env, ...FOUND, ...CARGO };
    const tested = promisify(execFile)("sh", ["-c", testCommand], { cwd: dir, env });
    await tested.catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  });
}

test("the documentation shows the handlers of new projects", async () => {
  const handlers = {
    js: ["js/handler.js", "README.md"],
    ts: ["ts/src/handler.ts", "docs/handlers-javascript.md"],
    python: ["python/handler.py", "docs/handlers-python.md"],
    rust: ["rust/src/lib.rs", "docs/handlers-rust.md"],
  };
  for (const [language, [file, page]] of Object.entries(handlers)) {
    const handler = await readFile(new URL(`../../host/templates/${file}`, import.meta.url), "utf8");
    const text = await readFile(new URL(`../../${page}`, import.meta.url), "utf8");
    assert.ok(text.includes(`\`\`\`${language}\n${handler}\`\`\``), `${page}: ${file}`);
  }
});

describe("what cannot be made", () => {
  test("a name that no package can have, and a folder that has something in it", async (t) => {
    const { dir } = await create(t, "js");
    for (const [name, error] of [
      [join(dir, "My App"), /`My App` cannot be the name of a project.*\nhint: use lower-case letters/],
      [dir, /exists already\nhint: give another name/],
    ]) {
      const { code, stderr } = await runHost(["new", name, "--lang", "js"]);
      assert.equal(code, 1);
      assert.match(stderr, error);
    }
  });
});
