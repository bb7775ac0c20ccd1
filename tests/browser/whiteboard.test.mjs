/**
 * The whiteboard example's page in headless Chromium: what one window draws, the other one shows at once, and so does a window that
 * is opened later, or with another host on the same data. `CHROMIUM` is the browser to run, by default Debian's.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { startHost } from "../e2e/support/host.mjs";

const { CHROMIUM = "/usr/bin/chromium" } = process.env;
const PAGE = fileURLToPath(new URL("../../examples/whiteboard-js/web", import.meta.url));
const WAIT = 15_000; // ms for anything that the page should show
const [BLACK, RED, BLANK] = ["29,26,43,255", "200,50,74,255", "0,0,0,0"];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
});
after(() => browser?.close());

/** A folder for the host's data, which goes with the test. */
function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), "whiteboard-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

const start = (t, data) => startHost(t, { components: ["whiteboard-js"], flags: ["--static", PAGE, "--data", data] });

/** A window in which the board is loaded. */
async function open(t, host) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  t.after(() => context.close());
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(host.url);
  const ready = () => page.locator('#status[data-state="ready"]').waitFor();
  await ready();
  return {
    page,
    errors,
    ready,
    /** Draws a line from one point of the board to another, and waits until it is kept. */
    async draw([x0, y0], [x1, y1]) {
      const { x, y, width, height } = await page.locator("#board").boundingBox();
      const to = (left, top) => [x + (left / 1600) * width, y + (top / 1000) * height];
      await page.mouse.move(...to(x0, y0));
      await page.mouse.down();
      if (x0 !== x1 || y0 !== y1) await page.mouse.move(...to(x1, y1), { steps: 10 });
      await page.mouse.up();
      await page.locator('#board[data-unsaved="0"]').waitFor();
    },
    /** Waits until a point of the board has this colour. */
    sees(color, [x, y]) {
      const has = ([color, x, y]) => document.getElementById("board").getContext("2d").getImageData(x, y, 1, 1).data.join() === color;
      return page.waitForFunction(has, [color, x, y], { timeout: WAIT });
    },
  };
}

test("strokes reach the other windows, and stay until they are cleared, also over a restart", async (t) => {
  const data = folder(t);
  const first = await start(t, data);
  const ada = await open(t, first);
  const bob = await open(t, first);

  await t.test("what one draws, both see", async () => {
    await ada.draw([100, 100], [500, 100]);
    for (const window of [ada, bob]) await window.sees(BLACK, [300, 100]);
    await bob.page.check('#colors [value="#c8324a"]', { force: true });
    await bob.draw([100, 300], [500, 300]);
    for (const window of [ada, bob]) await window.sees(RED, [300, 300]);
    await ada.sees(BLANK, [300, 200]);
    await bob.draw([800, 800], [800, 800]);
    for (const window of [ada, bob]) await window.sees(RED, [800, 800]);
  });

  await t.test("a reload, and a window that is opened later, show it again", async () => {
    await bob.page.reload();
    const eve = await open(t, first);
    for (const window of [bob, eve]) {
      await window.ready();
      await window.sees(BLACK, [300, 100]);
      await window.sees(RED, [300, 300]);
    }
  });

  await t.test("so does another host on the same data", async (t) => {
    for (const { page } of [ada, bob]) await page.close();
    await first.stop();
    const second = await start(t, data);
    const [ada2, bob2] = [await open(t, second), await open(t, second)];
    await ada2.sees(BLACK, [300, 100]);
    await ada2.sees(RED, [300, 300]);

    await t.test("clear empties it for everybody, and for good", async () => {
      await ada2.page.click("#clear");
      for (const window of [ada2, bob2]) await window.sees(BLANK, [300, 100]);
      await bob2.page.reload();
      await bob2.ready();
      await bob2.sees(BLANK, [300, 100]);
      await bob2.draw([100, 500], [500, 500]);
      await ada2.sees(BLACK, [300, 500]);
    });
    assert.deepEqual([...ada2.errors, ...bob2.errors], []);
  });
  assert.deepEqual([...ada.errors, ...bob.errors], []);
});
