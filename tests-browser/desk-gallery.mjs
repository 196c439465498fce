// Every page of the desk, full, empty and after a mistake, as a picture below target/gallery, for people to look at beside
// each other: node desk-gallery.mjs [beginning of a name]. Both languages, on a laptop and on a phone.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { lookAtStaff, lookAtSteps } from "./desk-steps.mjs";
import { ordersInEveryState } from "./order-states.mjs";
import { desktop, openPage, phone, shelf, startBrowser, startDemo, TARGET, until } from "./support.mjs";

const FOLDER = path.join(TARGET, "gallery");
mkdirSync(FOLDER, { recursive: true });
const [only = ""] = process.argv.slice(2);
// Steps are a way that is gone as a whole.
const wanted = (name) => name.startsWith(only) || (only.startsWith("step") && name.startsWith("step"));
const PASSWORD = "three tea cups and a tray";

// Pages that stand by themselves.
const PAGES = {
  today: "", orders: "orders", "orders-all": "orders?tab=all", "orders-refunds": "orders?tab=refunds", products: "products",
  "product-new": "products/new", product: "products/tea-cup", "product-options": "products/tea-tray", collections: "collections",
  collection: "collections/cups", "collection-new": "collections/new", stock: "stock", "stock-low": "stock?which=low",
  "stock-held": "stock?which=held", "stock-count": "stock/count", discounts: "discounts", "discount-new": "discounts/new",
  discount: "discounts/codes/TEA10", customers: "customers", data: "data", payments: "payments", "payments-all": "payments/all",
  refunds: "payments/refunds", disputes: "payments/disputes", webhooks: "payments/webhooks", "webhooks-failed": "payments/webhooks?state=failed",
  reconciliation: "payments/reconciliation", reports: "reports", system: "system", shop: "settings",
  shipping: "settings/shipping?value=50&grams=600&country=DE", taxes: "settings/taxes?value=50&country=HK", pages: "settings/pages",
  page: "settings/pages/at/contact", "page-new": "settings/pages/new", letters: "settings/letters",
  letter: "settings/letters/samples/order_confirmed", endpoints: "settings/webhooks", "endpoint-new": "settings/webhooks/new",
  keys: "settings/keys", "key-new": "settings/keys/new", account: "account", authenticator: "account/authenticator", staff: "staff",
  "audit-log": "audit-log",
};
// Lists in which nothing is.
const NOTHING = {
  orders: "orders?q=zzzz", products: "products?q=zzzz", stock: "stock?q=zzzz", "stock-count": "stock/count?q=zzzz",
  customers: "customers?q=zzzz", "audit-log": "audit-log?actor=zzzz", "no-such-page": "nowhere", "no-such-product": "products/nowhere",
};
// Forms, and what is typed into them that cannot be: every field of text gets the word, and then the button is pressed.
const MISTAKES = {
  "product-new": ["products/new", ""], product: ["products/tea-cup", "x"], "collection-new": ["collections/new", ""],
  collection: ["collections/cups", ""], "stock-sku": ["stock/HK-CUP-120-CEL", "x"], "stock-count": ["stock/count", "x"],
  "discount-new": ["discounts/new", "x"], discount: ["discounts/codes/TEA10", "x"], data: ["data", ""], shop: ["settings", ""],
  shipping: ["settings/shipping", "x"], taxes: ["settings/taxes", "x"], page: ["settings/pages/at/contact", ""],
  "page-new": ["settings/pages/new", ""], "endpoint-new": ["settings/webhooks/new", "x"], "key-new": ["settings/keys/new", ""],
  account: ["account", "x"], authenticator: ["account/authenticator", "x"], staff: ["staff", "x"],
};
// What is done with one order, and its mistakes.
const DEEDS = { ship: "x", refund: "x", cancel: null, address: "", "packing-slip": null };

const shop = await startDemo();
const brief = await startDemo({ holdMinutes: "0.05" });
const browser = await startBrowser();
try {
  const owner = await signUp(shop);
  await signUp(brief);
  const views = [];
  for (const [language, prefix] of [["en", ""], ["zh", "/zh"]]) {
    for (const [screen, browsing] of [["desktop", desktop], ["phone", phone]]) views.push({ language, prefix, screen, browsing });
  }
  for (const view of views) {
    await walk(view, shop, owner, async ({ see }) => {
      for (const [name, place] of Object.entries(PAGES)) await see(`empty-${name}`, place);
    });
  }
  const orders = await ordersInEveryState(shop, brief, "en");
  await makeTrouble(orders);
  for (const view of views) {
    const owner = await signIn(shop);
    const ownerOfBrief = await signIn(brief);
    await walk(view, shop, owner, async (seen) => {
      for (const [name, place] of [...Object.entries(PAGES), ...Object.entries(NOTHING).map(([name, place]) => [`nothing-${name}`, place])]) {
        await seen.see(`full-${name}`, place);
      }
      await lookAtOrders(seen, orders.filter(({ at }) => at === shop));
      await lookAtLinks(seen);
      for (const [name, [place, word]] of Object.entries(MISTAKES)) {
        if (!wanted(`wrong-${name}`)) continue;
        await seen.open(place);
        await mistake(seen.page, word);
        await seen.take(`wrong-${name}`);
      }
    });
    await walk(view, brief, ownerOfBrief, (seen) => lookAtOrders(seen, orders.filter(({ at }) => at === brief)));
    const kind = `${view.language}-${view.screen}`;
    if (wanted("step")) {
      await walk(view, shop, undefined, (seen) => lookAtStaff(seen, shop, browser, owner, { ...view, kind }));
      await walk(view, shop, owner, (seen) => lookAtSteps(seen, shop, kind));
    }
    await walk(view, shop, undefined, async ({ page, open, take }) => {
      for (const name of ["sign-in", "reset", "setup", "links", "sign-in/code"]) {
        await open(name);
        await take(`door-${name.replace("/", "-")}`);
        if (!(await page.locator("main form").count())) continue;
        await mistake(page, "x");
        await take(`door-${name.replace("/", "-")}-wrong`);
      }
    });
  }
} finally {
  await browser.close();
  await shop.stop();
  await brief.stop();
}

/** The first owner, by the link that the demo prints. */
function signUp(at) {
  return enter(at.said().match(/http\S+\/admin\/setup\?token=\S+/)[0], { name: "Ada", email: "owner@example.com" });
}

/** The owner anew, who signs out at the end of a view: ten minutes after the password was typed some pages ask for it again. */
function signIn(at) {
  return enter(`${at.address}/admin/sign-in`, { email: "owner@example.com" });
}

/** Through one of the desk's doors; resolves with what the browser keeps. */
async function enter(door, fields) {
  const { page, close } = await openPage(browser, desktop);
  await page.goto(door);
  for (const [name, value] of Object.entries({ ...fields, password: PASSWORD })) await page.fill(`#${name}`, value);
  await page.click("main button");
  await page.waitForURL("**/admin");
  const kept = await page.context().storageState();
  await close();
  return kept;
}

/** Goes through pages in one view; `seen` opens one of the desk's pages and takes its picture. */
async function walk({ language, prefix, screen, browsing }, at, storageState, look) {
  const { page, close } = await openPage(browser, { ...browsing, locale: language === "zh" ? "zh-CN" : "en-GB", storageState });
  const open = (place) => page.goto(`${at.address}${prefix}/admin${place && `/${place}`}`, { waitUntil: "networkidle" });
  const take = async (name) => {
    if (wanted(name)) await page.screenshot({ path: path.join(FOLDER, `desk-${name}-${language}-${screen}.png`), fullPage: true });
  };
  const see = async (name, place) => {
    if (!wanted(name)) return;
    await open(place);
    await take(name);
  };
  await look({ page, open, take, see });
  await close();
}

/** What the shop has to tell of when not all is well: a refund and a dispute that Stripe knows alone, low and lacking stock. */
async function makeTrouble(orders) {
  const failed = orders.find(({ state }) => state === "paid");
  await shop.stripe("faults", { webhooks: "lost" });
  const known = await (await fetch(`${shop.sandbox}/_sandbox/stripe/snapshot`)).json();
  const payment = known.payments.find(({ order_id: order }) => order === failed.id);
  await shop.stripe(`refund/${payment.payment_intent}`, { amount: 300 });
  await shop.program("reconcile");
  await shop.stripe("faults", { webhooks: "on_time" });
  const held = orders.find(({ state }) => state === "pending");
  const { available } = (await shelf(shop.address)).find(({ sku }) => sku === held.sku);
  await shop.staff(`/api/admin/stock/${held.sku}/movements`, { delta: -available, reason: "damaged" });
  await shop.staff("/api/admin/webhooks", { url: "https://books.example.com/stockhold", note: "Bookkeeping" });
  await until(async () => (await shop.order(failed)).status === "paid", "the paid order stays paid");
}

async function lookAtOrders({ page, open, take, see }, orders) {
  for (const { state, id } of orders) await see(`order-${state}`, `orders/${id}`);
  const paid = orders.find(({ state }) => state === "partly-shipped");
  if (!paid) return;
  for (const [deed, word] of Object.entries(DEEDS)) {
    await open(`orders/${paid.id}/${deed}`);
    await take(`order-do-${deed}`);
    if (word === null) continue;
    await mistake(page, word);
    await take(`order-do-${deed}-wrong`);
  }
  const shipped = orders.find(({ state }) => state === "pending");
  await see("full-stock-sku", `stock/${shipped.sku}`);
  await see("order-do-ship-many", `orders/ship?order=${paid.id}&order=${shipped.id}`);
}

/** Pages that are reached by the first link of a list. */
async function lookAtLinks({ page, open, take }) {
  for (const [name, list, link] of [
    ["customer", "customers", 'tbody a[href*="/admin/customers/"]'], ["endpoint", "settings/webhooks", 'main a[href*="/webhooks/whk_"]'],
    ["webhook", "payments/webhooks", 'tbody a[href*="/payments/webhooks/"]'], ["elsewhere", "payments", 'a[href$="/elsewhere"]'],
  ]) {
    await open(list);
    if (!(await page.locator(link).count())) continue;
    await page.goto(new URL(await page.locator(link).first().getAttribute("href"), page.url()).href, { waitUntil: "networkidle" });
    await take(`full-${name}`);
    if (name !== "customer") continue;
    await page.goto(`${page.url()}/erase`);
    await take("full-customer-erase");
  }
}

/** Types the word into every field of the page's largest form and presses its button. */
async function mistake(page, word) {
  await page.evaluate((word) => {
    const fields = (form) => [...form.querySelectorAll("input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=file]), textarea")];
    const form = [...document.querySelectorAll("main form")].sort((a, b) => fields(b).length - fields(a).length)[0];
    for (const field of fields(form)) {
      if (field.type === "number" || field.type === "date") field.type = "text";
      field.value = word;
    }
    form.noValidate = true;
    document.documentElement.dataset.pressed = "1";
    form.requestSubmit(form.querySelector("button:not([name]), button[value=save], button") ?? undefined);
  }, word);
  // The answer's page, whether the form led to another or was refused.
  await page.waitForFunction(() => !document.documentElement.dataset.pressed).catch(() => null);
  await page.waitForLoadState("networkidle");
}
