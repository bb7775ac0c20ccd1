/** From one file of JavaScript to a component, with the engine inside. */

import { fileURLToPath } from "node:url";

import { BuildError, EXIT } from "./errors.mjs";

/** The engine that is installed apart. The first uses the second without saying so. */
const STARLINGMONKEY = ["@bytecodealliance/componentize-js@^0.23.0", "@bytecodealliance/preview2-shim@^0.17.4"];
const WIT = fileURLToPath(new URL("../../wit", import.meta.url));

export const ENGINES = {
  quickjs: async (code, { sends }) => {
    const { componentize } = await installed("componentize-qjs");
    const world = sends ? "quickjs-fetch" : "quickjs";
    const { component } = await componentize({ witPath: WIT, world, jsSource: code });
    return sends ? renamed(component) : component;
  },
  starlingmonkey: async (code, { sends }) => {
    const { componentize } = await installed("@bytecodealliance/componentize-js", STARLINGMONKEY);
    const { component } = await componentize(code, {
      sourceName: "realtime-handler",
      witPath: WIT,
      worldName: "starlingmonkey",
      // What the handler does not use would be imported all the same.
      disableFeatures: sends ? ["fetch-event"] : ["http", "fetch-event"],
    });
    return component;
  },
};

/**
 * Gives the imports of `wasi:http`, and those of its `wasi:io`, their names.
 *
 * componentize-qjs 0.4.5 evaluates the file with WASI but without `wasi:http`, and what stands for that cannot have the
 * streams of the real `wasi:io`. Until then they are packages of an unknown namespace, whose name is as long.
 */
function renamed(component) {
  const names = component.toString("latin1").matchAll(/late:(http|io)\/[a-z-]+@0\.2\.8/g);
  for (const { index } of names) component.write("wasi", index);
  return component;
}

async function installed(name, packages) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    const what = packages === undefined ? "npm ci" : `npm install --no-save ${packages.join(" ")}`;
    const folder = fileURLToPath(new URL("../..", import.meta.url));
    throw new BuildError(`the package \`${name}\` is not installed`, {
      exit: EXIT.missing,
      hint: `in ${folder}: ${what}`,
    });
  }
}
