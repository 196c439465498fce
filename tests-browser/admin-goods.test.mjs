// Goods at the desk: a product with two variants and a picture, stock corrected below what is held, a hold released; on a
// laptop and on a phone in Chinese (without scripts: tests/it/admin_goods.rs). Each page accessible by axe's rules of WCAG 2.2 AA, none wider than a
// phone, none with an error or against its own policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, startBrowser, startDemo } from "./support.mjs";

const OWNER = { email: "owner@example.com", password: "three tea cups and a tray" };

let shop;
let browser;
let shot;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  const { page, close } = await openPage(browser, desktop);
  await page.goto(shop.said().match(/http\S+\/admin\/setup\?token=\S+/)[0]);
  await page.fill("#name", "Ada");
  await page.fill("#email", OWNER.email);
  await page.fill("#password", OWNER.password);
  await page.click("main button");
  await page.waitForURL("**/admin");
  shot = await page.screenshot({ clip: { x: 0, y: 0, width: 400, height: 400 } });
  await close();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

for (const [at, options] of [desktop, { ...phone, locale: "zh-CN" }].entries()) {
  const prefix = ["", "/zh"][at];
  const language = ["en", "zh"][at];
  const device = ["a laptop", "a phone"][at];

  test(`goods are made, counted and released on ${device} in ${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, options);
    const seen = async (name) => {
      await checkPage(page, `${name} ${prefix}`);
      await picture(page, `admin-${name}-${language}`);
    };
    const answered = (status) => complaints.splice(0).every((complaint) => complaint.includes(String(status)));
    const open = (path) => page.goto(`${shop.address}${prefix}/admin/${path}`);
    await open("products");
    await page.fill("#email", OWNER.email);
    await page.fill("#password", OWNER.password);
    await page.click("main button");
    await page.waitForURL(`**${prefix}/admin/products`);
    await seen("products");

    // A product with two variants.
    const slug = `test-cup-${language}`;
    await open("products/new");
    await page.fill("[id='title.en']", "Test cup");
    await page.fill("[id='title.zh-CN']", "试杯");
    await page.fill("#slug", slug);
    await page.fill("[id='variant.0.price']", "32");
    await page.click("button[value='add-option']");
    await page.fill("[id='option.0.name']", "Glaze");
    await page.fill("[id='option.0.en']", "Celadon, Ash");
    await page.fill("[id='option.0.zh-CN']", "粉青, 灰");
    await page.click("button[value='generate']");
    assert.equal(await page.inputValue("[id='title.en']"), "Test cup", "what was typed stays");
    assert.equal(await page.locator(".matrix tbody tr").count(), 2);
    await seen("product-new");
    await page.fill("[id='variant.1.price']", "cheap");
    await page.click(".bar-save button");
    await page.locator("[role='alert']").first().waitFor();
    assert.ok(answered(422), "a price that is none");
    await seen("product-wrong");
    await page.fill("[id='variant.1.price']", "30");
    await page.click(".bar-save button");
    await page.waitForURL(`**/admin/products/${slug}?done=product-made`);

    // A picture, and then customers may see it.
    await page.setInputFiles("#file", { name: "cup.png", mimeType: "image/png", buffer: shot });
    await page.fill("#alt-en", "A cup");
    await page.fill("#alt-zh-CN", "茶杯");
    await page.click(".upload button");
    await page.waitForURL("**done=picture-added");
    await page.selectOption("#status", "active");
    await page.click(".bar-save button");
    await page.waitForURL("**done=product-saved");
    await seen("product");
    const sku = await page.inputValue("[id='variant.0.sku']");

    // Received, held, and corrected below what is held.
    await open(`stock/${sku}`);
    await page.fill("#units", "3");
    await page.click("form:has(#units) button");
    await page.waitForURL("**done=stock-changed");
    const order = await placeOrder(shop, { sku, quantity: 2, email: `lin-${language}@example.com`, locale: "en" });
    await open(`stock/${sku}`);
    await seen("stock-sku");
    await page.fill("#delta", "-2");
    await page.click("form:has(#delta) button");
    await page.locator("#shortfall").waitFor();
    assert.ok(answered(409), "it asks first");
    assert.match(await page.locator(".conflict").textContent(), new RegExp(String(order.number)));
    await seen("stock-shortfall");
    await page.click(".conflict form button");
    await page.waitForURL("**done=stock-short");
    await seen("stock-short");

    // The hold is released: of the two that come back one is not there.
    await page.click(`form[action$='/release'] button`);
    await page.waitForURL("**done=hold-released");
    assert.match(await page.locator(".levels").textContent(), /1\D+0\D+1/);
    await open("stock?which=low");
    await seen("stock");
    await open(`stock/count?q=${slug}`);
    await page.fill("input.count >> nth=0", "5");
    await seen("stock-count");
    await page.click(".bar-save button");
    await page.locator(".chip.ok").first().waitFor();
    await seen("stock-counted");
    await open("collections");
    await seen("collections");
    await page.click("tbody a >> nth=0");
    await seen("collection");
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("of two people who edit one product the second sees both", async () => {
  const first = await openPage(browser, desktop);
  const second = await openPage(browser, desktop);
  for (const { page } of [first, second]) {
    await page.goto(`${shop.address}/admin/products/tea-tray`);
    await page.fill("#email", OWNER.email);
    await page.fill("#password", OWNER.password);
    await page.click("main button");
    await page.waitForURL("**/admin/products/tea-tray");
  }
  await first.page.fill("[id='title.en']", "Tea tray, large");
  await first.page.click(".bar-save button");
  await first.page.waitForURL("**done=product-saved");
  await second.page.fill("[id='variant.0.price']", "99");
  await second.page.click(".bar-save button");
  await second.page.locator(".conflict").waitFor();
  const told = await second.page.locator(".conflict").textContent();
  assert.match(told, /Tea tray, large/);
  assert.match(told, /99/);
  assert.equal(await second.page.inputValue("[id='variant.0.price']"), "99");
  second.complaints.splice(0);
  await checkPage(second.page, "conflict");
  await picture(second.page, "admin-product-conflict-en");
  // Whoever leaves now is asked first.
  let asked = 0;
  second.page.on("dialog", (dialog) => {
    asked += 1;
    return dialog.accept();
  });
  await second.page.fill("[id='title.en']", "Tea tray, large");
  await second.page.click("a:has-text('Products') >> nth=0");
  await second.page.waitForURL("**/admin/products");
  assert.equal(asked, 1);
  await first.close();
  await second.close();
});
