// The pictures of the README, from the demo as it is now: `cargo xtask screenshots`.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, phone, placeOrder, startBrowser, startDemo } from "./support.mjs";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "../docs/pictures");
const WINDOW = { viewport: { width: 1120, height: 720 } };

const shop = await startDemo();
const browser = await startBrowser();
try {
  mkdirSync(FOLDER, { recursive: true });
  const take = async (name, place, browsing) => {
    const { page, close } = await openPage(browser, browsing);
    await page.goto(shop.address + place, { waitUntil: "networkidle" });
    await page.evaluate(() => document.fonts.ready);
    const wire = await page.context().newCDPSession(page);
    const { data } = await wire.send("Page.captureScreenshot", { format: "webp", quality: 82 });
    writeFileSync(path.join(FOLDER, `${name}.webp`), Buffer.from(data, "base64"));
    await close();
  };
  await take("home", "/", { ...WINDOW, locale: "en-GB" });
  await take("product", "/products/tea-cup", { ...WINDOW, locale: "en-GB" });
  const order = await placeOrder(shop, { sku: "HK-CUP-120-CEL", quantity: 2, email: "lin@example.com", locale: "zh-CN" });
  await take("order-zh", `/zh/orders/${order.id}?token=${order.token}`, { ...phone, locale: "zh-CN" });
} finally {
  await browser.close();
  await shop.stop();
}
