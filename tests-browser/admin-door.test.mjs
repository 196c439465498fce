// The door of the desk, as the owner and a colleague meet it: set up from the printed link, an authenticator, signing in
// with its code, an invitation to somebody who may change nothing. On a desk and on a phone, in both languages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkPage, codeOf, desktop, letterLink, openPage, phone, picture, startBrowser, startDemo, stepNow } from "./support.mjs";

const PASSWORD = "three tea cups and a tray";

let browser;

before(async () => {
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
});

for (const [device, options, prefix] of [["desk", desktop, ""], ["phone", phone, "/zh"]]) {
  test(`the owner sets up the shop's door and invites a reader, on a ${device}`, async () => {
    const shop = await startDemo();
    const { page, complaints, close } = await openPage(browser, options);
    const look = async (name) => {
      await checkPage(page, name);
      await picture(page, `door-${name}-${device}`);
    };
    try {
      const link = shop.said().match(/Admin +(\S+\/admin\/setup\?token=\S+)/)?.[1];
      assert.ok(link, `the demo prints the link: ${shop.said()}`);
      await page.goto(link.replace("/admin/", `${prefix}/admin/`));
      await look("setup");
      await page.fill("#name", "Ada Li");
      await page.fill("#email", "ada@shop.example");
      await page.fill("#password", PASSWORD);
      await page.click("main form button");
      assert.equal(new URL(page.url()).pathname, `${prefix}/admin`);

      // An authenticator, and the codes for the day on which it is lost.
      await page.click(`a[href="${prefix}/admin/account"]`);
      await look("account");
      await page.click(`a[href="${prefix}/admin/account/authenticator"]`);
      await look("authenticator");
      assert.ok((await page.locator("img.qr").evaluate((image) => image.naturalWidth)) > 0, "the picture is shown");
      const secret = await page.inputValue("input[name=secret]");
      let used = stepNow();
      await page.fill("#code", codeOf(secret, used));
      await page.click("main form button");
      assert.equal(await page.locator(".codes li").count(), 10);
      await look("recovery-codes");

      // Out, and in again with the code.
      await page.click(".me button");
      assert.equal(new URL(page.url()).pathname, `${prefix}/admin/sign-in`);
      await look("sign-in");
      await page.fill("#email", "ada@shop.example");
      await page.fill("#password", PASSWORD);
      await page.click("main form button");
      assert.equal(new URL(page.url()).pathname, `${prefix}/admin/sign-in/code`);
      await look("code");
      // The step after the one that was taken: an authenticator's clock may be half a minute ahead.
      used = Math.max(stepNow(), used + 1);
      await page.fill("#code", codeOf(secret, used));
      await page.click("main form button");
      assert.equal(new URL(page.url()).pathname, `${prefix}/admin`);

      // Somebody who may look at everything and change nothing.
      await page.click(`nav a[href="${prefix}/admin/staff"]`);
      await page.fill("#name", "Grace Wu");
      await page.fill("#email", "grace@shop.example");
      await page.check("input[name=role][value=read_only]");
      await look("invite");
      await page.click("form[action$='/staff/invite'] button");
      assert.match(page.url(), /done=staff-invited/);
      await look("staff");
      const invitation = await letterLink(shop, prefix ? /邀请您加入/ : /You are invited/, "grace@shop.example");
      const reader = await openPage(browser, options);
      await reader.page.goto(invitation);
      await checkPage(reader.page, "invitation");
      await picture(reader.page, `door-invitation-${device}`);
      await reader.page.fill("#password", "a whale under the bridge");
      await reader.page.click("main form button");
      assert.equal(new URL(reader.page.url()).pathname, `${prefix}/admin`);
      assert.deepEqual(reader.complaints, []);
      for (const route of ["/admin/staff", "/admin/audit-log"]) {
        const answer = await reader.page.goto(`${shop.address}${prefix}${route}`);
        assert.equal(answer.status(), 403, route);
      }
      await checkPage(reader.page, "denied");
      await picture(reader.page, `door-denied-${device}`);
      const changed = await reader.page.evaluate(
        async (to) => (await fetch(to, { method: "POST", body: new URLSearchParams({ name: "x" }) })).status,
        `${prefix}/admin/staff/invite`,
      );
      assert.equal(changed, 403);
      await reader.close();

      await page.goto(`${shop.address}${prefix}/admin/audit-log`);
      await look("audit-log");

      // Wrong passwords until it says how long to wait; and the other way in.
      await page.click(".me button");
      const before = complaints.length;
      for (let tried = 0; tried < 6; tried += 1) {
        await page.fill("#email", "nobody@shop.example");
        await page.fill("#password", "guess number one");
        await page.click("main form button");
        if (tried === 0) await look("sign-in-refused");
      }
      await look("sign-in-too-many");
      assert.ok(complaints.splice(before).every((told) => /422|429/.test(told)), "and nothing else went wrong");
      await page.click(`a[href="${prefix}/admin/reset"]`);
      await look("reset");
      await page.fill("#email", "ada@shop.example");
      await page.click("main form button");
      await look("reset-asked");
      const reset = await letterLink(shop, prefix ? /设置新密码/ : /A new password/, "ada@shop.example");
      await page.goto(reset);
      await look("new-password");
      await page.fill("#password", "another whale at the bridge");
      await page.click("main form button");
      assert.equal(new URL(page.url()).pathname, `${prefix}/admin/sign-in/code`, "the second factor is not skipped");
      assert.deepEqual(complaints, []);
    } finally {
      await close();
      await shop.stop();
    }
  });
}
