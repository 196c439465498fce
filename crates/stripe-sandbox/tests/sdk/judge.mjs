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
  await afterwards(paid.payment_intent.id, charge.id, refund.id);
  assert.equal((await stripe.coupons.del(coupon.id)).deleted, true);
  assert.equal((await refusal(stripe.coupons.retrieve(coupon.id))).code, 'resource_missing');
}

async function all(list) {
  const walked = [];
  for await (const object of list) walked.push(object);
  assert.equal(new Set(walked.map((object) => object.id)).size, walked.length);
  return walked;
}

function press(path, said) {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) };
  return fetch(`http://127.0.0.1:${port}/_sandbox/stripe/${path}`, request).then((answer) => answer.json());
}

async function payWith(card) {
  const session = await stripe.checkout.sessions.create(order);
  await fetch(session.url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ action: 'pay', card }) });
  return (await stripe.checkout.sessions.retrieve(session.id)).payment_intent;
}

// Refunds in every state, disputes, warnings, and lists that page by themselves.
async function afterwards(intent, charge, first) {
  await press('next_refund', { status: 'requires_action' });
  const asking = await stripe.refunds.create({ payment_intent: intent, amount: 500, metadata: { ours: 'yes' } });
  assert.deepEqual([asking.status, asking.metadata.ours], ['requires_action', 'yes']);
  assert.equal((await stripe.refunds.cancel(asking.id)).status, 'canceled');
  assert.equal((await refusal(stripe.refunds.cancel(asking.id))).statusCode, 400);
  assert.equal((await stripe.refunds.retrieve(asking.id)).status, 'canceled');
  assert.equal((await stripe.refunds.update(first, { metadata: { note: 'x' } })).metadata.note, 'x');
  const refunds = await all(stripe.refunds.list({ payment_intent: intent, limit: 1 }));
  assert.deepEqual(refunds.map((refund) => refund.id), [asking.id, first]);
  assert.equal((await stripe.charges.retrieve(charge)).amount_refunded, 300);

  const failing = await stripe.refunds.create({ payment_intent: await payWith('4000000000005126') });
  await press(`settle/${failing.id}`, {});
  const failed = await stripe.refunds.retrieve(failing.id, { expand: ['failure_balance_transaction'] });
  assert.deepEqual([failed.status, failed.failure_balance_transaction.amount], ['failed', 2400]);

  const disputed = await payWith('4000000000000259');
  await payWith('4000000000001976');
  await payWith('4000000000005423');
  const disputes = await all(stripe.disputes.list({ limit: 1 }));
  assert.deepEqual(disputes.map((dispute) => dispute.status), ['warning_needs_response', 'needs_response']);
  const refused = await refusal(stripe.refunds.create({ payment_intent: disputed }));
  assert.equal(refused.code, 'charge_disputed');
  await press(`dispute/${disputes[1].id}`, { do: 'won' });
  const won = await stripe.disputes.retrieve(disputes[1].id);
  assert.deepEqual([won.status, won.balance_transactions.map((row) => row.amount)], ['won', [-2400, 2400]]);
  const warnings = await all(stripe.radar.earlyFraudWarnings.list());
  assert.equal(warnings.length, 1);

  const movements = await all(stripe.balanceTransactions.list({ limit: 2 }));
  const balance = await stripe.balance.retrieve();
  const net = movements.filter((row) => row.currency === 'eur').reduce((sum, row) => sum + row.net, 0);
  assert.equal(balance.available.find((row) => row.currency === 'eur').amount, net);
  assert.equal((await stripe.balanceTransactions.retrieve(movements[0].id)).id, movements[0].id);
  const events = await all(stripe.events.list({ types: ['refund.created', 'refund.updated', 'charge.dispute.closed'], limit: 1 }));
  const kinds = ['charge.dispute.closed', 'refund.updated', 'refund.created', 'refund.updated', 'refund.updated', 'refund.created', 'refund.created'];
  assert.deepEqual(events.map((event) => event.type), kinds);
  assert.match((await stripe.accounts.retrieve()).id, /^acct_/);
  assert.equal((await stripe.webhookEndpoints.list()).data[0].status, 'enabled');
}

const KINDS = ['charge.refunded', 'refund.created', 'refund.updated', 'refund.failed', 'charge.dispute.created',
  'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated', 'charge.dispute.closed',
  'radar.early_fraud_warning.created'];

function webhooks() {
  const { secret, letters } = JSON.parse(readFileSync(0, 'utf8'));
  const arrived = new Set(letters.map(({ body }) => JSON.parse(body).type));
  assert.deepEqual(KINDS.filter((kind) => !arrived.has(kind)), []);
  for (const { signature, body } of letters) {
    const event = stripe.webhooks.constructEvent(body, signature, secret);
    assert.match(event.id, /^evt_/);
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, secret), /signature/i);
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'), /signature/i);
  }
}

await (mode === 'api' ? api() : webhooks());
console.log(`node judge, stripe ${Stripe.PACKAGE_VERSION}: ${mode} is right`);
