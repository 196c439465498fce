// The pictures of the README, from the demo as it is now: `cargo xtask screenshots`.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, placeOrder, shelf, startBrowser, startDemo } from "./support.mjs";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "../docs/pictures");
const SMALL = { width: 800, height: 560 };

const shop = await startDemo();
const browser = await startBrowser();
try {
  mkdirSync(FOLDER, { recursive: true });
  const goods = (await shelf(shop.address)).filter((variant) => variant.available >= 6);
  const take = async (name, address, browsing = {}) => {
    const { page, close } = await openPage(browser, { viewport: SMALL, ...browsing });
    await page.goto(address, { waitUntil: "networkidle" });
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: path.join(FOLDER, `${name}.jpg`), type: "jpeg", quality: 72 });
    await close();
  };
  await take("home", `${shop.address}/`);
  await take("product", `${shop.address}/products/${goods[0].slug}`);
  const order = await placeOrder(shop, { sku: goods[0].sku, quantity: 2, email: "lin@example.com", locale: "zh-CN" });
  await take("order-zh", `${shop.address}/zh/orders/${order.id}?token=${order.token}`, { locale: "zh-CN" });
} finally {
  await browser.close();
  await shop.stop();
}
