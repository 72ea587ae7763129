// Every call of the payments server, by stripe-node, unchanged: the same as calls.py. Run in the folder where stripe is installed.
//
// usage: calls.mjs URL SEED RETRIES

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const Stripe = createRequire(`${process.cwd()}/`)("stripe");
const [, , url, seed, retries] = process.argv;
const { hostname: host, port } = new URL(url);
const options = { host, port: Number(port), protocol: "http", maxNetworkRetries: Number(retries) };
const stripe = new Stripe(`sk_test_node_${seed}`, options);
const expected = { eur: 0, usd: 0 };

// A small generator that a seed repeats (mulberry32).
let state = Number(seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1));

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

// The call fails with an error of this class, which has these members.
async function refused(type, call, members = {}) {
  const raised = await call().then(
    () => null,
    (error) => error,
  );
  expect(raised?.type === type, `${raised?.type} instead of ${type}: ${raised?.message}`);
  for (const [name, value] of Object.entries(members)) {
    expect(raised[name] === value, `${name} is ${raised[name]} instead of ${value}: ${raised.message}`);
  }
  return raised;
}

async function paidAtOnce() {
  const amount = between(1, 10_000);
  const customer = await stripe.customers.create({ email: "jenny@example.com", metadata: { order: "7" } });
  expect((await stripe.customers.retrieve(customer.id)).metadata.order === "7", "metadata is lost");
  const intent = await stripe.paymentIntents.create({
    amount,
    currency: "eur",
    customer: customer.id,
    payment_method: "pm_card_visa",
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    expand: ["latest_charge", "customer"],
  });
  expect(intent.status === "succeeded" && intent.latest_charge.object === "charge", `paid: ${JSON.stringify(intent)}`);
  expect(intent.customer.email === "jenny@example.com", "expanded customer");
  const refund = between(1, amount);
  const made = await stripe.refunds.create({ payment_intent: intent.id, amount: refund, reason: "duplicate" });
  const { charge } = await stripe.refunds.retrieve(made.id, { expand: ["charge"] });
  expect(charge.amount_refunded === refund, "charge of a refund");
  if (refund < amount) {
    const more = { payment_intent: intent.id, amount: amount - refund + 1 };
    await refused("StripeInvalidRequestError", () => stripe.refunds.create(more), { statusCode: 400, param: "amount" });
  }
  expected.eur += amount - refund;
}

async function capturedInParts() {
  const amount = between(3, 10_000);
  const manual = { amount, currency: "usd", capture_method: "manual", payment_method: "pm_card_mastercard" };
  const { id, status } = await stripe.paymentIntents.create(manual);
  expect(status === "requires_confirmation", `created: ${status}`);
  expect((await stripe.paymentIntents.confirm(id)).amount_capturable === amount, "confirmed");
  const part = between(1, amount - 1);
  const held = await stripe.paymentIntents.capture(id, { amount_to_capture: part, final_capture: false });
  expect(held.amount_capturable === amount - part && held.amount_received === part, "part");
  const tooMuch = () => stripe.paymentIntents.capture(id, { amount_to_capture: amount });
  await refused("StripeInvalidRequestError", tooMuch, { param: "amount_to_capture" });
  if (random() < 0.5) {
    expect((await stripe.paymentIntents.capture(id)).amount_received === amount, "rest");
    expected.usd += amount;
  } else {
    expect((await stripe.paymentIntents.cancel(id)).amount_received === part, "rest canceled");
    expected.usd += part;
  }
}

async function declinedThenPaid() {
  const amount = between(1, 10_000);
  const { id } = await stripe.paymentIntents.create({ amount, currency: "eur" });
  const poor = { payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds" };
  const declined = await refused("StripeCardError", () => stripe.paymentIntents.confirm(id, poor), {
    statusCode: 402,
    code: "card_declined",
    decline_code: "insufficient_funds",
  });
  expect(declined.payment_intent.id === id, "payment intent of the error");
  const changed = await stripe.paymentIntents.update(id, { amount: amount + 1, metadata: { try: "2" } });
  expect(changed.amount === amount + 1 && changed.metadata.try === "2", "updated");
  const waiting = await stripe.paymentIntents.confirm(id, { payment_method: "pm_card_authenticationRequired" });
  expect(waiting.status === "requires_action", `action: ${waiting.status}`);
  expect((await stripe.paymentIntents.confirm(id)).status === "succeeded", "paid");
  const unexpected = { code: "payment_intent_unexpected_state" };
  await refused("StripeInvalidRequestError", () => stripe.paymentIntents.cancel(id), unexpected);
  for (const late of [{ amount: 1 }, { payment_method: "pm_card_mastercard" }]) {
    await refused("StripeInvalidRequestError", () => stripe.paymentIntents.update(id, late), unexpected);
  }
  expected.eur += amount + 1;
}

async function canceled() {
  const { id } = await stripe.paymentIntents.create({ amount: between(1, 99), currency: "eur" });
  const intent = await stripe.paymentIntents.cancel(id, { cancellation_reason: "abandoned" });
  expect(intent.status === "canceled" && intent.cancellation_reason === "abandoned", "canceled");
}

async function keys() {
  const params = { amount: between(1, 10_000), currency: "eur", payment_method: "pm_card_visa", confirm: true };
  const idempotencyKey = randomUUID();
  const first = await stripe.paymentIntents.create(params, { idempotencyKey });
  const again = await stripe.paymentIntents.create(params, { idempotencyKey });
  expect(first.id === again.id, "a repeat has another answer");
  expect(again.lastResponse.idempotencyKey === idempotencyKey, "the key is not echoed");
  expect(first.lastResponse.requestId !== again.lastResponse.requestId, "two requests have one id");
  const other = { ...params, amount: params.amount + 1 };
  await refused("StripeIdempotencyError", () => stripe.paymentIntents.create(other, { idempotencyKey }));
  expected.eur += params.amount;
}

async function errors() {
  const invalid = "StripeInvalidRequestError";
  await refused(invalid, () => stripe.paymentIntents.retrieve("pi_none"), { statusCode: 404 });
  await refused(invalid, () => stripe.paymentIntents.create({ currency: "eur" }), { statusCode: 400, param: "amount" });
  const unknown = { amount: 1, currency: "eur", payment_method: "pm_none" };
  const missing = { code: "resource_missing", param: "payment_method" };
  await refused(invalid, () => stripe.paymentIntents.create(unknown), missing);
  const stranger = new Stripe("sk_live_1", options);
  await refused("StripeAuthenticationError", () => stranger.balance.retrieve(), { statusCode: 401 });
}

async function all(list) {
  const ids = [];
  for await (const object of list) ids.push(object.type ?? object.id);
  return ids;
}

async function pages() {
  const one = await all(stripe.paymentIntents.list({ limit: 3 }));
  const two = await all(stripe.paymentIntents.list({ limit: 100 }));
  expect(one.length > 3 && one.length === new Set(one).size && one.join() === two.join(), "pages");
  const before = { limit: 2, ending_before: one[3], expand: ["data.latest_charge"] };
  const page = await stripe.paymentIntents.list(before);
  expect(page.data.map(({ id }) => id).join() === one.slice(1, 3).join(), "the page before");
  expect(page.data.every(({ latest_charge: charge }) => !charge || charge.object === "charge"), "expanded charges");
  const events = await all(stripe.events.list({ limit: 100 }));
  const created = events.filter((type) => type === "payment_intent.created");
  expect(created.length === one.length, "an event for each payment intent");
}

async function paidOut() {
  const amount = Math.min(expected.eur, 100);
  if (amount > 0) {
    const made = await stripe.payouts.create({ amount, currency: "eur" });
    expect(made.status === "paid" && (await stripe.payouts.retrieve(made.id)).amount === amount, "payout");
    expected.eur -= amount;
  }
  const short = { amount: 99_999_999, currency: "eur" };
  await refused("StripeInvalidRequestError", () => stripe.payouts.create(short), { code: "balance_insufficient" });
}

const calls = [paidAtOnce, capturedInParts, declinedThenPaid, canceled, keys].flatMap((call) => [call, call, call]);
calls.sort(() => random() - 0.5);
for (const call of calls) await call();
await errors();
await pages();
// A kill can leave the end of a payout unknown; it has tests of its own.
if (Number(retries) < 10) await paidOut();
const { available } = await stripe.balance.retrieve();
for (const [currency, amount] of Object.entries(expected)) {
  const found = available.filter((part) => part.currency === currency).reduce((sum, part) => sum + part.amount, 0);
  expect(found === amount, `${found} ${currency} are available instead of ${amount}`);
}
console.log(`stripe-node ${Stripe.PACKAGE_VERSION}: ${calls.length} lives of payment intents, ${JSON.stringify(expected)}`);
