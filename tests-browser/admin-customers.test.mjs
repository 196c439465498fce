// Customers, import and export at the desk: on a desktop in English, on a phone in Chinese; the pages full, empty and with
// mistakes. Accessible by axe's rules, no wider than the narrowest phone, silent on the console.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

let shop;
let browser;
let cookies;

const WOO = `ID,Type,SKU,Name,Published,Description,Stock,Regular price,Categories,Parent,Attribute 1 name,Attribute 1 value(s)
10,variable,,Rice bowl,1,<p>Deep</p>,,,Bowls,,Glaze,"Celadon, Iron"
11,variation,WOO-CEL,Rice bowl - Celadon,1,,5,18.00,,id:10,Glaze,Celadon
12,variation,WOO-IRON,Rice bowl - Iron,1,,2,19.00,,id:10,Glaze,Iron
`;

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  const link = shop.said().match(/Admin +(http\S+)/)?.[1];
  assert.ok(link, `the demo names its desk: ${shop.said()}`);
  const { page, close } = await openPage(browser, desktop);
  await page.goto(link);
  await page.fill("#email", "owner@shop.example");
  await page.fill("#name", "Ada");
  await page.fill("#password", "three tea cups and a tray");
  await page.click("main form button");
  await page.waitForURL(/\/admin$/);
  cookies = await page.context().cookies();
  await close();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

async function sells(email) {
  const goods = (await shelf(shop.address)).filter((variant) => variant.available >= 4);
  return placeOrder(shop, { sku: goods[0].sku, quantity: 1, email, locale: "en" });
}

for (const [prefix, browsing, name] of [["", { ...desktop, locale: "en-GB" }, "en"], ["/zh", { ...phone, locale: "zh-CN" }, "zh"]]) {
  test(`customers are found, exported and erased, at ${prefix || "/"}`, async () => {
    const { page, complaints, close } = await openPage(browser, browsing);
    await page.context().addCookies(cookies);
    const look = async (path, called) => {
      await page.goto(`${shop.address}${prefix}${path}`);
      await checkPage(page, prefix + path);
      if (called) await picture(page, `admin-${called}-${name}`);
    };
    if (name === "en") await look("/admin/customers", "customers-empty");
    const email = `lin-${name}@example.com`;
    const order = await sells(email);
    await sells(`open-${name}@example.com`);
    await look("/admin/customers", "customers");
    await look("/admin/customers?q=nobody", "customers-nobody");
    await page.fill("#q", email);
    await page.click("form[role=search] button");
    await page.click(`a:has-text("${email}")`);
    await checkPage(page, "a customer");
    await picture(page, `admin-customer-${name}`);
    await page.click("a[href$='/erase']");
    await page.locator(".notice.bad").waitFor();
    assert.equal(await page.locator(".btn.danger").count(), 0, "the order is open");
    await checkPage(page, "erasing with an open order");
    await picture(page, `admin-customer-erase-open-${name}`);

    await shop.press(order.session, { method: "card", card: "4242424242424242" });
    await until(async () => (await shop.order(order)).status === "paid", "it is paid");
    await shop.staff(`/api/admin/orders/${order.id}/shipments`, { carrier: "Post", tracking: "T1" });
    await page.goto(`${shop.address}${prefix}/admin/customers/${order.id}`);
    for (const format of ["json", "csv"]) {
      const coming = page.waitForEvent("download");
      await page.click(`button[value=${format}]`);
      const file = await readFile(await (await coming).path(), "utf8");
      assert.ok(file.includes("Harbour Road"), format);
    }
    // A letter that is just being sent stands in the way for a moment: before the page is shown, or when the button is pressed.
    const opened = async () => {
      await page.goto(`${shop.address}${prefix}/admin/customers/${order.id}/erase`);
      return (await page.locator(".btn.danger").count()) === 1;
    };
    await until(opened, "nothing is open");
    await checkPage(page, "erasing");
    await picture(page, `admin-customer-erase-${name}`);
    await until(async () => {
      if (!(await opened())) return false;
      await page.click(".btn.danger");
      await page.locator("[role=status].notice, [role=alert].notice.bad").first().waitFor();
      return (await page.locator("[role=status].notice").count()) === 1;
    }, "the person is gone");
    await checkPage(page, "an erased customer");
    await picture(page, `admin-customer-erased-${name}`);
    assert.equal(await page.locator(`text=${email}`).count(), 0);
    const expected = (line) => line.includes("favicon") || line.includes("409");
    assert.deepEqual(complaints.filter((line) => !expected(line)), []);
    await close();
  });

  test(`files come in and go out, at ${prefix || "/"}`, async () => {
    const { page, complaints, close } = await openPage(browser, browsing);
    await page.context().addCookies(cookies);
    const hand = async (kind, file, text) => {
      await page.goto(`${shop.address}${prefix}/admin/data`);
      await page.selectOption("#kind", kind);
      await page.setInputFiles("#file", { name: file, mimeType: "text/csv", buffer: Buffer.from(text) });
      await page.click("form[enctype] button");
    };
    await page.goto(`${shop.address}${prefix}/admin/data`);
    await checkPage(page, "import and export");
    await picture(page, `admin-data-${name}`);
    for (const what of ["products", "orders", "customers", "stock", "coupons"]) {
      const coming = page.waitForEvent("download");
      await page.click(`form[action$="/export/${what}"] button[value=csv]`);
      assert.ok((await readFile(await (await coming).path(), "utf8")).startsWith("\u{feff}"), what);
    }
    await hand("products", "woo.csv", WOO.replaceAll("WOO-", `WOO-${name}-`).replaceAll("Rice bowl", `Rice bowl ${name}`));
    await checkPage(page, "a WooCommerce file");
    await picture(page, `admin-import-woo-${name}`);
    await page.click("form[action$='/check'] button");
    await page.locator("dl.facts").waitFor();
    await checkPage(page, "a file that was looked through");
    await picture(page, `admin-import-checked-${name}`);
    await page.click("form[action$='/apply'] button");
    await until(async () => {
      await page.goto(page.url());
      return (await page.locator("[role=status].notice").count()) === 1;
    }, "the file is imported");
    await checkPage(page, "an imported file");
    await picture(page, `admin-import-done-${name}`);
    const goods = await shelf(shop.address);
    assert.equal(goods.find(({ sku }) => sku === `WOO-${name}-CEL`)?.available, 5);

    await hand("products", "names.csv", "Name of it,Item,Costs,title\nCup,C-1,12,Cup\n");
    await checkPage(page, "columns to name");
    await picture(page, `admin-import-columns-${name}`);
    await hand("stock", "count.csv", "sku,on_hand\nnone,4\nWOO-" + name + "-CEL,x\nWOO-" + name + "-CEL,7\n");
    await page.click("form[action$='/check'] button");
    await page.locator(".notice.bad").waitFor();
    await checkPage(page, "a file with mistakes");
    await picture(page, `admin-import-mistakes-${name}`);
    assert.deepEqual(complaints, []);
    await page.goto(`${shop.address}${prefix}/admin/data`);
    await page.setInputFiles("#file", { name: "x.csv", mimeType: "text/csv", buffer: Buffer.from([0xff, 0xfe, 0xff]) });
    await page.click("form[enctype] button");
    await page.locator(".notice.bad").waitFor();
    await checkPage(page, "a file in other letters");
    await picture(page, `admin-data-refused-${name}`);
    await close();
  });
}
