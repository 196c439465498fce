// Every page of the shop but those of orders, in both languages and on phone and desktop: accessible by axe's rules of
// WCAG 2.2 AA, no wider than the narrowest phone, readable at twice the size of letters, silent on the console. And a
// whole purchase with nothing but the keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, putIntoCart, shelf, startBrowser, startDemo, until } from "./support.mjs";

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

for (const [prefix, browsing] of [["", { ...desktop, locale: "en-GB" }], ["/zh", { ...phone, locale: "zh-CN" }]]) {
  test(`every page can be read by everybody, at ${prefix || "/"}`, async () => {
    const goods = await shelf(shop.address);
    const most = goods.toSorted((a, b) => b.available - a.available)[0];
    const none = goods.find((variant) => variant.available === 0);
    const { page, complaints, close } = await openPage(browser, browsing);
    const look = async (path, status = 200) => {
      const response = await page.goto(`${shop.address}${prefix}${path}`);
      assert.equal(response.status(), status, path);
      await checkPage(page, prefix + path);
    };
    const first = await page.request.get(`${shop.address}/api/products?limit=1`).then((answer) => answer.json());
    assert.ok(first);
    for (const path of ["/", "/products", "/search", "/search?q=cup", "/search?q=zzzz", "/cart", `/products/${most.slug}`, "/_sandbox/mail", "/problems/out-of-stock"]) {
      await look(path);
    }
    if (none) await look(`/products/${none.slug}`);

    await page.goto(`${shop.address}${prefix}/products/${most.slug}`);
    const radio = page.locator(`input[type=radio][name=sku][value="${most.sku}"]`);
    if (await radio.count()) await page.locator("label.opt", { has: radio }).click();
    await putIntoCart(page, prefix);
    await look("/cart");
    await look("/checkout");
    await page.fill("#email", "nobody");
    await page.click(`form[action="${prefix}/checkout"] button.wide`);
    await page.locator("#email-wrong").waitFor();
    await checkPage(page, `${prefix}/checkout with a wrong address`);
    // The refused form itself is answered with 422, and a browser's console notes that.
    const refused = complaints.splice(0);
    assert.ok(refused.every((line) => line.includes("422")), refused.join("\n"));
    await look("/nowhere", 404);
    const missing = complaints.splice(0);
    assert.ok(missing.every((line) => line.includes("404")), missing.join("\n"));
    await close();
  });
}

test("a buyer without a mouse buys with the keyboard alone", async () => {
  const { page, complaints, close } = await openPage(browser, { ...desktop, locale: "en-GB" });
  const chosen = (await shelf(shop.address)).filter((variant) => variant.available >= 6)[0];
  await page.goto(`${shop.address}/products/${chosen.slug}`);

  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "#main", "the first stop leads past the header");
  await tabTo(page, 'form[action="/cart/add"] .buy .btn');
  await page.keyboard.press("Enter");
  await page.locator("#cart-drawer[open]").waitFor();
  await tabTo(page, '#cart-drawer p > a[href="/cart"]');
  await page.keyboard.press("Enter");
  await page.waitForURL("**/cart");
  await tabTo(page, 'main a[href="/checkout"]');
  await page.keyboard.press("Enter");
  await page.waitForURL("**/checkout");

  await tabTo(page, 'form[action="/checkout"] button.wide');
  await page.keyboard.press("Enter");
  await page.locator("#email-wrong").waitFor();
  assert.match(await page.evaluate(() => document.activeElement.getAttribute("href") ?? document.activeElement.id ?? ""), /email|^$/);
  complaints.splice(0);
  await tabTo(page, "#email");
  await page.keyboard.type("keys@example.com");
  for (const [field, text] of [["#name", "Ada Li"], ["#street", "1 Harbour Road"], ["#city", "Wan Chai"]]) {
    await tabTo(page, field);
    await page.keyboard.type(text);
  }
  // Enter in a field sends the form as the pay button does, not as the one that only applies a code.
  await page.keyboard.press("Enter");
  await page.locator("button#pay").waitFor();
  await tabTo(page, "button#pay");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.origin === shop.address);
  await until(async () => {
    if (/is confirmed/.test(await page.locator("h1").textContent())) return true;
    await page.reload();
    return false;
  }, "the order is paid");
  await tabTo(page, 'a[href$="/cancel"]');
  await page.keyboard.press("Enter");
  await page.waitForURL("**/cancel");
  await tabTo(page, 'form[action$="/cancel"] button');
  await page.keyboard.press("Enter");
  await until(async () => /is cancelled/.test(await page.locator("h1").textContent()), "the order is cancelled");
  await picture(page, "keyboard-cancelled");
  assert.deepEqual(complaints, []);
  await close();
});

/** Presses Tab until it stands there; whatever has the focus on the way must be seen to have it. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate((wanted) => {
      const active = document.activeElement;
      const box = active.getBoundingClientRect();
      const style = getComputedStyle(active);
      const next = active.nextElementSibling ? getComputedStyle(active.nextElementSibling) : style;
      return {
        there: active.matches(wanted),
        what: active.outerHTML.slice(0, 120),
        outlined: style.outlineStyle !== "none" || next.outlineStyle !== "none",
        onScreen: box.bottom > 0 && box.top < innerHeight,
      };
    }, selector);
    assert.ok(seen.outlined, `nobody sees that this has the focus: ${seen.what}`);
    assert.ok(seen.onScreen, `the focus is out of sight: ${seen.what}`);
    if (seen.there) return;
  }
  assert.fail(`Tab never comes to ${selector}`);
}

function focused(page) {
  return page.evaluate(() => document.activeElement.getAttribute("href"));
}
