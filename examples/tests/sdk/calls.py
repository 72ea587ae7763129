"""Every call of the payments server, by stripe-python, unchanged.

usage: calls.py URL SEED RETRIES

Amounts and orders of calls are random. Ends with 1 and a message where an answer is not what Stripe's would be, or where the balance is not
exact to the cent.
"""

import random
import sys
import uuid

import stripe


def expect(condition, message):
    if not condition:
        sys.exit(f"calls.py: {message}")


def refused(error, call, **members):
    """The call fails with an error of this class, which has these members."""
    try:
        call()
    except stripe.StripeError as raised:
        expect(type(raised) is error, f"{type(raised).__name__} instead of {error.__name__}: {raised}")
        for name, value in members.items():
            found = getattr(raised, name, None)
            expect(found == value, f"{name} is {found!r} instead of {value!r}: {raised}")
        return raised
    sys.exit(f"calls.py: no {error.__name__}")


def available(client, currency):
    return sum(part.amount for part in client.v1.balance.retrieve().available if part.currency == currency)


def paid_at_once(client, chance, expected):
    amount = chance.randint(1, 10_000)
    customer = client.v1.customers.create({"email": "jenny@example.com", "metadata": {"order": "7"}})
    expect(client.v1.customers.retrieve(customer.id).metadata["order"] == "7", "metadata is lost")
    intent = client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "expand": ["latest_charge", "customer"],
        }
    )
    expect(intent.status == "succeeded" and intent.amount_received == amount, f"paid: {intent}")
    expect(type(intent) is stripe.PaymentIntent and type(intent.latest_charge) is stripe.Charge, "classes")
    expect(intent.customer.email == "jenny@example.com", "expanded customer")
    refund = chance.randint(1, amount)
    made = client.v1.refunds.create({"payment_intent": intent.id, "amount": refund, "reason": "duplicate"})
    expect(made.status == "succeeded" and made.amount == refund, f"refund: {made}")
    expect(client.v1.refunds.retrieve(made.id, {"expand": ["charge"]}).charge.amount_refunded == refund, "charge of a refund")
    if refund < amount:
        refused(
            stripe.InvalidRequestError,
            lambda: client.v1.refunds.create({"payment_intent": intent.id, "amount": amount - refund + 1}),
            http_status=400,
            param="amount",
        )
    expected["eur"] += amount - refund


def captured_in_parts(client, chance, expected):
    amount = chance.randint(3, 10_000)
    intent = client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "capture_method": "manual", "payment_method": "pm_card_mastercard"}
    )
    expect(intent.status == "requires_confirmation", f"created: {intent}")
    intent = client.v1.payment_intents.confirm(intent.id)
    expect(intent.status == "requires_capture" and intent.amount_capturable == amount, f"confirmed: {intent}")
    part = chance.randint(1, amount - 1)
    intent = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": part, "final_capture": False})
    expect(intent.amount_capturable == amount - part and intent.amount_received == part, f"part: {intent}")
    refused(
        stripe.InvalidRequestError,
        lambda: client.v1.payment_intents.capture(intent.id, {"amount_to_capture": amount}),
        param="amount_to_capture",
    )
    if chance.random() < 0.5:
        intent = client.v1.payment_intents.capture(intent.id)
        expect(intent.status == "succeeded" and intent.amount_received == amount, f"rest: {intent}")
        expected["usd"] += amount
    else:
        intent = client.v1.payment_intents.cancel(intent.id)
        expect(intent.amount_received == part, f"rest canceled: {intent}")
        expected["usd"] += part


def declined_then_paid(client, chance, expected):
    amount = chance.randint(1, 10_000)
    intent = client.v1.payment_intents.create({"amount": amount, "currency": "eur"})
    expect(intent.status == "requires_payment_method", f"created: {intent}")
    error = refused(
        stripe.CardError,
        lambda: client.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds"}
        ),
        http_status=402,
        code="card_declined",
    )
    expect(error.error.decline_code == "insufficient_funds", "decline code")
    expect(error.error.payment_intent.id == intent.id, "payment intent of the error")
    changed = client.v1.payment_intents.update(intent.id, {"amount": amount + 1, "metadata": {"try": "2"}})
    expect(changed.amount == amount + 1 and changed.metadata["try"] == "2", f"updated: {changed}")
    waiting = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_authenticationRequired"})
    expect(waiting.status == "requires_action" and waiting.next_action.type == "redirect_to_url", f"action: {waiting}")
    paid = client.v1.payment_intents.confirm(intent.id)
    expect(paid.status == "succeeded", f"paid: {paid}")
    refused(
        stripe.InvalidRequestError,
        lambda: client.v1.payment_intents.cancel(intent.id),
        code="payment_intent_unexpected_state",
    )
    for late in ({"amount": 1}, {"payment_method": "pm_card_mastercard"}):
        refused(
            stripe.InvalidRequestError,
            lambda: client.v1.payment_intents.update(intent.id, late),
            code="payment_intent_unexpected_state",
        )
    expected["eur"] += amount + 1


def canceled(client, chance, expected):
    intent = client.v1.payment_intents.create({"amount": chance.randint(1, 99), "currency": "eur"})
    intent = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    expect(intent.status == "canceled" and intent.cancellation_reason == "abandoned", f"canceled: {intent}")


def keys(client, chance, expected):
    amount, key = chance.randint(1, 10_000), str(uuid.UUID(int=chance.getrandbits(128)))
    params = {"amount": amount, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    first = client.v1.payment_intents.create(params, {"idempotency_key": key})
    again = client.v1.payment_intents.create(params, {"idempotency_key": key})
    expect(first.id == again.id, "a repeat has another answer")
    expect(again.last_response.idempotency_key == key, "the key is not echoed")
    expect(first.last_response.request_id != again.last_response.request_id, "two requests have one id")
    refused(
        stripe.IdempotencyError,
        lambda: client.v1.payment_intents.create(params | {"amount": amount + 1}, {"idempotency_key": key}),
        http_status=400,
    )
    expected["eur"] += amount


def errors(client, url, retries):
    refused(stripe.InvalidRequestError, lambda: client.v1.payment_intents.retrieve("pi_none"), http_status=404)
    refused(
        stripe.InvalidRequestError,
        lambda: client.v1.payment_intents.create({"currency": "eur"}),
        http_status=400,
        param="amount",
    )
    refused(
        stripe.InvalidRequestError,
        lambda: client.v1.payment_intents.create({"amount": 1, "currency": "eur", "payment_method": "pm_none"}),
        code="resource_missing",
        param="payment_method",
    )
    stranger = stripe.StripeClient("sk_live_1", base_addresses={"api": url}, max_network_retries=retries)
    refused(stripe.AuthenticationError, lambda: stranger.v1.balance.retrieve(), http_status=401)
    refused(
        stripe.PermissionError,
        lambda: client.v1.balance.retrieve(options={"stripe_account": "not an account"}),
        http_status=403,
    )


def pages(client):
    one = [intent.id for intent in client.v1.payment_intents.list({"limit": 3}).auto_paging_iter()]
    two = [intent.id for intent in client.v1.payment_intents.list({"limit": 100}).auto_paging_iter()]
    expect(one == two and len(one) == len(set(one)) > 3, f"pages: {len(one)} and {len(two)}")
    page = client.v1.payment_intents.list({"limit": 2, "ending_before": one[3], "expand": ["data.latest_charge"]})
    expect([intent.id for intent in page.data] == one[1:3], "the page before")
    shown = [intent.latest_charge for intent in page.data if intent.latest_charge]
    expect(all(type(charge) is stripe.Charge for charge in shown), "expanded charges of a page")
    events = [event.type for event in client.v1.events.list({"limit": 100}).auto_paging_iter()]
    expect(events.count("payment_intent.created") == len(one), "an event for each payment intent")


def paid_out(client, expected):
    amount = min(expected["eur"], 100)
    if amount > 0:
        made = client.v1.payouts.create({"amount": amount, "currency": "eur"})
        expect(type(made) is stripe.Payout and made.status == "paid", f"payout: {made}")
        expect(client.v1.payouts.retrieve(made.id).amount == amount, "amount of a payout")
        expected["eur"] -= amount
    short = {"amount": 99_999_999, "currency": "eur"}
    refused(stripe.InvalidRequestError, lambda: client.v1.payouts.create(short), code="balance_insufficient")


def main():
    url, seed, retries = sys.argv[1:]
    chance = random.Random(int(seed))
    client = stripe.StripeClient(f"sk_test_python_{seed}", base_addresses={"api": url}, max_network_retries=int(retries))
    expected = {"eur": 0, "usd": 0}
    calls = [paid_at_once, captured_in_parts, declined_then_paid, canceled, keys] * 3
    chance.shuffle(calls)
    for call in calls:
        call(client, chance, expected)
    errors(client, url, int(retries))
    pages(client)
    if int(retries) < 10:
        # A kill can leave the end of a payout unknown; it has tests of its own.
        paid_out(client, expected)
    for currency, amount in expected.items():
        found = available(client, currency)
        expect(found == amount, f"{found} {currency} are available instead of {amount}")
    print(f"stripe-python {stripe.VERSION}: {len(calls)} lives of payment intents, {expected} available")


main()
