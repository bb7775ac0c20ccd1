/** Finds a handler's file and the project around it. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { BuildError } from "./errors.mjs";

/** Names of a folder's handler if its `package.json` has no `main`. */
const NAMES = ["index", "handler", "src/index", "src/handler"];
const SUFFIXES = [".ts", ".mts", ".js", ".mjs", ".cjs"];

/** The handler's file: `source` itself, or the file in it if `source` is a folder. */
export function handlerOf(source) {
  const path = resolve(source);
  if (!existsSync(path)) throw new BuildError(`there is no file ${source}`);
  return statSync(path).isDirectory() ? entryOf(path, source) : path;
}

function entryOf(folder, shown) {
  const { main } = manifest(folder);
  if (main !== undefined) {
    const file = join(folder, main);
    if (isFile(file)) return file;
    throw new BuildError(`"main" in ${shown}/package.json is ${main}, which does not exist`);
  }
  const found = NAMES.flatMap((name) => SUFFIXES.map((suffix) => join(folder, name + suffix))).find(isFile);
  if (found) return found;
  const hint = 'give the file, or set "main": "FILE" in package.json';
  throw new BuildError(`it is not clear which file of ${shown} is the handler`, { hint });
}

function manifest(folder) {
  const file = join(folder, "package.json");
  if (!isFile(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BuildError(`cannot read ${file}: ${error.message}`);
  }
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The folder that paths in stack traces are relative to: that of the package, else that of the file. */
export function projectOf(file) {
  for (let dir = dirname(file); dir !== dirname(dir); dir = dirname(dir)) {
    if (isFile(join(dir, "package.json"))) return dir;
  }
  return dirname(file);
}

/** The files of a project that configure how its code is bundled. */
export function settingsOf(root) {
  return ["package.json", "tsconfig.json"].map((name) => join(root, name)).filter(isFile);
}
