// Every page and state of the shop and every letter as a picture below target/gallery, for people to look at beside each
// other: node gallery.mjs. Both languages, on a desktop and on a phone.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { desktop, fillIn, openPage, phone, placeOrder, PROGRAM, putIntoCart, shelf, startBrowser, startDemo, TARGET, until } from "./support.mjs";

const FOLDER = path.join(TARGET, "gallery");
mkdirSync(FOLDER, { recursive: true });
const PAGES = {
  home: "/", products: "/products", collection: "/collections/cups", filtered: "/products?option.glaze=celadon&in_stock=1&min=20",
  "filtered-to-nothing": "/products?min=99999", search: "/search", found: "/search?q=cup", "found-nothing": "/search?q=zzzz",
  meant: "/search?q=celadno", product: "/products/tea-cup", "product-last": "/products/tea-cup?variant=HK-CUP-120-TEN",
  "product-options": "/products/tea-tray?option.size=40-cm&option.wood=walnut", "product-no-such": "/products/little-teapot?option.size=130-ml&option.finish=tea-dust",
  "product-sold-out": "/products/tasting-cup?variant=HK-CUP-045-OXB", "product-preorder": "/products/copper-kettle",
  "product-asked": "/products/tasting-cup?variant=HK-CUP-045-OXB&asked=1", "cart-empty": "/cart", lookup: "/orders",
  "lookup-asked": "/orders?asked=1", contact: "/pages/contact", terms: "/pages/terms", mailbox: "/_sandbox/mail",
  problem: "/problems/out-of-stock", "not-found": "/nowhere", "not-allowed": "/cart/add",
};
const only = process.argv[2] ?? "";

const shop = await startDemo();
const brief = await startDemo({ holdMinutes: "0.05" });
const browser = await startBrowser();
try {
  const letters = mkdtempSync(path.join(tmpdir(), "stockhold-letters-"));
  execFileSync(PROGRAM, ["email", "preview", "--out", letters, "--data-dir", letters]);
  for (const [language, prefix] of [["en", ""], ["zh", "/zh"]]) {
    const orders = await ordersInEveryState(language);
    for (const [screen, browsing] of [["desktop", desktop], ["phone", phone]]) {
      const { page, close } = await openPage(browser, { ...browsing, locale: language === "zh" ? "zh-CN" : "en-GB" });
      const take = async (name) => {
        if (!name.startsWith(only)) return;
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: path.join(FOLDER, `${name}-${language}-${screen}.png`), fullPage: true });
      };
      const see = async (name, place, shown = shop) => {
        await page.goto(`${shown.address}${prefix}${place}`, { waitUntil: "networkidle" });
        await take(name);
      };
      for (const [name, place] of Object.entries(PAGES)) await see(`page-${name}`, place);
      await walkToTheCheckout(page, prefix, see, take);
      for (const { state, id, token, at } of orders) await see(`order-${state}`, `/orders/${id}?token=${token}`, at);
      const paid = orders.find(({ state }) => state === "paid");
      await page.goto(`${shop.address}${prefix}/orders/${paid.id}?token=${paid.token}`); // A browser remembers the last ten.
      await see("order-cancel-question", `/orders/${paid.id}/cancel`);
      for (const file of readdirSync(letters).filter((file) => file.endsWith(`.${language === "zh" ? "zh-CN" : "en"}.html`))) {
        await page.goto(`file://${path.join(letters, file)}`);
        await take(`letter-${file.split(".")[0]}`);
      }
      await close();
    }
  }
} finally {
  await browser.close();
  await shop.stop();
  await brief.stop();
}

/** What the walk needs of each order is its name; how it comes into its state is told by the tests of orders. */
async function ordersInEveryState(language) {
  const locale = language === "zh" ? "zh-CN" : "en";
  const goods = (await shelf(shop.address)).filter((variant) => variant.available >= 8);
  const orders = [];
  const place = async (state, at = shop, sku = goods[orders.length % goods.length].sku) => {
    const order = await placeOrder(at, { sku, quantity: 2, email: `${state}-${language}@example.com`, locale });
    orders.push({ ...order, state, at });
    return order;
  };
  const card = (number = "4242424242424242") => ({ method: "card", card: number });
  const until_ = (order, status, at = shop) => until(async () => (await at.order(order)).status === status, `${order.number} is ${status}`);
  const paid = async (state, number) => {
    const order = await place(state);
    await shop.press(order.session, card(number));
    await until_(order, "paid");
    return order;
  };
  const delayed = async (state, method = "delayed_succeeds") => {
    const order = await place(state);
    await shop.press(order.session, { method });
    await until_(order, "processing");
    return order;
  };
  const refund = (order, what = {}) => shop.staff(`/api/admin/orders/${order.id}/refunds`, what);
  const ship = (order, quantity) =>
    shop.staff(`/api/admin/orders/${order.id}/shipments`, { items: [{ sku: order.sku, quantity }], carrier: "Royal Mail", tracking: "RR123456785GB" });
  const cancel = (order) => shop.post(`/api/orders/${order.id}/cancel?token=${order.token}`, {});

  // What waits for a bank goes on waiting until it was seen.
  await shop.stripe("clock", { freeze: true });
  await place("pending");
  await delayed("processing");
  await shop.stripe(`settle/${(await delayed("failed", "delayed_fails")).session}`);
  await cancel(await delayed("stopping"));
  await paid("paid");
  await ship(await paid("partly-shipped"), 1);
  await ship(await paid("shipped"), 2);
  const rest = await paid("rest-cancelled");
  await ship(rest, 1);
  await cancel(rest);
  await cancel(await place("cancelled"));
  await cancel(await paid("cancelled-refunded"));
  const part = await paid("refunded-in-part");
  await refund(part, { items: [{ sku: part.sku, quantity: 1 }] });
  await refund(await paid("refunded-in-whole"));
  const pending = await paid("refund-pending");
  await shop.stripe("next_refund", { status: "pending" });
  await refund(pending);
  const failed = await paid("refund-failed");
  await shop.stripe("next_refund", { status: "failed" });
  await refund(failed);
  await paid("disputed", "4000000000000259");
  const [there, gone, lapsed] = (await shelf(brief.address)).filter((variant) => variant.available >= 8);
  const late = [await place("late-there", brief, there.sku), await place("late-gone", brief, gone.sku)];
  await place("expired", brief, lapsed.sku);
  for (const order of [...late, orders.at(-1)]) await until_(order, "expired", brief);
  await brief.staff(`/api/admin/stock/${gone.sku}/movements`, { delta: -gone.available, reason: "damaged" });
  for (const order of late) await brief.press(await brief.leftBehind(order), card());
  await until_(late[0], "paid", brief);
  await until_(late[1], "refunded", brief);
  await brief.staff(`/api/admin/stock/${gone.sku}/movements`, { delta: gone.available, reason: "received" });
  return orders;
}

/** Cart and check-out, as they come about one after the other. */
async function walkToTheCheckout(page, prefix, see, take) {
  await page.goto(`${shop.address}${prefix}/products/tea-tray`);
  await page.fill("#quantity", "3");
  await page.click(".buy .btn");
  await page.locator("#cart-drawer[open] .lines").waitFor();
  await take("cart-drawer");
  await page.keyboard.press("Escape");
  await page.goto(`${shop.address}${prefix}/products/hares-fur-bowl`);
  await page.fill("#quantity", "90");
  await putIntoCart(page, prefix);
  await take("cart-blocked");
  await page.locator("main input[type=number]").last().fill("1");
  await page.locator("main .acts .btn").last().click();
  await until(async () => (await page.locator(".trouble").count()) === 0, "the cart is put right");
  await see("cart", "/cart?country=GB");
  await see("cart-nowhere", "/cart?country=KP");
  await see("checkout", "/checkout");
  await page.click(`form[action="${prefix}/checkout"] button.wide`);
  await page.locator("#email-wrong").waitFor();
  await take("checkout-wrong");
  await fillIn(page, "walk@example.com");
  await page.selectOption("#country", "GB");
  await page.fill("#coupon", "NEVER");
  await page.locator('button[name="apply"]').last().click();
  await page.locator("#coupon-wrong").waitFor();
  await take("checkout-wrong-code");
  await page.fill("#coupon", "TEA10");
  await page.locator('button[name="apply"]').last().click();
  await page.locator(".sheet tfoot tr.total").waitFor();
  await take("checkout-priced");
  await page.click(`form[action="${prefix}/checkout"] button.wide:not([name])`);
  await page.locator("button#pay").waitFor();
  await take("payment");
  await see("cart-held", "/cart");
  await see("product-held", "/products/tea-tray");
  await page.goto(`${shop.address}${prefix}/`);
  await page.click('.top a[data-opens="finder"]');
  await page.locator("#finder-q").pressSequentially(prefix ? "茶" : "tea", { delay: 20 });
  await page.locator("#finder-list [role=option]").first().waitFor();
  await take("suggestions");
}
