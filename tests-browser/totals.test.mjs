// One number from the cart to the card: a purchase with a code, shipping and tax, as two buyers abroad see it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkWidths, desktop, fillIn, openPage, phone, picture, putIntoCart, shelf, startBrowser, startDemo, until } from "./support.mjs";

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

test("a desktop in English and a phone in Chinese are charged what every page says", async (t) => {
  const languages = [
    { name: "en", prefix: "", browsing: { ...desktop, locale: "en-GB" }, way: "Airmail", tax: "Includes tax (20%)" },
    {
      name: "zh",
      prefix: "/zh",
      browsing: { ...phone, locale: "zh-CN", javaScriptEnabled: false },
      way: "国际空邮",
      tax: "含税（20%）",
    },
  ];
  for (const language of languages) await t.test(language.name, () => purchase(language));
});

async function purchase({ name, prefix, browsing, way, tax }) {
  const chosen = (await shelf(shop.address)).find((variant) => variant.available >= 6);
  const { page, complaints, close } = await openPage(browser, browsing);
  const email = `${name}@example.com`;
  await page.goto(`${shop.address}${prefix}/products/${chosen.slug}`);
  await putIntoCart(page, prefix);
  await page.selectOption("#country", "GB");
  await page.click(`form[action="${prefix}/cart"] button`);
  assert.match(await page.locator(".methods").textContent(), new RegExp(way));
  await look(page, `totals-${name}-1-cart`);

  await page.click(`a[href^="${prefix}/checkout"]`);
  await fillIn(page, email);
  assert.equal(await page.locator("#country").inputValue(), "GB", "the cart's estimate is kept");
  await page.fill("#coupon", "tea10");
  await page.locator('button[name="apply"]').last().click();
  const checkout = await rows(page, ".sheet tfoot tr");
  for (const part of ["TEA10", way, tax]) {
    assert.ok(checkout.some(({ label }) => label.includes(part)), `${part} in ${JSON.stringify(checkout)}`);
  }
  await look(page, `totals-${name}-2-checkout`);
  const total = await page.locator(".sheet tfoot tr.total td").textContent();

  await page.click(`form[action="${prefix}/checkout"] button.wide:not([name])`);
  await page.locator("button#pay").waitFor();
  const charged = await page.locator("button#pay").textContent();
  assert.equal(digits(charged), digits(total), "Stripe asks for the total");
  await look(page, `totals-${name}-3-payment`);

  await page.click("button#pay");
  await page.waitForURL((url) => url.origin === shop.address && /\/(success|orders\/)/.test(url.pathname));
  await until(async () => {
    await page.reload();
    return (await page.locator(".chip.ok").count()) === 1;
  }, "the order is paid");
  assert.deepEqual(await rows(page, ".sheet tfoot tr"), checkout, "the order keeps what was shown");
  await look(page, `totals-${name}-4-order`);

  const letter = page.locator("article.letter", { hasText: email });
  await until(async () => {
    await page.goto(`${shop.address}/_sandbox/mail`);
    return (await letter.count()) === 1;
  }, "the letter is there");
  const written = await letter.textContent();
  for (const { label, amount } of checkout.filter(({ kind }) => kind !== "total")) {
    assert.ok(written.includes(label) && written.includes(amount), `${label} ${amount} in ${written}`);
  }
  assert.ok(written.includes(total), written);
  await look(page, `totals-${name}-5-letter`);

  const [, id, token] = written.match(/orders\/(ord_[0-9a-f]+)\?token=([\w-]+)/);
  const order = await (await fetch(`${shop.address}/api/orders/${id}?token=${token}`)).json();
  assert.equal(String(order.total.amount), digits(total), "the API says the same");
  assert.equal(order.payments[0].amount.amount, order.total.amount);
  assert.deepEqual(complaints, []);
  await close();
}

async function look(page, name) {
  await checkWidths(page, name);
  await picture(page, name);
}

async function rows(page, selector) {
  const rows = [];
  for (const row of await page.locator(selector).all()) {
    const [label, amount] = [await row.locator("th").textContent(), await row.locator("td").textContent()];
    rows.push({ kind: await row.getAttribute("class"), label, amount });
  }
  return rows;
}

/** The minor units of an amount with two decimals, however it is written. */
function digits(text) {
  return text.replace(/\D/g, "").replace(/^0+/, "");
}
