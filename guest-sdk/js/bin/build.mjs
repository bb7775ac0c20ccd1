#!/usr/bin/env node
/** The builder's command line. `host build` calls it. */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { EXIT } from "../src/build/errors.mjs";

const USAGE = `usage: realtime-build HANDLER -o FILE.wasm [--engine ENGINE] [--inputs FILE]

  HANDLER             a JavaScript or TypeScript file that exports a RealtimeNamespace, or the folder of an npm project:
                      "main" in its package.json, else index.ts, index.js, handler.ts …, there or in src
  -o, --output FILE   where to write the component
  --engine ENGINE     quickjs (the default), or starlingmonkey, which has more web APIs but is larger and slower
  --inputs FILE       write the paths of the files that the component was built from, one per line

exit codes: 0 built, 1 the handler cannot be built, 2 wrong usage, 3 something is not installed
`;

function usage(message) {
  process.stderr.write(message === undefined ? USAGE : `error: ${message}\n\n${USAGE}`);
  process.exit(EXIT.usage);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        engine: { type: "string", default: "quickjs" },
        inputs: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}

/** Loads the builder. It needs packages that `npm ci` installs. */
async function builder() {
  try {
    return await import("../src/build/index.mjs");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(`error: ${error.message}\n  hint: run \`npm ci\` in the SDK's folder\n`);
    return process.exit(EXIT.missing);
  }
}

const { values, positionals } = parse();
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (positionals.length !== 1) usage("give one file or folder");
if (values.output === undefined) usage("give the output with `-o`");

const { buildHandler, BuildError, engines } = await builder();
if (!engines.includes(values.engine)) usage(`unknown engine \`${values.engine}\`; known: ${engines.join(", ")}`);
try {
  const { component, warnings, inputs } = await buildHandler(positionals[0], values);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  await writeFile(values.output, component);
  if (values.inputs) await writeFile(values.inputs, inputs.map((path) => `${path}\n`).join(""));
} catch (error) {
  if (!(error instanceof BuildError) && error.syscall === undefined) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  for (const hint of error.hint?.split("\n") ?? []) process.stderr.write(`  hint: ${hint}\n`);
  process.exit(error.exit ?? EXIT.handler);
}
