// The shelves as buyers walk along them: with scripts, where choices swap a part of the page, and without, where each is a
// page of its own. Both end at the same goods.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkWidths, desktop, openPage, phone, picture, putIntoCart, startBrowser, startDemo, until } from "./support.mjs";

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

for (const [name, browsing] of [["with scripts", desktop], ["without scripts", { ...phone, javaScriptEnabled: false }]]) {
  test(`goods are filtered, chosen and put into the cart ${name}`, async () => {
    const { page, complaints, close } = await openPage(browser, browsing);
    await page.goto(`${shop.address}/products`);
    assert.equal(await page.locator(".card").count(), 24);
    await page.click("summary:has-text('Glaze')");
    await page.click(".panel a:has-text('Celadon')");
    await page.locator(".picked a").first().waitFor();
    assert.match(page.url(), /option\.glaze=celadon/);
    assert.equal(await page.locator(".card").count(), 6);
    await page.click("summary:has-text('Sort')");
    await page.click(".panel a:has-text('price, high to low')");
    await page.waitForURL("**sort=price-down");
    await until(async () => (await page.locator(".card .name").first().textContent()) === "Gaiwan, 100 ml", "the dearest is first");
    await page.click(".picked a >> nth=0");
    await until(async () => (await page.locator(".card").count()) === 24, "the filter is off again");

    await page.goto(`${shop.address}/products/tea-tray`);
    await page.fill("#quantity", "2");
    await page.click("label.opt:has-text('Walnut')");
    if (browsing.javaScriptEnabled === false) await page.click(".show button");
    await until(async () => (await page.locator(".price").textContent()).includes("$72.00"), "the page shows the walnut tray");
    assert.equal(await page.inputValue("#quantity"), "2");
    await putIntoCart(page);
    assert.match(await page.locator("main .lines").textContent(), /Walnut/);

    await page.goto(`${shop.address}/search?q=celadno`);
    await page.click("a:has-text('celadon')");
    await page.locator(".card").first().waitFor();
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a script saves pages, and loses neither the focus nor what was typed", async () => {
  const { page, complaints, close } = await openPage(browser, desktop);
  await page.goto(`${shop.address}/products/tea-cup`);
  let pages = 0;
  page.on("request", (request) => (pages += Number(request.isNavigationRequest())));
  await page.focus("input[value='HK-CUP-120-CEL']");
  await page.keyboard.press("ArrowRight");
  await until(async () => page.url().includes("MOO"), "the address says which one");
  await page.fill("#quantity", "5");
  await page.click("label.opt:has-text('Tenmoku')");
  await until(async () => (await page.locator(".stockline").textContent()).includes("1 left in Tenmoku"), "the page says so");
  assert.equal(await page.inputValue("#quantity"), "5");
  assert.equal(await page.evaluate(() => document.activeElement.value), "HK-CUP-120-TEN");
  await page.goto(`${shop.address}/zh/search`);
  pages = 0;
  await page.locator("#q").pressSequentially("盖碗", { delay: 30 });
  await until(async () => (await page.locator(".card").count()) === 2, "both gaiwans are found while typing");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  assert.equal(pages, 0);
  assert.deepEqual(complaints, []);
  await close();
});

test("whoever asks hears that it is back", async () => {
  const { page, complaints, close } = await openPage(browser, { ...phone, javaScriptEnabled: false });
  await page.goto(`${shop.address}/zh/products/tasting-cup?variant=HK-CUP-045-OXB`);
  await page.fill("#wish-email", "mei@example.cn");
  await page.click(".wish button");
  assert.match(await page.locator("[role=status]").first().textContent(), /到货后/);
  assert.deepEqual(complaints, []);
  await close();
});

test("no page of the shelves scrolls sideways, in either language", async () => {
  const paths = [
    "/", "/products", "/products?option.glaze=celadon&in_stock=1&min=20&max=90", "/products?min=99999", "/collections/cups",
    "/products/tea-cup", "/products/tea-tray?option.size=40-cm&option.wood=walnut", "/products/copper-kettle",
    "/products/tasting-cup?variant=HK-CUP-045-OXB", "/search", "/search?q=gaiwan", "/search?q=celadno", "/pages/contact",
  ];
  for (const [size, browsing] of [["desktop", desktop], ["phone", phone]]) {
    const { page, complaints, close } = await openPage(browser, browsing);
    for (const prefix of ["", "/zh"]) {
      for (const path of paths) {
        const name = `shelves${prefix}${path}`.replace(/[^a-z0-9]+/gi, "-");
        await page.goto(shop.address + prefix + path);
        await checkWidths(page, name);
        await picture(page, `${name}-${size}`);
      }
    }
    assert.deepEqual(complaints, []);
    await close();
  }
});
