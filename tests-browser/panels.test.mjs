// The cart's drawer and the suggestions of the search, which a script puts above pages that do the same: by keyboard,
// accessible by axe's rules, in both languages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, startBrowser, startDemo, until } from "./support.mjs";

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

const LANGUAGES = [
  { name: "en", prefix: "", browsing: { ...desktop, locale: "en-GB" }, full: "Cart (2)", typed: "cel", found: /Tea cup/ },
  { name: "zh", prefix: "/zh", browsing: { ...phone, locale: "zh-CN" }, full: "购物车（2）", typed: "盖碗", found: /盖碗/ },
];

for (const { name, prefix, browsing, full, typed, found } of LANGUAGES) {
  test(`the cart opens beside the page, and closes to where one was, in ${name}`, async () => {
    const { page, complaints, close } = await openPage(browser, browsing);
    const drawer = page.locator("#cart-drawer");
    const link = page.locator('.top a[data-opens="cart-drawer"]');
    await page.goto(`${shop.address}${prefix}/products/tea-tray`);
    await page.click(".qty [data-step='1']");
    assert.equal(await page.inputValue("#quantity"), "2");
    await page.focus(".buy .btn");
    await page.keyboard.press("Enter");
    await until(async () => plain(await link.textContent()) === full, "the head counts what was added");
    assert.ok(await drawer.evaluate((dialog) => dialog.open && dialog.contains(document.activeElement)), "the focus is in the drawer");
    await checkPage(page, `drawer ${name}`);
    await picture(page, `drawer-${name}`);
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press("Tab");
      const outside = await drawer.evaluate((dialog) => !dialog.contains(document.activeElement) && document.activeElement !== document.body);
      assert.ok(!outside, "Tab stays in the drawer");
    }
    await page.keyboard.press("Escape");
    assert.ok(!(await drawer.evaluate((dialog) => dialog.open)), "Escape closes it");
    assert.ok(await page.locator(".buy .btn").evaluate((button) => button === document.activeElement), "the focus is back");

    // Fewer of it, then none, without leaving the page.
    let pages = 0;
    page.on("request", (request) => (pages += Number(request.isNavigationRequest())));
    await link.click();
    await drawer.locator("input[name=quantity]").first().fill("1");
    await drawer.locator(".acts button").first().click();
    await until(async () => plain(await link.textContent()) === full.replace("2", "1"), "one is left");
    await drawer.locator(".acts .link").click();
    await until(async () => (await drawer.locator(".lines").count()) === 0, "the cart is empty");
    await checkPage(page, `empty drawer ${name}`);
    await picture(page, `drawer-empty-${name}`);
    assert.equal(pages, 0);
    assert.deepEqual(complaints, []);
    await close();
  });

  test(`a search suggests while one types, in ${name}`, async () => {
    const { page, complaints, close } = await openPage(browser, browsing);
    await page.goto(`${shop.address}${prefix}/`);
    const link = page.locator('.top a[data-opens="finder"]');
    await link.focus();
    await page.keyboard.press("Enter");
    const field = page.locator("#finder-q");
    assert.ok(await field.evaluate((input) => input === document.activeElement), "one can type at once");
    await field.pressSequentially(typed, { delay: 30 });
    const options = page.locator("#finder-list [role=option]");
    await options.first().waitFor();
    assert.match(await page.locator("#finder-list").textContent(), found);
    assert.equal(await field.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("ArrowDown");
    assert.equal(await field.getAttribute("aria-activedescendant"), "finder-1");
    await checkPage(page, `suggestions ${name}`);
    await picture(page, `suggestions-${name}`);
    const href = await options.first().getAttribute("data-href");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === href);

    await page.locator('.top a[data-opens="finder"]').focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator('.top a[data-opens="finder"]').evaluate((it) => it === document.activeElement), "the focus is back");
    await page.keyboard.press("Enter");
    await field.fill(typed);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === `${prefix}/search`);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a quantity that cannot be is told on the page, and nothing is added", async () => {
  const { page, close } = await openPage(browser, desktop);
  await page.goto(`${shop.address}/products/tea-tray`);
  await page.evaluate(() => (document.querySelector("form[action$='/cart/add']").noValidate = true));
  await page.fill("#quantity", "0");
  await page.click(".buy .btn");
  await page.locator("[role=alert]").waitFor();
  assert.equal(plain(await page.locator('.top a[data-opens="cart-drawer"]').textContent()), "Cart");
  await close();
});

/** Without the marks that keep a number apart from a text of another direction. */
function plain(text) {
  return text.replace(/[\u2068\u2069]/g, "").trim();
}
