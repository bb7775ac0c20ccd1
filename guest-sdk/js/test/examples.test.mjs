/** The examples in JavaScript and TypeScript; `tests/browser` has `chat-js`. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { component, connect, open, serve } from "./support/components.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const example = (path) => component(join(ROOT, "examples", path));
const run = promisify(execFile);

test("notifications-ts reaches every device of a user", async (t) => {
  const host = await serve(t, await example("notifications-ts/src/notifications.ts"));
  const device = (userId) => connect(t, host, "/notifications", { auth: { userId } });
  const refused = await open(t, host, "/notifications", { auth: {} }).refused();
  assert.deepEqual([refused.message, refused.data], ["who are you?", { missing: "auth.userId" }]);

  const [phone, laptop, bob] = [await device("ada"), await device("ada"), await device("bob")];
  assert.equal(await bob.ask("notify", { to: "ada", title: "lunch?" }), 2);
  const [[notification], [same]] = [await phone.next("notification"), await laptop.next("notification")];
  assert.deepEqual(notification, same);
  assert.deepEqual([notification.from, notification.title], ["bob", "lunch?"]);
  phone.emit("read", notification.id);
  assert.deepEqual(await laptop.next("read"), [notification.id]);
  assert.equal(await bob.ask("notify", { to: "nobody", title: "?" }), 0);
  assert.deepEqual(bob.all("notification"), []);
});

test("notifications-ts has no errors of types", async () => {
  const tsc = join(ROOT, "guest-sdk/js/node_modules/.bin/tsc");
  await run(tsc, ["-p", join(ROOT, "examples/notifications-ts")]).catch(({ stdout }) => assert.fail(stdout));
});

test("presence-js tells when a user comes and when the last socket of a user goes", async (t) => {
  const host = await serve(t, await example("presence-js/presence.js"));
  const enter = (userId) => connect(t, host, "/presence", { auth: { userId } });
  const witness = await enter("witness");
  const one = await enter("ada");
  assert.deepEqual(await witness.next("online"), ["ada"]);
  const two = await enter("ada");
  assert.deepEqual(await witness.ask("who"), ["ada", "witness"]);
  one.socket.disconnect();
  await enter("bob");
  assert.deepEqual(await witness.next("online"), ["bob"]);
  assert.deepEqual(witness.all("offline"), []);
  two.socket.disconnect();
  assert.deepEqual(await witness.next("offline"), ["ada"]);
  assert.deepEqual(await witness.ask("who"), ["bob", "witness"]);
});
