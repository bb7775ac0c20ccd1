/** The world of one component: those of `wit/world.wit` that it includes. */

import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const WIT = fileURLToPath(new URL("../../wit", import.meta.url));

/** Calls `make` with a folder of WIT and the name of a world in it that includes these. Engines take no text. */
export async function inWorld(included, make) {
  const witPath = await mkdtemp(join(tmpdir(), "realtime-wit-"));
  try {
    const worlds = readFileSync(join(WIT, "world.wit"), "utf8");
    const world = `world component {\n${included.map((name) => `  include ${name};\n`).join("")}}\n`;
    await writeFile(join(witPath, "world.wit"), `${worlds}\n${world}`);
    await symlink(join(WIT, "deps"), join(witPath, "deps"), "junction");
    return await make({ witPath, world: "component" });
  } finally {
    await rm(witPath, { recursive: true });
  }
}
