"""Stripe's own SDK for Python as a judge of the sandbox.

judge.py api PORT       drives the API
judge.py webhooks       reads {"secret", "letters": [{"signature", "body"}]} and verifies each
"""

import json
import sys

import stripe

ORDER = {
    "mode": "payment",
    "success_url": "https://shop.test/done",
    "client_reference_id": "ord_python",
    "line_items": [
        {"quantity": 3, "price_data": {"currency": "jpy", "unit_amount": 500, "product_data": {"name": "お茶"}}}
    ],
}


def refusal(kind, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} expected")


def api(port):
    client = stripe.StripeClient(
        "sk_test_judge", base_addresses={"api": f"http://127.0.0.1:{port}"}, max_network_retries=0
    )
    sessions = client.v1.checkout.sessions
    before = len(sessions.list(params={"limit": 100}).data)
    made = sessions.create(params=ORDER, options={"idempotency_key": "python-1"})
    assert made.amount_total == 1500 and made.status == "open", made
    again = sessions.create(params=ORDER, options={"idempotency_key": "python-1"})
    assert again.id == made.id
    other = {**ORDER, "client_reference_id": "other"}
    refusal(stripe.IdempotencyError, sessions.create, params=other, options={"idempotency_key": "python-1"})
    unknown = refusal(stripe.InvalidRequestError, sessions.create, params={**ORDER, "colour": "red"})
    assert unknown.code == "parameter_unknown", unknown
    assert sessions.line_items.list(made.id).data[0].description == "お茶"
    assert sessions.expire(made.id).status == "expired"
    assert sessions.retrieve(made.id).url is None
    refusal(stripe.InvalidRequestError, sessions.expire, made.id)
    sessions.create(params=ORDER)
    walked = [session.id for session in sessions.list(params={"limit": 1}).auto_paging_iter()]
    assert len(walked) == len(set(walked)) == before + 2, walked
    wrong = stripe.StripeClient("sk_live_judge", base_addresses={"api": f"http://127.0.0.1:{port}"})
    refusal(stripe.AuthenticationError, wrong.v1.checkout.sessions.list)
    events = client.v1.events.list(params={"type": "checkout.session.expired"})
    assert events.data[0].data.object["id"] == made.id


def webhooks():
    given = json.load(sys.stdin)
    assert given["letters"]
    for letter in given["letters"]:
        body, signature = letter["body"], letter["signature"]
        event = stripe.Webhook.construct_event(body, signature, given["secret"])
        assert event.id.startswith("evt_")
        for changed, secret in [(body + " ", given["secret"]), (body, "whsec_other")]:
            refusal(stripe.SignatureVerificationError, stripe.Webhook.construct_event, changed, signature, secret)


api(sys.argv[2]) if sys.argv[1] == "api" else webhooks()
print(f"python judge, stripe {stripe.VERSION}: {sys.argv[1]} is right")
