/**
 * Turns one JavaScript file into a component that contains the engine.
 *
 * `engines.json` lists the engines, and for each the npm packages that are installed only when it is asked for. It is a
 * file of its own, so that programs that install an engine can read it. For StarlingMonkey it has two packages: the
 * first needs the second, but does not name it as a dependency.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { BuildError, EXIT } from "./errors.mjs";
import { inWorld } from "./world.mjs";

const SETTINGS = JSON.parse(readFileSync(new URL("engines.json", import.meta.url), "utf8"));

/** The worlds of what a handler uses (`polyfills.mjs`). StarlingMonkey has its own `fetch`. */
const WORLDS = {
  quickjs: { fetch: ["fetch"], kv: ["kv"], schedules: ["async-schedules"] },
  starlingmonkey: { fetch: [], kv: ["kv"], schedules: ["schedules"] },
};

const worldsOf = (engine, uses) => [engine, ...uses.flatMap((name) => WORLDS[engine][name])];

/** For each engine, what makes a component of code. */
export const ENGINES = {
  quickjs: async (code, uses) => {
    const { componentize } = await installed("componentize-qjs", "quickjs");
    const made = ({ witPath, world }) => componentize({ witPath, world, jsSource: code });
    const { component } = await inWorld(worldsOf("quickjs", uses), made);
    return uses.includes("fetch") ? renamed(component) : component;
  },
  starlingmonkey: async (code, uses) => {
    const { componentize } = await installed("@bytecodealliance/componentize-js", "starlingmonkey");
    // Features that are not disabled are imported even if the handler does not use them.
    const disableFeatures = uses.includes("fetch") ? ["fetch-event"] : ["http", "fetch-event"];
    const made = ({ witPath, world }) =>
      componentize(code, { sourceName: "realtime-handler", witPath, worldName: world, disableFeatures });
    const { component } = await inWorld(worldsOf("starlingmonkey", uses), made);
    return component;
  },
};

/**
 * Renames the imports of `late:http` and `late:io` to `wasi:http` and `wasi:io`.
 *
 * componentize-qjs 0.4.5 evaluates the file with WASI but without `wasi:http`, and its stand-in for `wasi:http` cannot
 * use the streams of the real `wasi:io`. So until the file is evaluated, both packages have the unknown namespace
 * `late`, which is as long as `wasi`.
 */
function renamed(component) {
  const names = component.toString("latin1").matchAll(/late:(http|io)\/[a-z-]+@0\.2\.8/g);
  for (const { index } of names) component.write("wasi", index);
  return component;
}

/** Imports the npm package of an engine. */
async function installed(name, engine) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    const { packages } = SETTINGS[engine];
    const command = packages.length === 0 ? "npm ci" : `npm install --no-save ${packages.join(" ")}`;
    const folder = fileURLToPath(new URL("../..", import.meta.url));
    throw new BuildError(`the package \`${name}\` is not installed`, {
      exit: EXIT.missing,
      hint: `run \`${command}\` in ${folder}`,
    });
  }
}
