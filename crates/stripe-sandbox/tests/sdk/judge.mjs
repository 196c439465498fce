// Stripe's own SDK for Node as a judge of the sandbox.
//   node judge.mjs api PORT        drives the API; prints the id of a session it leaves open
//   node judge.mjs webhooks        reads {"secret", "letters": [{"signature", "body"}]} and verifies each
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Stripe from 'stripe';

const [mode, port] = process.argv.slice(2);
const stripe = new Stripe('sk_test_judge', {
  host: '127.0.0.1', port, protocol: 'http', telemetry: false, maxNetworkRetries: 0,
});
const order = {
  mode: 'payment',
  success_url: 'https://shop.test/done?session={CHECKOUT_SESSION_ID}',
  client_reference_id: 'ord_node',
  metadata: { order_id: 'ord_node' },
  line_items: [{ quantity: 2, price_data: { currency: 'eur', unit_amount: 1200, product_data: { name: 'Müg & Co' } } }],
};

async function refusal(promise) {
  return promise.then(() => assert.fail('refused, expected'), (error) => error);
}

async function api() {
  const made = await stripe.checkout.sessions.create(order, { idempotencyKey: 'node-1' });
  assert.equal(made.amount_total, 2400);
  assert.match(made.lastResponse.requestId, /^req_/);
  const again = await stripe.checkout.sessions.create(order, { idempotencyKey: 'node-1' });
  assert.equal(again.id, made.id);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  const other = await refusal(stripe.checkout.sessions.create({ ...order, locale: 'zh' }, { idempotencyKey: 'node-1' }));
  assert.equal(other.type, 'StripeIdempotencyError');
  const unknown = await refusal(stripe.checkout.sessions.create({ ...order, colour: 'red' }));
  assert.deepEqual([unknown.type, unknown.code], ['StripeInvalidRequestError', 'parameter_unknown']);
  const read = await stripe.checkout.sessions.retrieve(made.id, { expand: ['line_items'] });
  assert.equal(read.line_items.data[0].description, 'Müg & Co');
  const expired = await stripe.checkout.sessions.expire(made.id);
  assert.deepEqual([expired.status, expired.url], ['expired', null]);
  assert.equal((await refusal(stripe.checkout.sessions.expire(made.id))).statusCode, 400);

  const coupon = await stripe.coupons.create({ amount_off: 100, currency: 'eur', duration: 'once', max_redemptions: 1 });
  const cheaper = await stripe.checkout.sessions.create({ ...order, discounts: [{ coupon: coupon.id }] });
  assert.equal(cheaper.amount_total, 2300);
  await stripe.checkout.sessions.create(order);
  const walked = [];
  for await (const session of stripe.checkout.sessions.list({ limit: 2 })) walked.push(session.id);
  assert.equal(walked.length, 3);
  assert.equal(new Set(walked).size, 3);

  const page = await fetch(cheaper.url, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ action: 'pay', card: '4242424242424242' }),
  });
  assert.equal(page.headers.get('location'), `https://shop.test/done?session=${cheaper.id}`);
  const paid = await stripe.checkout.sessions.retrieve(cheaper.id, { expand: ['payment_intent.latest_charge'] });
  assert.equal(paid.payment_status, 'paid');
  const charge = paid.payment_intent.latest_charge;
  assert.equal(charge.amount, 2300);
  const refund = await stripe.refunds.create({ payment_intent: paid.payment_intent.id, amount: 300 });
  assert.equal(refund.status, 'succeeded');
  assert.equal((await refusal(stripe.refunds.create({ charge: charge.id, amount: 2001 }))).param, 'amount');
  const events = await stripe.events.list({ types: ['checkout.session.completed', 'refund.created'] });
  assert.deepEqual(events.data.map((event) => event.type), ['refund.created', 'checkout.session.completed']);
  assert.equal((await stripe.coupons.del(coupon.id)).deleted, true);
  assert.equal((await refusal(stripe.coupons.retrieve(coupon.id))).code, 'resource_missing');
}

function webhooks() {
  const { secret, letters } = JSON.parse(readFileSync(0, 'utf8'));
  assert.ok(letters.length > 0);
  for (const { signature, body } of letters) {
    const event = stripe.webhooks.constructEvent(body, signature, secret);
    assert.match(event.id, /^evt_/);
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, secret), /signature/i);
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'), /signature/i);
  }
}

await (mode === 'api' ? api() : webhooks());
console.log(`node judge, stripe ${Stripe.PACKAGE_VERSION}: ${mode} is right`);
