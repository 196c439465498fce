// Orders at the desk: found, shipped and refunded in part by hand, on a laptop and on a phone, in both languages; each page
// accessible by axe's rules of WCAG 2.2 AA, none wider than a phone, none with an error or against its own policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

const OWNER = { email: "owner@example.com", password: "three tea cups and a tray" };

let shop;
let browser;
let goods;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  goods = (await shelf(shop.address)).filter((variant) => variant.available >= 8);
  const { page, close } = await openPage(browser, desktop);
  await page.goto(shop.said().match(/http\S+\/admin\/setup\?token=\S+/)[0]);
  await page.fill("#name", "Ada");
  await page.fill("#email", OWNER.email);
  await page.fill("#password", OWNER.password);
  await page.click("main button");
  await page.waitForURL("**/admin");
  await close();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

for (const [at, options] of [desktop, { ...phone, locale: "zh-CN" }].entries()) {
  const prefix = ["", "/zh"][at];
  const language = ["en", "zh"][at];
  const width = ["desktop", "phone"][at];

  test(`an order is found, shipped and refunded in part, on a ${width} in ${language}`, async () => {
    const { sku } = goods[at];
    const order = await placeOrder(shop, { sku, quantity: 3, email: `lin${at}@example.com`, locale: ["en", "zh-CN"][at] });
    await pay(order);
    const unpaid = await placeOrder(shop, { sku, quantity: 1, email: `wei${at}@example.com`, locale: "en" });
    const { page, complaints, close } = await openPage(browser, options);
    const seen = async (name) => {
      await checkPage(page, `${name} ${prefix}`);
      await picture(page, `admin-${name}-${language}`);
    };
    await page.goto(`${shop.address}${prefix}/admin/orders`);
    await page.fill("#email", OWNER.email);
    await page.fill("#password", OWNER.password);
    await page.click("main button");
    await page.waitForURL(`**${prefix}/admin/orders`);
    await seen("orders");
    await page.goto(`${shop.address}${prefix}/admin/orders?tab=refunds&min=9999`);
    await seen("orders-empty");
    await page.goto(`${shop.address}${prefix}/admin/orders?tab=all`);
    await page.fill("#q", `lin${at}@`);
    await page.press("#q", "Enter");
    await page.waitForURL(`**q=lin${at}*`);
    await page.click(`tbody a:has-text("${order.number}")`);
    await page.waitForURL(`**/admin/orders/${order.id}`);
    await seen("order");

    await page.click('a[href$="/ship"]');
    await page.fill("#units-1", "2");
    await page.fill("#carrier", "DHL");
    await page.fill("#tracking", "JD014600003");
    await seen("order-ship");
    await page.click("main form button");
    await page.waitForURL("**done=order-shipped");
    const link = page.locator('a[href*="dhl.com"]');
    assert.equal(await link.textContent(), "JD014600003");

    await page.click('a[href$="/refund"]');
    await page.fill("#units-1", "1");
    await page.fill("#reason", "chipped");
    await seen("order-refund");
    await page.click("main form button");
    await page.waitForURL("**step=preview*");
    assert.match(await page.locator("pre.letter").textContent(), [/Refund/, /退款/][at]);
    await seen("order-refund-preview");
    await page.click("main form button");
    await page.waitForURL("**done=order-refund*");
    await until(async () => {
      if (await page.locator(`.chip:has-text("${["Partly refunded", "部分退款"][at]}")`).count()) return true;
      await page.reload();
      return false;
    }, "the order is partly refunded");
    await page.fill("#text", ["Call before the next parcel.", "下次发货前先致电。"][at]);
    await page.click('form[action$="/notes"] button');
    await page.waitForURL("**done=order-note");
    await seen("order-after");
    for (const name of ["address", "cancel"]) {
      await page.goto(`${shop.address}${prefix}/admin/orders/${order.id}/${name}`);
      await seen(`order-${name}`);
    }

    // A payment that nobody made: what cannot be sent says why, and many at once say it for each.
    await page.goto(`${shop.address}${prefix}/admin/orders/${unpaid.id}`);
    await seen("order-unpaid");
    await page.goto(`${shop.address}${prefix}/admin/orders/${unpaid.id}/ship`);
    await seen("order-ship-refused");
    await page.goto(`${shop.address}${prefix}/admin/orders?tab=all`);
    for (const box of await page.locator("tbody input[type=checkbox]").all()) await box.check();
    await page.click('button[formaction$="/ship"]');
    await seen("orders-ship");
    // Nothing here can be sent, so there is no button; a page that was open since before had one.
    const form = page.locator('main form[method="post"]');
    assert.equal(await form.locator("button").count(), 0);
    await form.evaluate((open) => open.requestSubmit());
    await page.locator(".results .chip.bad").first().waitFor();
    await seen("orders-shipped");
    await page.goto(`${shop.address}${prefix}/admin/orders/packing-slips?order=${order.id}&order=${unpaid.id}`);
    await page.emulateMedia({ media: "print" });
    await picture(page, `admin-packing-slips-print-${language}`);
    await page.emulateMedia({ media: "screen" });
    await seen("packing-slips");
    assert.deepEqual(complaints, []);
    await close();
  });
}

async function pay(order) {
  await shop.press(order.session, { method: "card", card: "4242424242424242" });
  await until(async () => (await shop.order(order)).status === "paid", "the order is paid");
}
