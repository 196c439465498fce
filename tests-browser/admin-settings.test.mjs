// Settings, discounts, webhooks and keys at the desk: each page accessible by axe's rules of WCAG 2.2 AA, none wider than a
// phone, none against its own policy; and an endpoint made there is told what happens, signed as Standard Webhooks says.

import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { checkPage, desktop, openPage, phone, picture, placeOrder, shelf, startBrowser, startDemo, until } from "./support.mjs";

let shop;
let browser;
let cookies;

const PAGES = {
  shop: "/admin/settings",
  shipping: "/admin/settings/shipping?value=50&grams=600&country=DE",
  taxes: "/admin/settings/taxes?value=50&country=HK",
  pages: "/admin/settings/pages",
  "page-new": "/admin/settings/pages/new",
  letters: "/admin/settings/letters",
  letter: "/admin/settings/letters/samples/order_confirmed",
  webhooks: "/admin/settings/webhooks",
  "webhook-new": "/admin/settings/webhooks/new",
  keys: "/admin/settings/keys",
  "key-new": "/admin/settings/keys/new",
  discounts: "/admin/discounts",
  "discount-new": "/admin/discounts/new",
};

before(async () => {
  shop = await startDemo();
  browser = await startBrowser();
  const link = shop.said().match(/https?:\/\/\S+\/admin\/setup\?token=\S+/)?.[0];
  assert.ok(link, `the demo prints the owner's link: ${shop.said()}`);
  const { page, close } = await openPage(browser, desktop);
  await page.goto(link);
  await page.fill("#name", "Ada");
  await page.fill("#email", "ada@example.org");
  await page.fill("#password", "three tea cups and a tray");
  await page.click("main button");
  await page.waitForURL(/\/admin$/);
  cookies = await page.context().cookies();
  await close();
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

async function signedIn(options) {
  const opened = await openPage(browser, options);
  await opened.page.context().addCookies(cookies);
  return opened;
}

for (const [device, options] of Object.entries({ desktop, phone })) {
  for (const [language, prefix] of [["en", ""], ["zh", "/zh"]]) {
    test(`settings can be read by everybody, ${device}, ${language}`, async () => {
      const { page, complaints, close } = await signedIn(options);
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(shop.address + prefix + path);
        await checkPage(page, `${name} ${device} ${language}`);
        await picture(page, `admin-settings-${name}-${device}-${language}`);
      }
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

test("mistakes stand at their fields, and what was typed is still there", async () => {
  const { page, close } = await signedIn(phone);
  await page.goto(`${shop.address}/admin/settings`);
  await page.fill("#time_zone", "Kowloon");
  await page.fill("#hold_minutes", "0");
  await page.click(".bar-save button");
  await page.waitForSelector("#time_zone-wrong");
  assert.equal(await page.inputValue("#time_zone"), "Kowloon");
  await checkPage(page, "settings with mistakes");
  await picture(page, "admin-settings-mistakes-phone-en");
  await close();
});

test("who was overtaken sees both", async () => {
  const [ada, ben] = [await signedIn(desktop), await signedIn(desktop)];
  for (const { page } of [ada, ben]) await page.goto(`${shop.address}/zh/admin/settings`);
  await ada.page.fill("#name_zh", "海港新窑");
  await ada.page.click(".bar-save button");
  await ada.page.waitForURL(/done=saved/);
  await ben.page.fill("#name_zh", "海港老窑");
  await ben.page.click(".bar-save button");
  await ben.page.waitForSelector("#name_zh-now");
  assert.equal(await ben.page.inputValue("#name_zh"), "海港老窑");
  assert.match(await ben.page.textContent("#name_zh-now"), /海港新窑/);
  await checkPage(ben.page, "settings overtaken");
  await picture(ben.page, "admin-settings-overtaken-desktop-zh");
  await ada.close();
  await ben.close();
});

test("an endpoint made at the desk is told of a paid order, without scripts, and can check who says so", async () => {
  const heard = [];
  const program = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      response.end("thanks");
    });
  });
  await new Promise((resolve) => program.listen(0, "127.0.0.1", resolve));
  program.unref(); // A test that fails must not wait for it.
  const { page, close } = await signedIn({ ...desktop, javaScriptEnabled: false });
  await page.goto(`${shop.address}/admin/settings/webhooks/new`);
  await page.fill("#url", `http://127.0.0.1:${program.address().port}/hooks`);
  await page.check("input[value='order.paid']");
  await page.click("main form.stack button");
  const secret = await page.inputValue("#secret");
  await page.click("main a.btn");
  await page.click("text=Send a test");
  assert.match(page.url(), /done=webhook-tested/);
  const variant = (await shelf(shop.address)).find(({ available }) => available > 2);
  const order = await placeOrder(shop, { sku: variant.sku, quantity: 1, email: "lin@example.org" });
  await shop.press(order.session, { method: "card", card: "4242424242424242" });
  await until(() => heard.some(({ body }) => JSON.parse(body).type === "order.paid"), "the order is told");
  assert.deepEqual(heard.map(({ body }) => JSON.parse(body).type), ["webhook.test", "order.paid"]);
  for (const { headers, body } of heard) {
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const expected = Buffer.from(createHmac("sha256", key).update(signed).digest("base64"));
    const [version, given] = headers["webhook-signature"].split(",");
    assert.equal(version, "v1");
    assert.ok(timingSafeEqual(Buffer.from(given), expected));
  }
  assert.equal(JSON.parse(heard[1].body).data.number, order.number);
  await page.reload();
  await close();
  const look = await signedIn(phone);
  await look.page.goto(`${shop.address}/zh/admin/settings/webhooks`);
  await look.page.click("tbody a");
  await checkPage(look.page, "an endpoint");
  await picture(look.page, "admin-settings-webhook-phone-zh");
  await look.close();
  program.close();
});
