// The pages of errors, each brought about as it comes about: what happened, what of the money, a way on. In both languages,
// accessible by axe's rules of WCAG 2.2 AA and no wider than a phone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, startBrowser, startDemo } from "./support.mjs";

const PAIRS = [["", desktop], ["", phone], ["/zh", desktop], ["/zh", phone]];

let shop;
let browser;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

test("what cannot be shown is told kindly, in both languages and on every screen", async () => {
  const price = { amount: 900, currency: "USD" };
  const old = { title: { en: "Old cup", "zh-CN": "旧杯" }, status: "archived", collections: ["cups"], variants: [{ sku: "OLD", price }] };
  await shop.staff("/api/admin/products/old-cup", old, "PUT");
  await visit(404, (page, prefix) => page.goto(`${shop.address}${prefix}/nowhere`));
  await visit(405, (page, prefix) => page.goto(`${shop.address}${prefix}/cart/add`));
  await visit(410, (page, prefix) => page.goto(`${shop.address}${prefix}/products/old-cup`));

  // Something in the books that cannot be read: the one thing nobody can do from outside.
  await sqlite("shop.execute(\"update products set options = 'torn' where slug = 'gaiwan'\"); shop.commit()");
  await visit(500, (page, prefix) => page.goto(`${shop.address}${prefix}/products/gaiwan`));

  // Another process keeps the database to itself for longer than the shop waits.
  const busy = await sqlite("shop.execute('begin immediate'); print('held', flush=True); sys.stdin.read()", "held");
  await visit(503, async (page, prefix) => {
    await page.goto(`${shop.address}${prefix}/products/tea-tray`);
    const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(() => document.querySelector("form[action$='/cart/add']").submit())]);
    return answer;
  }, PAIRS.filter(([prefix, screen]) => Boolean(prefix) === (screen === phone))); // Each takes the seconds that the shop waits.
  busy.stdin.end();
  await once(busy, "exit");

  await visit(429, async (page, prefix) => {
    let answer;
    do answer = await page.goto(`${shop.address}${prefix}/search?q=cup`); while (answer.status() === 200);
    return answer;
  });
});

async function visit(status, go, pairs = PAIRS) {
  for (const [prefix, screen] of pairs) {
    const { page, complaints, close } = await openPage(browser, screen);
    const answer = await go(page, prefix);
    const name = `error-${status}-${prefix ? "zh" : "en"}-${screen === phone ? "phone" : "desktop"}`;
    assert.equal(answer.status(), status);
    assert.equal(await page.locator("html").getAttribute("lang"), prefix ? "zh-CN" : "en");
    assert.equal(await page.locator("main a.btn").count(), 1, "there is a way on");
    if (status === 429 || status === 503) assert.ok(answer.headers()["retry-after"], "it says how long to wait");
    await checkPage(page, name);
    await picture(page, name);
    assert.ok(complaints.every((line) => line.includes(String(status))), complaints.join("\n"));
    await close();
  }
}

/** Runs a line of Python over the shop's database; resolves when it has ended, or has said `word`. */
async function sqlite(line, word = "") {
  const script = `import sqlite3, sys; shop = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30); ${line}`;
  const child = spawn("python3", ["-c", script, path.join(shop.folder, "shop.db")], { stdio: ["pipe", "pipe", "inherit"] });
  if (!word) {
    const [code] = await once(child, "exit");
    assert.equal(code, 0, line);
  } else {
    const [said] = await once(child.stdout, "data");
    assert.match(String(said), new RegExp(word));
  }
  return child;
}
