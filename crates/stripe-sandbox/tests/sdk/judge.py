"""Stripe's own SDK for Python as a judge of the sandbox.

judge.py api PORT       drives the API
judge.py webhooks       reads {"secret", "letters": [{"signature", "body"}]} and verifies each
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

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


    afterwards(client, port)


def fetch(address, said, kind):
    request = urllib.request.Request(address, data=said.encode(), headers={"content-type": kind}, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), StayHere)
    try:
        return opener.open(request).read()
    except urllib.error.HTTPError as redirect:
        assert redirect.code == 303, redirect


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def afterwards(client, port):
    """Refunds in every state, disputes, warnings, and lists that page by themselves."""
    v1 = client.v1

    def pay_with(card):
        session = v1.checkout.sessions.create(params=ORDER)
        form = urllib.parse.urlencode({"action": "pay", "card": card})
        fetch(session.url, form, "application/x-www-form-urlencoded")
        return v1.checkout.sessions.retrieve(session.id).payment_intent

    def press(path, said):
        fetch(f"http://127.0.0.1:{port}/_sandbox/stripe/{path}", json.dumps(said), "application/json")

    def walk(list_object):
        walked = list(list_object.auto_paging_iter())
        assert len({item.id for item in walked}) == len(walked)
        return walked

    intent = pay_with("4000000000007726")
    waiting = v1.refunds.create(params={"payment_intent": intent, "amount": 500, "metadata": {"ours": "yes"}})
    assert (waiting.status, waiting.metadata["ours"]) == ("pending", "yes"), waiting
    refusal(stripe.InvalidRequestError, v1.refunds.cancel, waiting.id)
    press(f"settle/{waiting.id}", {})
    assert v1.refunds.retrieve(waiting.id).status == "succeeded"
    press("next_refund", {"status": "requires_action"})
    asking = v1.refunds.create(params={"payment_intent": intent, "amount": 1000})
    over = refusal(stripe.InvalidRequestError, v1.refunds.create, params={"payment_intent": intent, "amount": 1})
    assert over.code == "charge_already_refunded", over
    assert v1.refunds.cancel(asking.id).status == "canceled"
    refunds = walk(v1.refunds.list(params={"payment_intent": intent, "limit": 1}))
    assert [refund.id for refund in refunds] == [asking.id, waiting.id]
    failing = v1.refunds.create(params={"payment_intent": pay_with("4000000000005126")})
    press(f"settle/{failing.id}", {})
    assert v1.refunds.retrieve(failing.id).failure_reason == "expired_or_canceled_card"

    pay_with("4000000000002685")
    pay_with("4000000000005423")
    dispute = walk(v1.disputes.list(params={"limit": 1}))[0]
    assert dispute.reason == "product_not_received" and dispute.evidence_details.due_by > dispute.created
    press(f"dispute/{dispute.id}", {"do": "won"})
    moves = [move.amount for move in v1.disputes.retrieve(dispute.id).balance_transactions]
    assert moves == [-1500, 1500], moves
    assert walk(v1.radar.early_fraud_warnings.list())[0].actionable is True
    movements = walk(v1.balance_transactions.list(params={"limit": 2, "currency": "jpy"}))
    available = {row.currency: row.amount for row in v1.balance.retrieve().available}
    assert available["jpy"] == sum(row.net for row in movements), movements
    events = walk(v1.events.list(params={"types": ["refund.created", "refund.failed"], "limit": 1}))
    kinds = [event.type for event in events]
    assert kinds == ["refund.failed", "refund.created", "refund.created", "refund.created"], kinds
    assert v1.webhook_endpoints.list().data[0].status == "enabled"


KINDS = {
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "radar.early_fraud_warning.created",
}


def webhooks():
    given = json.load(sys.stdin)
    arrived = {json.loads(letter["body"])["type"] for letter in given["letters"]}
    assert KINDS <= arrived, KINDS - arrived
    for letter in given["letters"]:
        body, signature = letter["body"], letter["signature"]
        event = stripe.Webhook.construct_event(body, signature, given["secret"])
        assert event.id.startswith("evt_")
        for changed, secret in [(body + " ", given["secret"]), (body, "whsec_other")]:
            refusal(stripe.SignatureVerificationError, stripe.Webhook.construct_event, changed, signature, secret)


api(sys.argv[2]) if sys.argv[1] == "api" else webhooks()
print(f"python judge, stripe {stripe.VERSION}: {sys.argv[1]} is right")
