// Every page and state of the shop and every letter as a picture below target/gallery, for people to look at beside each
// other: node gallery.mjs. Both languages, on a desktop and on a phone.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ordersInEveryState } from "./order-states.mjs";
import { desktop, fillIn, openPage, phone, PROGRAM, putIntoCart, startBrowser, startDemo, TARGET, until } from "./support.mjs";

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
    const orders = await ordersInEveryState(shop, brief, language);
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
