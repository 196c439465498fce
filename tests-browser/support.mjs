// A demo shop of its own and a browser that minds its manners: what every browser test starts from.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
export const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
export const PROGRAM = process.env.STOCKHOLD ?? path.join(TARGET, "debug/stockhold");
const SCREENSHOTS = path.join(TARGET, "screenshots");
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];

// How long anything may take on a busy machine before it counts as broken.
const PATIENCE_MS = 30_000;

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const desktop = { viewport: { width: 1280, height: 900 } };

/** Starts `stockhold demo` and resolves with its address once it answers; `stop()` ends it and deletes its folder. */
export async function startDemo({ holdMinutes = "30" } = {}) {
  assert.ok(existsSync(PROGRAM), `${PROGRAM} is not built: cargo build --package stockhold`);
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), "stockhold-browser-"));
  const shop = spawn(PROGRAM, ["demo", "--listen", `127.0.0.1:${port}`, "--keep", folder, "--hold-minutes", holdMinutes], {
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
  const sandbox = said.match(/Stripe +(http:\/\/[^/]+)/)?.[1];
  assert.ok(sandbox, `the demo names its Stripe: ${said}`);
  let key;
  return {
    address,
    folder,
    sandbox,
    said: () => said,
    /** The program itself over this shop's books, as from a second terminal; resolves with its exit code. */
    async program(...words) {
      // The demo's Stripe takes the key of its own shop alone, which is drawn for each run.
      await sent(`${sandbox}/_sandbox/stripe/account`, asJson({ key: "any" }));
      return promisify(execFile)(PROGRAM, [...words, "--data-dir", folder], {
        env: { ...process.env, DATABASE_URL: "", STRIPE_API_BASE: sandbox, STRIPE_SECRET_KEY: "sk_test_sandbox" },
      }).then(() => 0, (error) => error.code);
    },
    /** What the buyer presses on the payment page. */
    press: (session, fields) => sent(`${sandbox}/_sandbox/checkout/${session}`, { body: new URLSearchParams({ action: "pay", ...fields }) }),
    /** A switch of the sandbox, as docs/sandbox.md lists them. */
    stripe: (route, fields = {}) => sent(`${sandbox}/_sandbox/stripe/${route}`, asJson(fields)),
    /**
     * Another payment page of the order, which the shop knows nothing of, as a lost answer may leave one behind: it can
     * still be paid when the hold is over. Resolves with its session.
     */
    async leftBehind({ session }) {
      await sent(`${sandbox}/_sandbox/stripe/account`, asJson({ key: "any" }));
      const key = { authorization: "Bearer sk_test_browser" };
      const known = await json(`${sandbox}/v1/checkout/sessions/${session}`, key);
      const form = {
        mode: "payment", success_url: known.success_url, cancel_url: known.cancel_url, customer_email: known.customer_email,
        client_reference_id: known.client_reference_id, "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": known.currency, "line_items[0][price_data][unit_amount]": String(known.amount_total),
        "line_items[0][price_data][product_data][name]": "Tea ware",
      };
      for (const [name, value] of Object.entries(known.metadata)) {
        form[`metadata[${name}]`] = form[`payment_intent_data[metadata][${name}]`] = value;
      }
      const made = await sent(`${sandbox}/v1/checkout/sessions`, { headers: key, body: new URLSearchParams(form) });
      return (await made.json()).id;
    },
    post: (route, fields, headers = {}) => sent(address + route, asJson(fields, headers)),
    order: async ({ id, token }) => json(`${address}/api/orders/${id}?token=${token}`),
    /** A request of the shopkeeper's. */
    async staff(route, fields, method = "POST") {
      key ??= promisify(execFile)(PROGRAM, ["keys", "create", "--name", "browser", "--scopes", "admin", "--data-dir", folder], {
        env: { ...process.env, DATABASE_URL: "" },
      }).then(({ stdout }) => stdout.trim());
      const headers = { authorization: `Bearer ${await key}`, "idempotency-key": randomUUID() };
      return sent(address + route, { ...asJson(fields, headers), method });
    },
    async stop() {
      shop.kill("SIGTERM");
      const late = setTimeout(() => shop.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Places an order by the API: `{id, token, number, session, sku}`, its payment page open. */
export async function placeOrder(shop, { sku, quantity, email, locale }) {
  const shipping_address = { name: "Ada Li", street: "1 Harbour Road", city: "Wan Chai", country: "HK" };
  const wanted = { items: [{ sku, quantity }], email, locale, shipping_address, shipping_method: "courier" };
  const answer = await shop.post("/api/checkout", wanted, { "idempotency-key": randomUUID() });
  const { order, checkout_url } = await answer.json();
  return { id: order.id, token: order.token, number: order.number, session: checkout_url.split("/").at(-1), sku };
}

function asJson(fields, headers = {}) {
  return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(fields) };
}

async function sent(url, request) {
  const response = await fetch(url, { method: "POST", redirect: "manual", ...request });
  assert.ok(response.status < 400, `${url}: ${response.status} ${response.status < 400 ? "" : await response.text()}`);
  return response;
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

/** What holds for every page: axe finds nothing, and nobody has to scroll sideways, whatever the width and the letters. */
export async function checkPage(page, name) {
  await checkWidths(page, name);
  await page.evaluate(AXE);
  const found = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
  const told = found.violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)}`));
  assert.deepEqual(told, [], name);
  // Letters of twice the size (WCAG 1.4.4).
  const [content, window] = await page.evaluate(() => {
    document.documentElement.style.fontSize = "200%";
    const widths = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
    document.documentElement.style.fontSize = "";
    return widths;
  });
  assert.ok(content <= window, `${name} with letters of twice the size is ${content} px wide in ${window} px`);
}

/** Who buys, and where it goes: what the demo asks for before it takes money. */
export async function fillIn(page, email) {
  await page.fill("#email", email);
  await page.fill("#name", "Ada Li");
  await page.fill("#street", "1 Harbour Road");
  await page.fill("#city", "Wan Chai");
}

/** Puts what the product's page shows into the cart and goes there: by the drawer, or without a script at once. */
export async function putIntoCart(page, prefix = "") {
  await page.click(`form[action="${prefix}/cart/add"] .buy .btn`);
  const drawer = page.locator("#cart-drawer[open]");
  await drawer.or(page.locator("main .lines")).first().waitFor();
  if (await drawer.count()) await drawer.locator(`p > a[href="${prefix}/cart"]`).click();
  await page.waitForURL(`**${prefix}/cart`);
}

/** No page may scroll sideways, at the width it is shown in nor at the narrow ones. */
export async function checkWidths(page, name) {
  const shown = page.viewportSize();
  // A phone, a small one, and half a desktop: what a page has left at a zoom of 200 %.
  for (const width of [320, 390, 640, shown.width]) {
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
export async function until(isSo, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `in ${patience / 1000} s it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What an authenticator shows in that half of a minute since 1970 (RFC 6238). */
export function codeOf(secret, step) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac.at(-1) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export const stepNow = () => Math.floor(Date.now() / 30_000);

/** The link in the letter of that subject to the address, once it is there. */
export async function letterLink(shop, subject, to) {
  let link;
  await until(async () => {
    const mailbox = await (await fetch(`${shop.address}/_sandbox/mail`)).text();
    const letter = mailbox.split('<article class="letter">').find((text) => subject.test(text) && text.includes(to));
    link = letter?.match(/https?:\/\/[^"<\s]*\/admin\/links\?token=[0-9a-f]{64}/)?.[0];
    return Boolean(link);
  }, `a letter ${subject} to ${to} is in the mailbox`);
  return link;
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

async function json(url, headers = {}) {
  const response = await fetch(url, { headers });
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
