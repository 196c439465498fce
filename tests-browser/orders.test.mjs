// What a buyer sees of an order, in every state that one can have and in both languages: each page accessible by axe's
// rules of WCAG 2.2 AA, none wider than a phone, none with an error or against its own policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

let shop;
let browser;
let goods;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  goods = (await shelf(shop.address)).filter((variant) => variant.available >= 6);
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

// Each state, the words that tell it from all others, and how an order comes into it.
const STATES = {
  pending: { words: [/Finish paying/, /等待付款/], make: async () => {} },
  processing: { words: [/confirming your payment/, /付款确认中/], make: delayed },
  failed: {
    words: [/didn’t go through/, /付款未成功/],
    make: async (order) => {
      await delayed(order, "delayed_fails");
      await shop.stripe(`settle/${order.session}`);
    },
  },
  stopping: {
    words: [/You asked to cancel/, /您已申请取消/],
    make: async (order) => {
      await delayed(order);
      await cancel(order);
    },
  },
  paid: { words: [/is confirmed/, /已确认/], make: pay },
  "partly-shipped": {
    words: [/Part of order/, /已部分发货/],
    make: async (order) => {
      await pay(order);
      await ship(order, 1);
    },
  },
  shipped: {
    words: [/is on its way/, /已发货/],
    make: async (order) => {
      await pay(order);
      await ship(order, 2);
    },
  },
  cancelled: { words: [/is cancelled/, /已取消/], make: cancel },
  refunded: {
    words: [/Refunded in full/, /已全额退款/],
    make: async (order) => {
      await pay(order);
      await refund(order, {});
    },
  },
  "partly refunded": {
    words: [/is confirmed/, /已确认/],
    make: async (order) => {
      await pay(order);
      await refund(order, { items: [{ sku: order.sku, quantity: 1 }] });
    },
  },
  refunding: {
    words: [/on its way back/, /正在为您退款/],
    make: async (order) => {
      await pay(order);
      await shop.stripe("next_refund", { status: "pending" });
      await refund(order, {});
    },
  },
  "refund failed": {
    words: [/did not go through/, /退款未成功/],
    make: async (order) => {
      await pay(order);
      await shop.stripe("next_refund", { status: "failed" });
      await refund(order, {});
    },
  },
};

for (const [at, prefix] of ["", "/zh"].entries()) {
  test(`every state of an order can be read by everybody, at ${prefix || "/"}`, async () => {
    // One after another: the sandbox gives the next refund the state that was asked of it, whosever it is.
    const orders = [];
    for (const [row, [state, { words, make }]] of Object.entries(STATES).entries()) {
      const { sku } = goods[row % goods.length];
      const order = await placeOrder(shop, { sku, quantity: 2, email: `${state.replaceAll(" ", "-")}${at}@example.com`, locale: at ? "zh-CN" : "en" });
      await make(order);
      orders.push({ ...order, state, words: words[at] });
    }
    const browsing = at ? { ...phone, locale: "zh-CN" } : { ...desktop, locale: "en-GB" };
    const { page, complaints, close } = await openPage(browser, browsing);
    for (const order of orders) {
      await page.goto(`${shop.address}${prefix}/orders/${order.id}?token=${order.token}`);
      await until(async () => {
        if (order.words.test(await page.locator("h1").textContent())) return true;
        await page.reload();
        return false;
      }, `the page of the ${order.state} order says ${order.words}`);
      await checkPage(page, `order ${order.state} ${prefix}`);
      await picture(page, `order-${order.state.replaceAll(" ", "-")}-${at ? "zh" : "en"}`);
    }
    const paid = orders.find(({ state }) => state === "paid");
    await page.goto(`${shop.address}${prefix}/orders/${paid.id}/cancel`);
    await checkPage(page, `cancel ${prefix}`);
    assert.deepEqual(complaints, []);
    await close();
  });
}

for (const [at, prefix] of ["", "/zh"].entries()) {
  test(`a hold that ran out is told as it is and its cart comes back with one click, at ${prefix || "/"}`, async () => {
    // A shop of its own, whose holds last a few seconds.
    const brief = await startDemo({ holdMinutes: "0.05" });
    const { page, complaints, close } = await openPage(browser, at ? { ...phone, locale: "zh-CN" } : desktop);
    try {
      const last = (await shelf(brief.address)).find((variant) => variant.available === 1);
      const order = await placeOrder(brief, { sku: last.sku, quantity: 1, email: "lapsed@example.com", locale: at ? "zh-CN" : "en" });
      const said = async (words, what) => {
        await page.goto(`${brief.address}${prefix}/orders/${order.id}?token=${order.token}`);
        await until(async () => {
          if (words.test(await page.locator("h1").textContent())) return true;
          await page.reload();
          return false;
        }, what);
      };
      await said([/Your hold ran out/, /保留时间已到/][at], "the hold runs out");
      await checkPage(page, `order expired ${prefix}`);
      await picture(page, `order-expired-${at ? "zh" : "en"}`);
      assert.deepEqual(complaints, []);
      await page.click('form[action$="/cart/rebuild"] button');
      await page.waitForURL(`**${prefix}/cart`);
      assert.equal(await page.locator(".lines > li").count(), 1, "the cart is as it was");
    } finally {
      await close();
      await brief.stop();
    }
  });
}

for (const [at, prefix] of ["", "/zh"].entries()) {
  test(`a payment that comes after the hold is told as it is, at ${prefix || "/"}`, async () => {
    const brief = await startDemo({ holdMinutes: "0.05" });
    const { page, complaints, close } = await openPage(browser, at ? { ...phone, locale: "zh-CN" } : desktop);
    const says = async (order, words) => {
      await page.goto(`${brief.address}${prefix}/orders/${order.id}?token=${order.token}`);
      await until(async () => {
        if (words.test(await page.locator("h1").textContent())) return true;
        await page.reload();
        return false;
      }, `the order's page says ${words}`);
    };
    try {
      const several = (await shelf(brief.address)).filter((variant) => variant.available >= 6);
      // The goods are still there: the order is paid as if nothing had been.
      // They are gone: all of it goes back, with an apology on the page and in a letter.
      const ends = [
        { name: "there", gone: false, words: [/is confirmed/, /已确认/][at], letter: [/is confirmed/, /已确认/][at] },
        { name: "gone", gone: true, words: [/We’re sorry/, /很抱歉/][at], letter: [/the goods were gone/, /很抱歉/][at] },
      ];
      for (const [row, { name, gone, words, letter }] of ends.entries()) {
        const { sku, available } = several[row];
        const email = `late-${name}@example.com`;
        const order = await placeOrder(brief, { sku, quantity: 2, email, locale: at ? "zh-CN" : "en" });
        await says(order, [/Your hold ran out/, /保留时间已到/][at]);
        if (gone) await brief.staff(`/api/admin/stock/${sku}/movements`, { delta: -available, reason: "damaged" });
        await brief.press(await brief.leftBehind(order), { method: "card", card: "4242424242424242" });
        await says(order, words);
        if (gone) {
          await until(async () => (await brief.order(order)).status === "refunded", "the money is back");
          await page.reload();
        }
        await checkPage(page, `order paid late, goods ${name} ${prefix}`);
        await picture(page, `order-late-${name}-${at ? "zh" : "en"}`);
        await until(async () => {
          await page.goto(`${brief.address}${prefix}/_sandbox/mail`);
          return (await page.locator("article.letter", { hasText: email }).filter({ hasText: letter }).count()) === 1;
        }, "the letter says so");
        await picture(page, `order-late-${name}-letters-${at ? "zh" : "en"}`);
      }
      assert.deepEqual(complaints, []);
    } finally {
      await close();
      await brief.stop();
    }
  });
}

test("an order's page follows its payment by itself, and rests when it knows", async () => {
  const { page, complaints, close } = await openPage(browser, desktop);
  const order = await placeOrder(shop, { sku: goods[0].sku, quantity: 1, email: "follows@example.com", locale: "en" });
  const looks = [];
  page.on("request", (request) => request.url().includes("/now?") && looks.push(request.url()));
  await page.clock.install();
  await page.goto(`${shop.address}/orders/${order.id}?token=${order.token}`);
  await page.evaluate(() => (document.querySelector("#now > [role=status]").kept = true));
  await page.focus('a:has-text("Refresh")');

  await page.clock.runFor(4_500);
  await until(async () => (await page.locator("#now").getAttribute("hx-get")).endsWith("looks=1"), "it has looked once");
  const state = () => page.evaluate(() => [document.querySelector("#now > [role=status]").kept, document.activeElement.textContent]);
  assert.deepEqual(await state(), [true, "Refresh"], "whoever reads it is not disturbed");

  await pay(order);
  await page.clock.runFor(4_500);
  await until(async () => /is confirmed/.test(await page.locator("h1").textContent()), "the page says so without being asked");
  assert.equal((await state())[0], true, "it is said in the place that is read aloud");
  await checkPage(page, "an order's page that followed its payment");
  const seen = looks.length;
  await page.clock.runFor(120_000);
  assert.equal(looks.length, seen, "nothing is asked any more");
  assert.deepEqual(complaints, []);
  await close();
});

test("the time that is left runs on the page, and is said at five minutes and at one", async () => {
  const { page, complaints, close } = await openPage(browser, desktop);
  const order = await placeOrder(shop, { sku: goods[1].sku, quantity: 1, email: "runs@example.com", locale: "en" });
  await page.clock.install();
  await page.route("**/now?*", (route) => route.fulfill({ status: 204 }));
  await page.goto(`${shop.address}/orders/${order.id}?token=${order.token}`);
  const left = () => page.locator("[data-left]").textContent();
  const said = () => page.locator("[data-hold-said]").textContent();
  assert.match(await left(), /^(30:00|29:\d\d)$/);
  await page.clock.runFor(60_000);
  assert.match(await left(), /^(29:00|28:\d\d)$/);
  assert.equal(await said(), "");
  await page.clock.fastForward(24 * 60_000);
  await page.clock.runFor(2_000);
  assert.equal(await said(), "5 minutes left to pay.");
  await page.clock.fastForward(4 * 60_000);
  await page.clock.runFor(2_000);
  assert.equal(await said(), "One minute left to pay.");
  assert.deepEqual(complaints, []);
  await close();
});

async function pay(order) {
  await shop.press(order.session, { method: "card", card: "4242424242424242" });
  await until(async () => (await shop.order(order)).status === "paid", "the order is paid");
}

async function delayed(order, method = "delayed_succeeds") {
  await shop.press(order.session, { method });
  await until(async () => (await shop.order(order)).status === "processing", "the payment is awaited");
}

async function cancel(order) {
  await shop.post(`/api/orders/${order.id}/cancel?token=${order.token}`, {}, { "idempotency-key": order.id });
}

async function ship(order, quantity) {
  await shop.staff(`/api/admin/orders/${order.id}/shipments`, { items: [{ sku: order.sku, quantity }], carrier: "Royal Mail", tracking: "RR123456785GB" });
}

async function refund(order, what) {
  await shop.staff(`/api/admin/orders/${order.id}/refunds`, what);
}
