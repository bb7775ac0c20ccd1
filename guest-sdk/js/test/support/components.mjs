/** Components of handlers, built with the SDK and run by the real host. */

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SDK = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = join(SDK, "bin/build.mjs");
const HANDLERS = join(SDK, "test/handlers");
const TARGET = resolve(SDK, "../../target/guest-sdk-js");

// Where the tests' support looks for components, so before it is loaded.
process.env.HOST_GUESTS = TARGET;
const { runHost, startHost } = await import("../../../../tests/e2e/support/host.mjs");
export { runHost };
export const { connect, open } = await import("../../../../tests/e2e/support/clients.mjs");

export const { until } = await import("../../../../tests/e2e/support/wait.mjs");

/** Runs the build; returns `{code, stderr}`. */
export async function runBuild(...args) {
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [BUILD, ...args]);
    return { code: 0, stderr };
  } catch (error) {
    return { code: error.code, stderr: error.stderr };
  }
}

/** Builds a component from a file; returns its name, for `serve`. */
export async function component(file, ...flags) {
  const name = `${file.replace(/.*\//, "").replace(/\W/g, "-")}${flags.join("").replace(/\W+/g, "-")}`;
  mkdirSync(TARGET, { recursive: true });
  const { code, stderr } = await runBuild(resolve(HANDLERS, file), "-o", join(TARGET, `${name}.wasm`), ...flags);
  if (code !== 0) throw new Error(stderr);
  return name;
}

/** Writes files, by path, into a new folder; returns the folder. */
export function folder(files) {
  mkdirSync(TARGET, { recursive: true });
  const dir = mkdtempSync(join(TARGET, "source-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

/** Starts a host with a component, or the file of a handler, which goes with the test. */
export async function serve(t, name, options = {}) {
  return startHost(t, { components: [name], ...options });
}
