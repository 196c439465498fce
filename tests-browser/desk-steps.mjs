// Pages of the desk that no address leads to: they are an answer to what somebody did there. For the desk's gallery.

import { codeOf, letterLink, openPage, placeOrder, shelf, stepNow, until } from "./support.mjs";

const PASSWORD = "a whale under the bridge";
const WOO = `ID,Type,SKU,Name,Published,Regular price,Stock,Parent,"Attribute 1 name","Attribute 1 value(s)"
1,variable,BOWL-KIND,Rice bowl KIND,1,,,,Glaze,"Celadon, Ash"
2,variation,BOWL-KIND-C,Rice bowl KIND - Celadon,1,12.50,5,BOWL-KIND,Glaze,Celadon
3,variation,BOWL-KIND-A,Rice bowl KIND - Ash,1,12.50,0,BOWL-KIND,Glaze,Ash
`;

/** What the owner comes upon while working; `kind` names the view, so that no two views work on the same thing. */
export async function lookAtSteps({ page, open, take }, shop, kind) {
  const press = async (button) => {
    await page.click(button);
    await page.waitForLoadState("networkidle");
  };
  await handOver(page, open, take, press, kind);
  await changeGoods(page, open, take, press, kind, shop);
  await lackStock(page, open, take, press, kind, shop);
  await handOutKeys(page, open, take, press, kind);
  const save = ".bar-save button >> nth=0";
  for (const [name, place, field, theirs, mine] of [
    ["product", "products/tea-tray", "[id='title.en']", `Tea tray ${kind}`, "Tea tray, large"],
    ["collection", "collections/cups", "[id='title.en']", `Cups ${kind}`, "Cups and bowls"],
    ["discount", "discounts/codes/TEA10", "#usage_limit", String(100 + kind.length), "90"],
    ["shop", "settings", "#owner_email", `${kind}@example.com`, "owner@example.com"],
    ["page", "settings/pages/at/contact", "#title_en", `Contact ${kind}`, "Write to us"],
  ]) await overtaken(page, take, name, () => open(place), field, [theirs, mine], save);
  await open("settings/webhooks");
  const endpoint = await page.locator('main a[href*="/webhooks/whk_"]').first().getAttribute("href");
  const to = new URL(endpoint, page.url()).href;
  const note = [`Bookkeeping ${kind}`, "Bookkeeping, new"];
  await overtaken(page, take, "endpoint", () => page.goto(to), "#note", note, "main form:has(#note) button.btn");
  await comeBack(page, open, take);
}

/** A file: what its columns mean, what is wrong in it, what it would change, and what it changed. */
async function handOver(page, open, take, press, kind) {
  const hand = async (what, name, text) => {
    await open("data");
    await page.selectOption("#kind", what);
    await page.setInputFiles("#file", { name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await press("form[enctype] button");
  };
  await hand("products", "woo.csv", WOO.replaceAll("KIND", kind));
  await take("step-import-woo");
  await press("form[action$='/check'] button");
  await take("step-import-checked");
  await press("form[action$='/apply'] button");
  await until(async () => {
    await page.reload();
    return (await page.locator("dl.facts").count()) === 1;
  }, "the file is imported");
  await take("step-import-done");
  await hand("products", "names.csv", "Name of it,Item,Costs,title\nCup,C-1,12,Cup\n");
  await take("step-import-columns");
  await hand("stock", "count.csv", `sku,on_hand\nnone,4\nBOWL-${kind}-C,x\nBOWL-${kind}-C,7\n`);
  await press("form[action$='/check'] button");
  await take("step-import-mistakes");
  await hand("products", "x.csv", "title\n");
  await take("step-import-refused");
}

/** A product with options and details, and many products at once. */
async function changeGoods(page, open, take, press, kind, shop) {
  await open("products/new");
  await page.fill("[id='title.en']", `Test cup ${kind}`);
  await page.fill("[id='title.zh-CN']", `试杯 ${kind}`);
  await page.fill("#slug", `test-cup-${kind}`);
  await page.fill("[id='variant.0.price']", "32");
  await page.click("button[value='add-option']");
  await page.fill("[id='option.0.name']", "Glaze");
  await page.fill("[id='option.0.en']", "Celadon, Ash");
  await page.fill("[id='option.0.zh-CN']", "粉青, 灰");
  await press("button[value='generate']");
  await take("step-product-options");
  await press("button[value='add-spec']");
  await page.fill("[id='spec.0.name.en']", "Volume");
  await page.fill("[id='spec.0.value.en']", "120 ml");
  await page.fill("[id='spec.0.name.zh-CN']", "容量");
  await page.fill("[id='variant.1.price']", "cheap");
  await press(".bar-save button");
  await take("step-product-wrong");
  await page.fill("[id='variant.1.price']", "30");
  await press(".bar-save button");
  await take("step-product-details-wrong");
  await page.fill("[id='spec.0.value.zh-CN']", "120 毫升");
  await press(".bar-save button");
  await take("step-product-made");
  await page.locator("#file").setInputFiles({ name: "cup.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await press(".upload button");
  await take("step-picture-refused");
  await open("products?q=Test");
  for (const box of await page.locator("tbody input[type=checkbox]").all()) await box.check();
  await page.fill("#value", "33");
  await press("button[value=price]");
  await take("step-products-changed");
  const [{ sku }] = (await shelf(shop.address)).filter(({ available }) => available >= 4);
  await open(`stock/count?q=${sku}`);
  await page.fill("input.count >> nth=0", "40");
  await press(".bar-save button");
  await take("step-stock-counted");
}

/** Less on the shelf than is promised: it asks, asks again when it changed meanwhile, and tells who waits. */
async function lackStock(page, open, take, press, kind, shop) {
  const { sku, available } = (await shelf(shop.address)).filter((variant) => variant.available >= 4).at(-1);
  const sell = (who) => placeOrder(shop, { sku, quantity: 1, email: `${who}-${kind}@example.com`, locale: "en" });
  await sell("short");
  await open(`stock/${sku}`);
  await page.fill("#delta", String(-available));
  await press("form:has(#delta) button");
  await take("step-stock-shortfall");
  await sell("later");
  await press(".conflict form button");
  await take("step-stock-shortfall-again");
  await press(".conflict form button");
  await take("step-stock-short");
  await press("form[action$='/release'] button");
  await take("step-stock-released");
  await page.fill("#units", String(available + 20));
  await press("form:has(#units) button");
}

/** What is shown once: a key and a secret. */
async function handOutKeys(page, open, take, press, kind) {
  await open("settings/keys/new");
  await page.fill("#name", `Scales ${kind}`);
  await page.check("main input[type=checkbox] >> nth=0");
  await press("main form.stack button");
  await take("step-key-made");
  await open("settings/webhooks/new");
  await page.fill("#url", `https://books.example.com/${kind}`);
  await page.check("main input[type=checkbox] >> nth=0");
  await press("main form.stack button");
  await take("step-endpoint-secret");
}

/** Two people change one thing: the second sees both. */
async function overtaken(page, take, name, open, field, [theirs, mine], save) {
  await open();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.fill(field, theirs);
  await other.click(save);
  await other.waitForLoadState("networkidle");
  await other.close();
  await page.fill(field, mine);
  await page.click(save);
  await page.waitForLoadState("networkidle");
  await take(`step-overtaken-${name}`);
}

/** What guards the rarest deeds, and what was typed when the session was over. */
async function comeBack(page, open, take) {
  await open("confirm?return_to=/admin/settings/keys");
  await take("step-confirm");
  await page.fill("#password", "not it");
  await page.click("main form button");
  await page.waitForLoadState("networkidle");
  await take("step-confirm-wrong");
  await open("settings/pages/at/contact");
  const elsewhere = await page.context().browser().newContext({ storageState: await page.context().storageState() });
  const leaving = await elsewhere.newPage();
  await leaving.goto(page.url());
  await leaving.click(".me button");
  await leaving.waitForLoadState("networkidle");
  await elsewhere.close();
  await page.fill("#title_en", "Write to us");
  await page.click(".bar-save button >> nth=0");
  await page.waitForLoadState("networkidle");
  await take("step-session-over");
  await page.fill("#email", "owner@example.com");
  await page.fill("#password", "three tea cups and a tray");
  await page.click("main button");
  await page.waitForLoadState("networkidle");
  await take("step-resume");
}

/** Somebody who is invited: the letter's link, an authenticator with its codes, the way in with one, and what they may not see. */
export async function lookAtStaff({ page, open, take }, shop, browser, owner, { kind, prefix, browsing }) {
  const email = `grace-${kind}@example.com`;
  const asking = await openPage(browser, { ...browsing, storageState: owner });
  await asking.page.goto(`${shop.address}${prefix}/admin/staff`);
  await asking.page.fill("#name", "Grace Wu");
  await asking.page.fill("#email", email);
  await asking.page.check("input[name=role][value=read_only]");
  await asking.page.click("form[action$='/staff/invite'] button");
  await asking.page.waitForLoadState("networkidle");
  await asking.close();
  const link = await letterLink(shop, prefix ? /邀请您加入/ : /You are invited/, email);
  await page.goto(link);
  await take("step-invitation");
  await page.fill("#password", "short");
  await press("main form button");
  await take("step-invitation-wrong");
  await page.fill("#password", PASSWORD);
  await press("main form button");
  await take("step-read-only-today");
  await open("staff");
  await take("step-denied");
  for (const [name, place] of [
    ["product", "products/tea-cup"], ["settings", "settings"], ["shipping", "settings/shipping"], ["count", "stock/count"],
    ["discount", "discounts/codes/TEA10"],
  ]) {
    await open(place);
    await take(`step-read-only-${name}`);
  }
  await open("account/authenticator");
  const secret = await page.inputValue("input[name=secret]");
  await page.fill("#code", codeOf(secret, stepNow()));
  await press("main form button");
  await take("step-recovery-codes");
  await press(".me button");
  await page.fill("#email", email);
  await page.fill("#password", PASSWORD);
  await press("main form button");
  await take("step-code");
  await page.fill("#code", "000000");
  await press("main form button");
  await take("step-code-wrong");
  await page.goto(link);
  await take("step-link-over");

  async function press(button) {
    await page.click(button);
    await page.waitForLoadState("networkidle");
  }
}
