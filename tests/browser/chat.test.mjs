/**
 * The chat example's page, driven in headless Chromium: two windows talk to each other through the running host.
 *
 * `CHROMIUM` is the browser to run, by default Debian's. `CHAT_COMPONENT` is the handler, a guest or a source's path, by
 * default that of `examples/chat`; with `CHAT_URL`, the page of a host that runs already is tested. What the page promises to tests
 * (ids, data attributes, address parameters) stands at the top of `examples/chat/web/chat.js`. Every expectation waits
 * for its condition; "did not arrive" is asked after something sent later by the same socket has arrived, because one
 * socket's events are handled in order.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { startHost } from "../e2e/support/host.mjs";

const { CHAT_URL, CHAT_COMPONENT = "chat", CHROMIUM = "/usr/bin/chromium" } = process.env;
const PAGE = fileURLToPath(new URL("../../examples/chat/web", import.meta.url));
const WAIT = 15_000; // ms for anything that the page should show
const LEAVE_WAIT = 60_000; // ms for a window that went away: longer than ping interval + timeout, the last resort
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let address;
let stopHost = () => {};
let browser;
let windows = 0;

before(async () => {
  const suite = { after: (stop) => (stopHost = stop) };
  address = CHAT_URL ?? (await startHost(suite, { components: [CHAT_COMPONENT], flags: ["--static", PAGE] })).url;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});

after(async () => {
  await browser?.close();
  await stopHost();
});

/** A window of its own (no shared storage) in which `person` has entered the chat; names are unique in this run. */
async function open(t, person, transports) {
  const name = `${person} ${++windows}-${process.pid}`;
  const url = new URL(address);
  url.searchParams.set("name", name);
  if (transports) url.searchParams.set("transports", transports);

  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(url.href);
  await page.locator('#status[data-state="connected"]').waitFor();

  return {
    name,
    page,
    errors,
    id: () => page.locator("#my-id").textContent(),
    log: (selector, hasText) => page.locator(`#log ${selector}`, { hasText }),
    sees(selector, text, timeout = WAIT) {
      return this.log(selector, text).first().waitFor({ timeout });
    },
    async submit(field, value) {
      await page.fill(field, value);
      await page.press(field, "Enter");
    },
    say(text) {
      return this.submit("#text", text);
    },
    leave: () => context.close(),
  };
}

for (const transports of ["websocket", "polling"]) {
  describe(`two windows over ${transports}`, () => {
    test("rooms, typing, private messages, leaving", async (t) => {
      const room = `tea-${process.pid}-${transports}`;
      const ada = await open(t, "Ada", transports);
      await ada.sees(".system", `Hello, ${ada.name}!`);
      const bob = await open(t, "Bob", transports);
      await bob.sees(".system", `Hello, ${bob.name}!`);
      await ada.sees(".system", `${bob.name} joined`);

      for (const { page } of [ada, bob]) {
        assert.equal(await page.locator("#status").getAttribute("data-transport"), transports);
      }
      assert.notEqual(await ada.id(), await bob.id());

      await t.test("a message goes both ways, as text and never as markup", async () => {
        const markup = "<img src=x onerror=\"document.title='injected'\"> & <b>bold</b>";
        await ada.say(markup);
        await bob.sees(".message.other", markup);
        await bob.say("hello yourself");
        await ada.sees(".message.other", "hello yourself");
        assert.equal(await ada.log(".message", markup).count(), 1, "the sender gets no copy from the server");
        assert.equal(await bob.page.locator("#log img, #log .text b").count(), 0);
        assert.equal(await bob.page.title(), "Chat");
        assert.equal(await bob.log(".message.other .from", ada.name).count(), 1);
      });

      await t.test("typing shows, and goes with the message or by itself", async () => {
        const typing = bob.page.locator("#typing", { hasText: `${ada.name} is typing` });
        await ada.page.locator("#text").pressSequentially("hm");
        await typing.waitFor();
        await ada.page.press("#text", "Enter");
        await bob.sees(".message.other", "hm");
        await bob.page.locator("#typing").waitFor({ state: "hidden" });

        await ada.page.locator("#text").pressSequentially("never sent");
        await typing.waitFor();
        await bob.page.locator("#typing").waitFor({ state: "hidden" });
        await ada.page.fill("#text", "");
      });

      await t.test("a private message reaches both sides and nobody else", async (t) => {
        const eve = await open(t, "Eve", transports);
        await ada.submit("#private-id", await bob.id());
        await ada.say("between us");
        await bob.sees(".message.other.private", "between us");
        await ada.sees(".message.own.private", `privately to ${await bob.id()}`);
        assert.equal(await ada.log(".message", "between us").count(), 1);
        assert.equal(await bob.log(".message", "between us").count(), 1);

        await ada.page.click('#rooms [data-room="lobby"]');
        await ada.say("to everybody");
        await eve.sees(".message.other", "to everybody");
        assert.equal(await eve.log(".message", "between us").count(), 0);
      });

      await t.test("a room separates, and the second to join is announced in it", async () => {
        await ada.submit("#room", room);
        await ada.sees(".system", `You joined #${room} and left #lobby`);
        await ada.say("only for the room");
        await ada.page.click("#people button");
        await ada.say("sent after it");
        await bob.sees(".message.private", "sent after it");
        assert.equal(await bob.log(".message", "only for the room").count(), 0, "the lobby does not hear the room");

        await bob.submit("#private-id", await ada.id());
        await bob.page.click('#rooms [data-room="lobby"]');
        await bob.say("only for the lobby");
        await bob.page.click("#people button");
        await bob.say("sent after that");
        await ada.sees(".message.private", "sent after that");
        assert.equal(await ada.log(".message", "only for the lobby").count(), 0, "the room does not hear the lobby");

        await bob.submit("#room", room);
        await ada.log(".system", `${bob.name} joined`).nth(1).waitFor();
        await bob.say("now here");
        await ada.sees(".message.other", "now here");
        await ada.page.click(`#rooms [data-room="${room}"]`);
        await ada.say("welcome to the room");
        await bob.sees(".message.other", "welcome to the room");
      });

      await t.test("a window that closes is seen to leave", async () => {
        await bob.leave();
        await ada.sees(".system", `${bob.name} left (`, LEAVE_WAIT);
      });

      assert.deepEqual([...ada.errors, ...bob.errors], []);
    });
  });
}

test("without a pinned transport the connection upgrades to websocket", async (t) => {
  const ada = await open(t, "Ada");
  await ada.page.locator('#status[data-transport="websocket"]').waitFor();
});

test("leaving by the button says so, and another name can enter", async (t) => {
  const ada = await open(t, "Ada");
  const bob = await open(t, "Bob");
  await ada.sees(".system", `${bob.name} joined`);
  await bob.page.click("#leave");
  await ada.sees(".system", `${bob.name} left (client namespace disconnect)`);
  const newName = `Carol ${++windows}-${process.pid}`;
  await bob.submit("#name", newName);
  await ada.sees(".system", `${newName} joined`);
  await bob.sees(".system", `Hello, ${newName}!`);
});

test("coming back after a lost connection joins the rooms again", async (t) => {
  const room = `back-${process.pid}`;
  const ada = await open(t, "Ada", "websocket");
  const bob = await open(t, "Bob", "websocket");
  await ada.submit("#room", room);
  await bob.submit("#room", room);
  await ada.sees(".system", `${bob.name} joined`);
  const lostId = await bob.id();

  await bob.page.context().setOffline(true);
  await bob.page.locator('#status[data-state="reconnecting"]').waitFor();
  assert.ok(await bob.page.locator("#send").isDisabled());
  await bob.page.context().setOffline(false);
  await bob.page.locator('#status[data-state="connected"]').waitFor();
  assert.notEqual(await bob.id(), lostId);

  await bob.say("back again");
  await ada.sees(".message.other", "back again");
  await ada.say("good");
  await bob.sees(".message.other", "good");
});
