// An order in every state that one can be in, for the galleries; how it comes into its state is told by the tests of orders.

import { randomUUID } from "node:crypto";
import { placeOrder, shelf, until } from "./support.mjs";

/**
 * One order in each state, in the language; those that lapse are placed at `brief`, whose holds are short. Resolves with
 * `{state, id, token, number, session, sku, at}` of each.
 */
export async function ordersInEveryState(shop, brief, language) {
  const locale = language === "zh" ? "zh-CN" : "en";
  const goods = (await shelf(shop.address)).filter((variant) => variant.available >= 8);
  const orders = [];
  const place = async (state, at = shop, sku = goods[orders.length % goods.length].sku) => {
    const order = await placeOrder(at, { sku, quantity: 2, email: `${state}-${language}@example.com`, locale });
    orders.push({ ...order, state, at });
    return order;
  };
  const card = (number = "4242424242424242") => ({ method: "card", card: number });
  const until_ = (order, status, at = shop) => until(async () => (await at.order(order)).status === status, `${order.number} is ${status}`);
  const paid = async (state, number) => {
    const order = await place(state);
    await shop.press(order.session, card(number));
    await until_(order, "paid");
    return order;
  };
  const delayed = async (state, method = "delayed_succeeds") => {
    const order = await place(state);
    await shop.press(order.session, { method });
    await until_(order, "processing");
    return order;
  };
  const refund = (order, what = {}) => shop.staff(`/api/admin/orders/${order.id}/refunds`, what);
  const ship = (order, quantity) =>
    shop.staff(`/api/admin/orders/${order.id}/shipments`, { items: [{ sku: order.sku, quantity }], carrier: "Royal Mail", tracking: "RR123456785GB" });
  const cancel = (order) =>
    shop.post(`/api/orders/${order.id}/cancel?token=${order.token}`, {}, { "idempotency-key": randomUUID() });

  // What waits for a bank goes on waiting until it was seen.
  await shop.stripe("clock", { freeze: true });
  await place("pending");
  await delayed("processing");
  await shop.stripe(`settle/${(await delayed("failed", "delayed_fails")).session}`);
  await cancel(await delayed("stopping"));
  await paid("paid");
  await ship(await paid("partly-shipped"), 1);
  await ship(await paid("shipped"), 2);
  const rest = await paid("rest-cancelled");
  await ship(rest, 1);
  await cancel(rest);
  await cancel(await place("cancelled"));
  await cancel(await paid("cancelled-refunded"));
  const part = await paid("refunded-in-part");
  await refund(part, { items: [{ sku: part.sku, quantity: 1 }] });
  await refund(await paid("refunded-in-whole"));
  const pending = await paid("refund-pending");
  await shop.stripe("next_refund", { status: "pending" });
  await refund(pending);
  const failed = await paid("refund-failed");
  await shop.stripe("next_refund", { status: "failed" });
  await refund(failed);
  await paid("disputed", "4000000000000259");
  const [there, gone, lapsed] = (await shelf(brief.address)).filter((variant) => variant.available >= 8);
  const late = [await place("late-there", brief, there.sku), await place("late-gone", brief, gone.sku)];
  await place("expired", brief, lapsed.sku);
  for (const order of [...late, orders.at(-1)]) await until_(order, "expired", brief);
  await brief.staff(`/api/admin/stock/${gone.sku}/movements`, { delta: -gone.available, reason: "damaged" });
  for (const order of late) await brief.press(await brief.leftBehind(order), card());
  await until_(late[0], "paid", brief);
  await until_(late[1], "refunded", brief);
  await brief.staff(`/api/admin/stock/${gone.sku}/movements`, { delta: gone.available, reason: "received" });
  return orders;
}
