// A demo shop of its own and a browser that minds its manners: what every browser test starts from.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
const PROGRAM = process.env.STOCKHOLD ?? path.join(TARGET, "debug/stockhold");
const SCREENSHOTS = path.join(TARGET, "screenshots");
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];

// How long anything may take on a busy machine before it counts as broken.
const PATIENCE_MS = 30_000;

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const desktop = { viewport: { width: 1280, height: 900 } };

/** Starts `stockhold demo` and resolves with its address once it answers; `stop()` ends it. */
export async function startDemo() {
  assert.ok(existsSync(PROGRAM), `${PROGRAM} is not built: cargo build --package stockhold`);
  const port = await freePort();
  const shop = spawn(PROGRAM, ["demo", "--listen", `127.0.0.1:${port}`], {
    env: { ...process.env, STRIPE_SECRET_KEY: "", DATABASE_URL: "", SMTP_URL: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  shop.stdout.on("data", (text) => (said += text));
  shop.stderr.on("data", (text) => (said += text));
  const ended = new Promise((resolve) => shop.once("exit", resolve));
  const address = `http://127.0.0.1:${port}`;
  const answers = async () => (await fetch(`${address}/readyz`).catch(() => null))?.ok;
  try {
    await until(async () => {
      assert.equal(shop.exitCode, null, `the demo ended: ${said}`);
      return answers();
    }, `the demo answers; it said: ${said}`);
  } catch (error) {
    shop.kill("SIGKILL");
    throw error;
  }
  return {
    address,
    said: () => said,
    async stop() {
      shop.kill("SIGTERM");
      const late = setTimeout(() => shop.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

export async function startBrowser() {
  const executablePath = CHROMIUM.find((file) => file && existsSync(file));
  assert.ok(executablePath, "Chromium is missing: `cargo xtask test` installs it, or set CHROMIUM");
  return chromium.launch({
    executablePath,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** A page that remembers every complaint: console errors, exceptions, broken policies, missing files. */
export async function openPage(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error}`));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (why !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  if (options.javaScriptEnabled !== false) {
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`);
      });
    });
  }
  return { page, complaints, close: () => context.close() };
}

/** Who buys, and where it goes: what the demo asks for before it takes money. */
export async function fillIn(page, email) {
  await page.fill("#email", email);
  await page.fill("#name", "Ada Li");
  await page.fill("#street", "1 Harbour Road");
  await page.fill("#city", "Wan Chai");
}

/** No page may scroll sideways, at the width it is shown in nor at the two narrow ones. */
export async function checkWidths(page, name) {
  const shown = page.viewportSize();
  for (const width of [320, 390, shown.width]) {
    await page.setViewportSize({ width, height: shown.height });
    const [content, window] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= window, `${name} is ${content} px wide in a window of ${window} px (asked for ${width})`);
  }
}

/** Keeps a picture below target/screenshots, for people to look at. */
export async function picture(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Asks again until it is so; there is no other wait in these tests. */
export async function until(isSo, what) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `in ${PATIENCE_MS / 1000} s it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Every variant on the shelf, as the API shows it: `{slug, sku, available}`. */
export async function shelf(address) {
  const variants = [];
  let after = "";
  do {
    const page = await json(`${address}/api/products?limit=50${after && `&after=${encodeURIComponent(after)}`}`);
    for (const product of page.data ?? page.products) {
      for (const variant of product.variants) {
        variants.push({ slug: product.slug, sku: variant.sku, available: variant.available });
      }
    }
    after = page.next ?? "";
  } while (after);
  return variants;
}

export async function available(address, { slug, sku }) {
  const product = await json(`${address}/api/products/${slug}`);
  return product.variants.find((variant) => variant.sku === sku).available;
}

async function json(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return response.json();
}

function freePort() {
  return new Promise((resolve, reject) => {
    const listener = createServer().once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
