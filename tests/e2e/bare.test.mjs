/** The guest without an SDK that wit/README.md explains. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, open } from "./support/clients.mjs";
import { startHost } from "./support/host.mjs";

test("a guest needs no SDK", async (t) => {
  const host = await startHost(t, { components: ["bare"] });
  const refused = await open(t, host, "/bare").refused();
  assert.deepEqual([refused.message, refused.data], ["who are you?", { missing: "auth.name" }]);

  const ada = await connect(t, host, "/bare", { auth: { name: "Ada" } });
  const bob = await connect(t, host, "/bare", { auth: { name: "Bob" } });
  assert.equal(await ada.ask("say", "grüße"), 5);
  assert.deepEqual(await bob.next("said"), [{ from: "Ada", text: "grüße" }]);
  assert.deepEqual(ada.all("said"), []);
  assert.deepEqual(await bob.ask("blob", Buffer.from([1, 2, 3])), Buffer.from([1, 2, 3]));

  bob.emit("say", 1);
  const line = await host.log((line) => line.event === "say" && line.level === "WARN");
  assert.match(line.message, /invalid arguments: invalid type: integer `1`, expected a string/);
});
