// The desk's payments in a browser: a refund that somebody made in Stripe's dashboard is found, settled and assigned to its
// goods, on a laptop and on a phone; each page accessible by axe's rules, none wider than a phone, none against its own policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

const PAGES = {
  today: "/admin",
  waiting: "/admin/payments",
  reconciliation: "/admin/payments/reconciliation",
  webhooks: "/admin/payments/webhooks",
  disputes: "/admin/payments/disputes",
  refunds: "/admin/payments/refunds",
  all: "/admin/payments/all",
  reports: "/admin/reports",
  system: "/admin/system",
};
const PASSWORD = "three tea cups and a tray";

let shop;
let browser;
let goods;
let signedIn;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  goods = (await shelf(shop.address)).filter((variant) => variant.available >= 6);
  const link = shop.said().match(/Admin +(\S+)/)[1];
  const door = await openPage(browser, desktop);
  await door.page.goto(link);
  await door.page.fill("#email", "owner@shop.example");
  await door.page.fill("#name", "Ada");
  await door.page.fill("#password", PASSWORD);
  await door.page.click("main button");
  await door.page.waitForURL(/\/admin$/);
  signedIn = await door.page.context().storageState();
  assert.deepEqual(door.complaints, []);
  await door.close();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

async function desk(view) {
  return openPage(browser, { ...view, storageState: signedIn });
}

async function lookAtAll(state) {
  for (const [size, view] of [["desktop", desktop], ["phone", phone]]) {
    for (const [language, prefix] of [["en", ""], ["zh", "/zh"]]) {
      const { page, complaints, close } = await desk(view);
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(shop.address + prefix + path);
        const named = `admin-${name}-${state}-${language}-${size}`;
        await picture(page, named);
        await checkPage(page, named);
      }
      assert.deepEqual(complaints, []);
      await close();
    }
  }
}

test("before anything is sold the pages say how to begin", async () => {
  await lookAtAll("empty");
});

for (const [size, view] of [["desktop", desktop], ["phone", phone]]) {
  test(`a refund made in Stripe's dashboard is settled and assigned on a ${size}`, async () => {
    const order = await placeOrder(shop, { ...goods[0], quantity: 2, email: `${size}@example.org` });
    await shop.press(order.session, { number: "4242424242424242", card: "4242424242424242" });
    const { page, complaints, close } = await desk(view);
    await page.goto(`${shop.address}/admin/payments/all`);
    while (!(await page.getByRole("link", { name: String(order.number) }).count())) await page.reload();

    // Nothing tells the shop what is done in the dashboard.
    await shop.stripe("faults", { webhooks: "lost" });
    const dashboard = await openPage(browser, desktop);
    await dashboard.page.goto(`${shop.sandbox}/_sandbox/stripe`);
    await dashboard.page.getByText("Refund or dispute").first().click();
    const refund = dashboard.page.locator(`form[action*="/refund/"]`).first();
    await refund.locator("input").first().fill("500");
    await refund.locator("button").first().click();
    await dashboard.close();
    assert.equal(await shop.program("reconcile"), 7, "the books differ");

    await page.goto(`${shop.address}/admin`);
    await page.locator("#todo-unexplained a").click();
    await picture(page, `admin-reconciliation-differs-${size}`);
    await checkPage(page, "a difference");
    await page.locator("[data-kind=refund_unknown] button").click();
    await page.getByRole("status").filter({ hasText: "Settled" }).waitFor();
    assert.equal(await page.locator("#unexplained").innerText(), "$0.00");
    assert.equal(await shop.program("reconcile"), 0, "the books agree");

    await page.goto(`${shop.address}/admin`);
    await page.locator("#todo-refund-unassigned a").click();
    await page.locator("[data-kind=refund_unassigned] .btn").click();
    await picture(page, `admin-assign-${size}`);
    await checkPage(page, "assigning a refund");
    await page.fill("#units-1", "1");
    await page.check("[name=restock]");
    await page.locator("main form button").click();
    await page.getByRole("status").filter({ hasText: "assigned" }).waitFor();
    assert.equal(await page.locator("[data-kind=refund_unassigned]").count(), 0);
    await shop.stripe("faults", { webhooks: "on_time" });
    assert.deepEqual(complaints, []);
    await close();
  });
}

for (const [prefix, size, view] of [["", "desktop", desktop], ["/zh", "phone", phone]]) {
  test(`a refund that failed is noted as paid back another way on a ${size}`, async () => {
    const order = await placeOrder(shop, { ...goods[1], quantity: 1, email: `failed-${size}@example.org` });
    await shop.press(order.session, { number: "4242424242424242", card: "4242424242424242" });
    await until(async () => (await shop.order(order)).status === "paid", "it is paid");
    await shop.stripe("next_refund", { status: "failed" });
    await shop.staff(`/api/admin/orders/${order.id}/refunds`, {});
    const { page, complaints, close } = await desk(view);
    const waits = page.locator("[data-kind=refund_owed]");
    await until(async () => {
      await page.goto(`${shop.address}${prefix}/admin/payments`);
      return (await waits.count()) === 1;
    }, "the failed refund waits");
    await waits.locator('a[href$="/elsewhere"]').click();
    await picture(page, `admin-elsewhere-${size}`);
    await checkPage(page, "paid back another way");
    await page.fill("#note", "Bank transfer, 2026-118");
    await page.locator("main form button").click();
    await page.waitForURL("**done=paid-elsewhere");
    assert.equal(await waits.count(), 0);
    await page.goto(`${shop.address}${prefix}/admin/orders/${order.id}`);
    await checkPage(page, "an order that was paid back another way");
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("with trade and with trouble every page stands", async () => {
  await shop.stripe("faults", { webhooks: "lost" });
  const known = await (await fetch(`${shop.sandbox}/_sandbox/stripe/snapshot`)).json();
  const payments = known.payments.filter((payment) => payment.order_id);
  await shop.stripe(`refund/${payments[0].payment_intent}`, { amount: 300 });
  await shop.stripe(`dispute/${payments[1].charge}`, { reason: "fraudulent" });
  assert.equal(await shop.program("reconcile"), 7);
  await lookAtAll("full");
});
