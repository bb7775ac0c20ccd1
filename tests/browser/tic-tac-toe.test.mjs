/**
 * The tic-tac-toe example in headless Chromium: two windows play against each other, a third one watches, and a reload or another
 * host on the same data keeps the game. Two moves at once are made by clients without a page. `CHROMIUM` is the browser to run, by
 * default Debian's. What the page promises to tests stands at the top of `examples/tic-tac-toe-python/web/game.js`.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { connect, open as openClient } from "../e2e/support/clients.mjs";
import { startHost } from "../e2e/support/host.mjs";

const { CHROMIUM = "/usr/bin/chromium" } = process.env;
const PAGE = fileURLToPath(new URL("../../examples/tic-tac-toe-python/web", import.meta.url));
const WAIT = 15_000; // ms for anything that the page should show

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
});
after(() => browser?.close());

const start = (t, ...flags) => startHost(t, { components: ["tic-tac-toe-python"], flags: ["--static", PAGE, ...flags] });

/** A window of its own, on the first screen. */
async function open(t, address) {
  const context = await browser.newContext({ viewport: { width: 900, height: 940 } });
  t.after(() => context.close());
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(address);
  return {
    page,
    errors,
    async enter(name) {
      await page.fill("#name", name);
      await page.click("#enter");
      await page.locator('#status[data-state="connected"]').waitFor();
    },
    sees: (text) => page.locator("#says", { hasText: text }).waitFor(),
    cell: (cell) => page.locator("#board button").nth(cell),
    has: (cell, mark) => page.locator("#board button").nth(cell).and(page.locator(`[data-mark="${mark}"]`)).waitFor(),
    cells: () => page.locator("#board button").evaluateAll((cells) => cells.map((cell) => cell.dataset.mark || "-").join("")),
  };
}

test("two windows play, a third one watches", async (t) => {
  const host = await start(t);
  const ada = await open(t, host.url);
  await ada.enter("Ada");
  await ada.sees("Waiting for a second player");
  const address = await ada.page.locator("#link").textContent();
  const [bob, eve] = [await open(t, address), await open(t, address)];
  await bob.enter("<b>Bob</b>");
  await eve.enter("Eve");
  await ada.sees("It is your turn.");
  await bob.sees("It is Ada's turn.");

  await ada.cell(0).click();
  await bob.has(0, "X");
  await ada.sees("It is <b>Bob</b>'s turn.");

  await ada.cell(1).click();
  await ada.page.locator("#error", { hasText: "It is not your turn." }).waitFor();
  await bob.cell(0).click();
  await bob.page.locator("#error", { hasText: "This cell is taken." }).waitFor();
  await eve.cell(5).click();
  await eve.page.locator("#error", { hasText: "You are watching" }).waitFor();
  assert.deepEqual(await Promise.all([ada, bob, eve].map((one) => one.cells())), Array(3).fill("X--------"));

  const moves = [[bob, 3, "O"], [ada, 1, "X"], [bob, 4, "O"], [ada, 2, "X"]];
  for (const [player, cell, mark] of moves) {
    await player.cell(cell).click();
    for (const one of [ada, bob, eve]) await one.has(cell, mark);
  }
  await ada.sees("You have won!");
  await bob.sees("Ada has won.");
  await eve.sees("Ada has won.");
  assert.equal(await bob.page.locator('#board [data-wins="true"]').count(), 3);
  assert.equal(await eve.page.locator("#again").isVisible(), false);

  await bob.page.click("#again");
  await bob.sees("It is your turn.");
  assert.equal(await ada.cells(), "---------");
  assert.deepEqual([...ada.errors, ...bob.errors, ...eve.errors], []);
});

test("a reload keeps the seat and the board, and so does another host on the same data", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "tic-tac-toe-"));
  t.after(() => rmSync(data, { recursive: true }));
  const first = await start(t, "--data", data);
  const ada = await open(t, first.url);
  await ada.enter("Ada");
  const bob = await open(t, await ada.page.locator("#link").textContent());
  await bob.enter("Bob");
  await ada.cell(4).click();
  await bob.has(4, "X");

  await ada.page.reload();
  await ada.has(4, "X");
  await ada.sees("It is Bob's turn.");
  await bob.page.locator('#players [data-mark="X"][data-here="true"]').waitFor();

  await bob.cell(0).click();
  await ada.has(0, "O");
  await bob.page.context().close();
  await ada.page.locator('#players [data-mark="O"] small', { hasText: "away" }).waitFor();

  const { hash } = new URL(await ada.page.locator("#link").textContent());
  await first.stop();
  await ada.page.locator('#status[data-state="reconnecting"]').waitFor();
  const eve = await open(t, `${(await start(t, "--data", data)).url}/${hash}`);
  await eve.enter("Eve");
  await eve.sees("It is Ada's turn.");
  assert.equal(await eve.cells(), "O---X----");
  assert.deepEqual(ada.errors, []);
});

test("of two moves at once one counts", async (t) => {
  const host = await start(t);
  const player = (name, game) => connect(t, host, "/tic-tac-toe", { auth: { game, token: `secret-of-${name}-000`, name } });
  for (let round = 0; round < 10; round++) {
    const game = `race-${round}`;
    // Two windows of each player.
    const [ada, other] = [await player("ada", game), await player("ada", game)];
    const bob = await player("bob", game);
    const answers = await Promise.all([ada.ask("move", 0), other.ask("move", 8), ada.ask("move", 1), other.ask("move", 2)]);
    assert.deepEqual(answers.filter((answer) => !answer.error), [{}], JSON.stringify(answers));
    for (const { error } of answers) assert.ok(!error || error === "It is not your turn.", error);
    await bob.ask("look");
    assert.equal(bob.all("game").at(-1)[0].cells.filter(Boolean).length, 1);
  }
});

test("clients without what a player has are refused", async (t) => {
  const host = await start(t);
  for (const [auth, says] of [
    [{}, /auth\.game is a game's code/],
    [{ game: "lunch", token: "short", name: "Ada" }, /auth\.token is the player's secret/],
    [{ game: "lunch", token: "0123456789abcdef", name: " " }, /auth\.name is the player's name/],
  ]) {
    const { message } = await openClient(t, host, "/tic-tac-toe", { auth }).refused();
    assert.match(message, says);
  }
});
