// A client of Stripe, which makes a new idempotency key for each change.
import assert from 'node:assert/strict';
import Stripe from 'stripe';

const { hostname: host, port } = new URL(process.env.CANNERY_URL);
const stripe = new Stripe('sk_test_' + '4eC39HqLyjWDarjtT1zdp7dc', { host, port, protocol: 'http', maxNetworkRetries: 2 });
const customer = await stripe.customers.create({ email: 'ada@example.test', metadata: { order: '7' } });
assert.ok((await stripe.customers.retrieve(customer.id)).id);
assert.ok((await stripe.customers.list({ limit: 3 })).data.length);
const intent = await stripe.paymentIntents.create({ amount: 1999, currency: 'eur', customer: customer.id, automatic_payment_methods: { enabled: true } });
assert.ok((await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).id);
assert.ok((await stripe.paymentIntents.retrieve(intent.id)).id);
assert.ok((await stripe.refunds.create({ payment_intent: intent.id }, { idempotencyKey: 'refund-1' })).id);
assert.ok((await stripe.products.list({ active: true })).data);
assert.ok((await stripe.balance.retrieve()).available);
