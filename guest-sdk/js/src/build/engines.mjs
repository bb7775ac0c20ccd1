/** From one file of JavaScript to a component, with the engine inside. */

import { fileURLToPath } from "node:url";

import { BuildError, EXIT } from "./errors.mjs";

/** The engine that is installed apart. The first uses the second without saying so. */
const STARLINGMONKEY = ["@bytecodealliance/componentize-js@^0.23.0", "@bytecodealliance/preview2-shim@^0.17.4"];
const WIT = fileURLToPath(new URL("../../wit", import.meta.url));

export const ENGINES = {
  quickjs: async (code) => {
    const { componentize } = await installed("componentize-qjs");
    const { component } = await componentize({ witPath: WIT, world: "quickjs", jsSource: code });
    return component;
  },
  starlingmonkey: async (code) => {
    const { componentize } = await installed("@bytecodealliance/componentize-js", STARLINGMONKEY);
    const { component } = await componentize(code, {
      sourceName: "realtime-handler",
      witPath: WIT,
      worldName: "starlingmonkey",
      // What the host does not grant would be imported all the same.
      disableFeatures: ["http", "fetch-event"],
    });
    return component;
  },
};

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
