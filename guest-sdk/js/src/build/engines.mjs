/** From one file of JavaScript to a component, with the engine inside. */

import { fileURLToPath } from "node:url";

import { BuildError, EXIT } from "./errors.mjs";

const WIT = fileURLToPath(new URL("../../wit", import.meta.url));

export const ENGINES = {
  quickjs: async (code) => {
    const { componentize } = await installed("componentize-qjs");
    const { component } = await componentize({ witPath: WIT, world: "quickjs", jsSource: code });
    return component;
  },
  starlingmonkey: async (code) => {
    const { componentize } = await installed("@bytecodealliance/componentize-js", "^0.23.0");
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

async function installed(name, version) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    const what = version === undefined ? "npm ci" : `npm install --no-save ${name}@${version}`;
    const folder = fileURLToPath(new URL("../..", import.meta.url));
    throw new BuildError(`the package \`${name}\` is not installed`, {
      exit: EXIT.missing,
      hint: `in ${folder}: ${what}`,
    });
  }
}
