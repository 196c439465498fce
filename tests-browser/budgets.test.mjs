// The budgets of a page, measured in Chromium on a slow phone (a quarter of this machine's speed, Fast 4G): what is sent,
// when the largest thing stands, how much jumps. docs/performance.md has the figures of one run.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { openPage, phone, placeOrder, shelf, startBrowser, startDemo } from "./support.mjs";

// In bytes, gzipped; milliseconds; and the score of what jumps.
const MOST = { html: 20_000, css: 14_000, js: 22_000, font: 20_000, lcp: 1_800, cls: 0.02 };
// Fast 4G, as Chromium's own tools have it.
const FAST_4G = { offline: false, latency: 60, downloadThroughput: (9_000 * 1024) / 8, uploadThroughput: (1_500 * 1024) / 8 };

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

test("no page is heavier, slower or less steady than it may be, and none asks anybody else for anything", async () => {
  const goods = (await shelf(shop.address)).filter((variant) => variant.available >= 3);
  const order = await placeOrder(shop, { sku: goods[0].sku, quantity: 1, email: "budget@example.com", locale: "en" });
  const table = [];
  for (const path of ["/", "/products", `/products/${goods[0].slug}`, "/search?q=cup", `/orders/${order.id}?token=${order.token}`, "/zh/"]) {
    const { page, close } = await openPage(browser, { ...phone });
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    await wire.send("Network.emulateNetworkConditions", FAST_4G);
    await wire.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    const sent = { html: 0, css: 0, js: 0, font: 0 };
    const strangers = [];
    const bodies = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== shop.address) strangers.push(request.url());
    });
    page.on("response", (response) => {
      const kind = { document: "html", stylesheet: "css", script: "js", font: "font" }[response.request().resourceType()];
      if (kind && response.status() === 200) bodies.push(response.body().then((body) => (sent[kind] += kind === "font" ? body.length : gzipSync(body).length)));
    });
    await page.addInitScript(() => {
      window.seen = { lcp: 0, cls: 0 };
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.seen.lcp = entry.startTime))).observe({ type: "largest-contentful-paint", buffered: true });
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.seen.cls += entry.hadRecentInput ? 0 : entry.value))).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(shop.address + path, { waitUntil: "networkidle" });
    await Promise.all(bodies);
    const seen = await page.evaluate(() => window.seen);
    const figures = { ...sent, lcp: Math.round(seen.lcp), cls: Number(seen.cls.toFixed(4)) };
    table.push({ path: path.replace(/ord_.*/, "{id}"), ...figures });
    assert.deepEqual(strangers, [], `${path} asks somebody else`);
    for (const [what, most] of Object.entries(MOST)) assert.ok(figures[what] <= most, `${path}: ${what} is ${figures[what]}, at most ${most}`);
    await close();
  }
  console.log(table.map((row) => JSON.stringify(row)).join("\n"));
});
