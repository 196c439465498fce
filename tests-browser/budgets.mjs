// Run by hand, on a machine that has nothing else to do: node --test budgets.mjs
//
// The budgets of a page, measured in Chromium on a slow phone (a quarter of this machine's speed, Fast 4G): what is sent,
// when the largest thing stands, how much jumps, how long a press takes to be seen; and how soon the shop itself answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

// In bytes, as they travel; milliseconds; and the score of what jumps.
const MOST = { html: 20_000, css: 14_000, js: 22_000, font: 20_000, lcp: 1_800, cls: 0.02, inp: 150, ttfb: 50 };
// Answers without a browser are taken so often, and the middle one counts.
const ANSWERS = 21;
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
  await until(drawn, "the demo has drawn its pictures", 240_000);
  const table = [];
  const missed = [];
  for (const path of ["/", "/products", `/products/${goods[0].slug}`, "/search?q=cup", `/orders/${order.id}?token=${order.token}`, "/zh/"]) {
    const { page, close } = await openPage(browser, { ...phone });
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    await wire.send("Network.emulateNetworkConditions", FAST_4G);
    await wire.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    const sent = { html: 0, css: 0, js: 0, font: 0 };
    const strangers = [];
    const kinds = { Document: "html", Stylesheet: "css", Script: "js", Font: "font" };
    const kindOf = new Map();
    wire.on("Network.responseReceived", ({ requestId, type }) => kindOf.set(requestId, kinds[type]));
    wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      if (kindOf.get(requestId)) sent[kindOf.get(requestId)] += encodedDataLength;
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== shop.address) strangers.push(request.url());
    });
    await page.addInitScript(() => {
      window.seen = { lcp: 0, cls: 0, inp: 0 };
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.seen.lcp = entry.startTime))).observe({ type: "largest-contentful-paint", buffered: true });
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => entry.interactionId && (window.seen.inp = Math.max(window.seen.inp, entry.duration)))).observe({ type: "event", buffered: true, durationThreshold: 16 });
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.seen.cls += entry.hadRecentInput ? 0 : entry.value))).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(shop.address + path, { waitUntil: "networkidle" });
    // Whatever comes after a press is no part of how long the page took.
    const { lcp } = await page.evaluate(() => window.seen);
    const pressed = path.includes("/products/") ? ["label.opt >> nth=1", ".buy .btn"] : ["summary >> visible=true >> nth=0"];
    for (const place of pressed) {
      if (await page.locator(place).count()) await page.locator(place).click();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    }
    await page.waitForLoadState("networkidle");
    const seen = await page.evaluate(() => window.seen);
    const ttfb = await answersIn(shop.address + path);
    const figures = { ...sent, lcp: Math.round(lcp), cls: Number(seen.cls.toFixed(4)), inp: Math.round(seen.inp), ttfb };
    table.push({ path: path.replace(/ord_.*/, "{id}"), ...figures });
    assert.deepEqual(strangers, [], `${path} asks somebody else`);
    for (const [what, most] of Object.entries(MOST)) if (figures[what] > most) missed.push(`${path}: ${what} is ${figures[what]}, at most ${most}`);
    await close();
  }
  console.log(table.map((row) => JSON.stringify(row)).join("\n"));
  assert.deepEqual(missed, []);
});

/** Whether all goods of the demo have their pictures; they are made while the shop is open. */
async function drawn() {
  const { data } = await (await fetch(`${shop.address}/api/products?limit=200`)).json();
  return data.every((product) => product.images.length > 0);
}

/** How long the first byte takes without a phone in between: the middle of several answers, in milliseconds. */
async function answersIn(url) {
  const times = [];
  for (let answer = 0; answer < ANSWERS; answer += 1) {
    const asked = performance.now();
    const response = await fetch(url);
    times.push(performance.now() - asked);
    await response.arrayBuffer();
  }
  return Math.round(times.toSorted((a, b) => a - b)[(ANSWERS - 1) / 2] * 10) / 10;
}
