// A purchase from the shelf to the letter, as two buyers see it: in English on a desktop, in Chinese on a phone whose
// browser runs no script.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { available, checkWidths, desktop, fillIn, openPage, phone, picture, putIntoCart, shelf, startBrowser, startDemo, until } from "./support.mjs";

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

test("a buyer with a desktop buys in English", async () => {
  const goods = await shelf(shop.address);
  // A few left, so that the page itself says how many there are.
  const chosen = goods.find((variant) => variant.available >= 3 && variant.available <= 5)
    ?? goods.find((variant) => variant.available >= 3);
  await purchase({
    chosen,
    quantity: 2,
    email: "ada@example.com",
    prefix: "",
    name: "en",
    browsing: { ...desktop, locale: "en-GB" },
    words: { lang: "en", paid: "Paid", confirmed: /is confirmed/, soldOut: "sold out", left: (n) => `${n} left` },
  });
});

test("a buyer with a phone and no script buys the last one in Chinese", async () => {
  const goods = await shelf(shop.address);
  const chosen = goods.find((variant) => variant.available === 1);
  assert.ok(chosen, "the demo has something of which one is left");
  await purchase({
    chosen,
    quantity: 1,
    email: "li@example.cn",
    prefix: "/zh",
    name: "zh",
    browsing: { ...phone, locale: "zh-CN", javaScriptEnabled: false },
    words: { lang: "zh-CN", paid: "已付款", confirmed: /已确认/, soldOut: "已售罄", left: (n) => `仅剩 ${n} 件` },
  });
});

test("a buyer with a desktop cancels a paid order in English", async () => {
  await cancelling({
    email: "cy@example.com",
    prefix: "",
    name: "en",
    browsing: { ...desktop, locale: "en-GB" },
    words: { lang: "en", refunded: "Refunded", promise: /goes back to you/, over: /is cancelled/, letter: "is cancelled" },
  });
});

test("a buyer with a phone and no script cancels a paid order in Chinese", async () => {
  await cancelling({
    email: "xu@example.cn",
    prefix: "/zh",
    name: "zh",
    browsing: { ...phone, locale: "zh-CN", javaScriptEnabled: false },
    words: { lang: "zh-CN", refunded: "已退款", promise: /将原路退还给您/, over: /已取消/, letter: "已取消" },
  });
});

async function cancelling({ email, prefix, name, browsing, words }) {
  const chosen = (await shelf(shop.address)).find((variant) => variant.available >= 6);
  const stock = await available(shop.address, chosen);
  const { page, complaints, close } = await openPage(browser, browsing);
  await page.goto(`${shop.address}${prefix}/products/${chosen.slug}`);
  await chooseVariant(page, chosen);
  await putIntoCart(page, prefix);
  await page.click(`a[href="${prefix}/checkout"]`);
  await fillIn(page, email);
  await page.click(`form[action="${prefix}/checkout"] button.wide`);
  await page.click("button#pay");
  await page.waitForURL((url) => url.origin === shop.address && /\/(success|orders\/)/.test(url.pathname));
  await until(async () => {
    await page.reload();
    return (await available(shop.address, chosen)) === stock - 1 && (await page.locator(".chip.ok").count()) === 1;
  }, "the order is paid");
  await page.click('a[href$="/cancel"]');
  assert.match(await page.locator("main").textContent(), words.promise);
  assert.equal(await page.locator("html").getAttribute("lang"), words.lang);
  await look(page, `${name}-a-cancel`);
  assert.equal(await available(shop.address, chosen), stock - 1, "the page alone cancels nothing");

  await page.fill("#reason", "I found it in my own cupboard");
  await page.click('form[action$="/cancel"] button');
  await page.waitForURL((url) => /\/orders\/ord_[^/]*$/.test(url.pathname));
  assert.match(await page.locator("h1").textContent(), words.over);
  await until(async () => {
    await page.reload();
    return (await page.locator(".chip").first().textContent()).trim() === words.refunded;
  }, "the money is back");
  assert.equal(await page.locator('a[href$="/cancel"]').count(), 0);
  assert.equal(await available(shop.address, chosen), stock, "the goods are back, once");
  await look(page, `${name}-b-cancelled`);
  await until(async () => {
    await page.goto(`${shop.address}/_sandbox/mail`);
    const mine = page.locator("article.letter", { hasText: email });
    return (await mine.filter({ hasText: words.letter }).count()) === 1;
  }, "the letter says so");
  await look(page, `${name}-c-mailbox`);
  assert.deepEqual(complaints, []);
  await close();
}

async function purchase({ chosen, quantity, email, prefix, name, browsing, words }) {
  const { page, complaints, close } = await openPage(browser, browsing);
  const stock = await available(shop.address, chosen);

  await page.goto(`${shop.address}${prefix}/`);
  assert.equal(await page.locator("html").getAttribute("lang"), words.lang);
  await look(page, `${name}-1-home`);

  await page.goto(`${shop.address}${prefix}/products`);
  await look(page, `${name}-2-products`);
  const product = `${prefix}/products/${chosen.slug}`;
  await page.goto(shop.address + product);
  await chooseVariant(page, chosen);
  await page.fill("#quantity", String(quantity));
  await look(page, `${name}-3-product`);

  await putIntoCart(page, prefix);
  await look(page, `${name}-4-cart`);
  assert.equal(await available(shop.address, chosen), stock, "a cart holds nothing");

  await page.click(`a[href="${prefix}/checkout"]`);
  await page.waitForURL(`**${prefix}/checkout`);
  await fillIn(page, email);
  await look(page, `${name}-5-checkout`);

  await page.click(`form[action="${prefix}/checkout"] button.wide`);
  await page.locator("button#pay").waitFor();
  await look(page, `${name}-6-payment`);
  assert.equal(await available(shop.address, chosen), stock - quantity, "an order holds its goods");

  await page.click("button#pay");
  await page.waitForURL((url) => url.origin === shop.address && /\/(success|orders\/)/.test(url.pathname));
  // The payment reaches the shop by webhook, a moment after the buyer is back.
  await until(async () => {
    const chip = await page.locator(".chip").first().textContent();
    if (chip.trim() === words.paid) return true;
    await page.reload();
    return false;
  }, "the order is paid");
  assert.match(await page.locator("h1").textContent(), words.confirmed);
  assert.equal(await page.locator("html").getAttribute("lang"), words.lang);
  await look(page, `${name}-7-order`);

  assert.equal(await available(shop.address, chosen), stock - quantity, "what was held is sold, once");
  await page.goto(shop.address + product);
  const left = stock - quantity;
  if (left <= 5) {
    const said = (await page.locator("main").textContent()).replace(/[\u2068\u2069]/g, "");
    assert.ok(said.includes(left === 0 ? words.soldOut : words.left(left)), `the page says that ${left} are left: ${said}`);
  }
  await look(page, `${name}-8-product-after`);

  await until(async () => {
    await page.goto(`${shop.address}/_sandbox/mail`);
    return (await letters(page, email)) > 0;
  }, "the letter is in the mailbox");
  assert.equal(await letters(page, email), 1, "one letter, once");
  await look(page, `${name}-9-mailbox`);

  assert.deepEqual(complaints, []);
  await close();
}

async function look(page, name) {
  await checkWidths(page, name);
  await picture(page, name);
}

/** Picks the variant where there are several; a product with one has it in a hidden field. */
async function chooseVariant(page, { sku }) {
  const radio = page.locator(`input[type=radio][name=sku][value="${sku}"]`);
  if (await radio.count()) {
    // The radio itself is visually hidden; people press its label.
    await page.locator("label.opt", { has: radio }).click();
    assert.ok(await radio.isChecked());
  }
}

function letters(page, email) {
  return page.locator("article.letter", { hasText: email }).count();
}
