# Letters to buyers.

letter-sandbox = Sandbox: this payment was simulated. Nothing was charged and nothing will be sent.
letter-order = Order
letter-button = See your order
letter-button-owner = See the order
letter-link-is-yours = The link opens this order without a password. Keep it to yourself.
letter-total-paid = Paid
letter-total-refunded = Refund
letter-total = Total
letter-address = Goes to
letter-carrier = Carrier
letter-tracking = Tracking number

letter-confirmed-subject = Order { $number } is confirmed · { $shop }
letter-confirmed-heading = Thank you. It’s yours.
letter-confirmed-paid = We received { $total } on { $time }.
letter-confirmed-free = Nothing was to pay.
letter-confirmed-next = We pack it next. The page of your order always shows where it stands.

letter-payment-processing-subject = Order { $number }: we’re confirming your payment · { $shop }
letter-payment-processing-heading = We’re confirming your payment
letter-payment-processing-text = Your order is placed and your goods are set aside for you. Your bank has not told us yet that the payment of { $total } came through. Most answer within minutes, some take a few days.
letter-payment-processing-wait = You need not do anything. We write to you as soon as we know.

letter-payment-failed-subject = Order { $number }: your payment didn’t go through · { $shop }
letter-payment-failed-heading = Your payment didn’t go through
letter-payment-failed-text = Your bank declined the payment of { $total }. Nothing was charged. The goods are back on the shelf.
letter-payment-failed-again = The page of your order puts them back into your cart, as long as they are there.

letter-order-link-subject = Your order { $number } · { $shop }
letter-order-link-heading = Here is your order
letter-order-link-text = Somebody, most likely you, asked us for the link to this order. Nothing else was changed. If it was not you, you need not do anything: the link went to you alone.

letter-order-shipped-subject = Order { $number } is on its way · { $shop }
letter-order-shipped-subject-part = Part of order { $number } is on its way · { $shop }
letter-order-shipped-heading = Your parcel is on its way
letter-order-shipped-heading-part = Part of your order is on its way
letter-order-shipped-text = In this parcel:
letter-order-shipped-rest = The rest follows in a parcel of its own.

letter-refund-subject = Order { $number }: your payment is on its way back · { $shop }
letter-refund-subject-owed = Order { $number }: about your payment · { $shop }
letter-refund-heading = We’re sorry: the goods were gone
letter-refund-heading-cancelled = Your payment is on its way back
letter-refund-heading-owed = This order was cancelled before your payment came
letter-refund-what = Your payment reached us after the time we could hold your goods, and by then somebody else had bought them. We cannot send your order.
letter-refund-heading-code = We’re sorry: we could not keep your order
letter-refund-what-code = Your payment reached us after the time we could hold your goods and your code, and by then the goods or the last use of the code had gone to somebody else. We cannot send your order.
letter-refund-what-cancelled = Your payment reached us after this order was cancelled, so we keep none of it.
letter-refund-money = We refund { $amount }, all of it.
letter-refund-owed = We tried to send { $amount } back to you, but it did not go through. The money is still here, and we are taking care of it. You need not do anything.
letter-refund-when = It goes back the way you paid and can take 5 to 10 days. You need not do anything.
letter-refund-sorry = We would rather have sent you the goods. If you still want them, look in on us: what comes back goes on the shelf.

letter-total-concerned = Amount in question

letter-order-cancelled-subject = Order { $number } is cancelled · { $shop }
letter-order-cancelled-heading = Your order is cancelled
letter-order-cancelled-heading-rest = The rest of your order is cancelled
letter-order-cancelled-text = What we had not sent stays with us.
letter-order-cancelled-money = We refund { $amount }. It goes back the way you paid and can take 5 to 10 days. You need not do anything.
letter-order-cancelled-owed = We tried to send { $amount } back to you, but it did not go through. The money is still here, and we are taking care of it. You need not do anything.
letter-order-cancelled-nothing = Nothing was charged.

letter-refund-sent-subject = Order { $number }: a refund of your payment · { $shop }
letter-refund-sent-heading = Money is on its way back to you
letter-refund-sent-part = We have sent back { $amount }, part of what you paid for this order.
letter-refund-sent-whole = We have sent back { $amount }. With it, all you paid for this order is on its way back.
letter-refund-sent-text = It goes back the way you paid and can take 5 to 10 days to show on your statement.

# To the shop's owner.
letter-owner-new-order-subject = Order { $number } is new · { $shop }
letter-owner-new-order-heading = A new order
letter-owner-new-order-text = { $email } has paid { $total } for it, on { $time }. The goods are sold to them; pack and send them next.
letter-owner-new-order-free = { $email } has confirmed it. There was nothing to pay. The goods are theirs; pack and send them next.

letter-owner-late-payment-subject = Order { $number } was paid too late and goes back · { $shop }
letter-owner-late-payment-subject-owed = Order { $number } was paid too late, and its refund failed · { $shop }
letter-owner-late-payment-heading = Paid too late
letter-owner-late-payment-text = Order { $number } was paid after it had ended: its goods or its code could not be had again, or it was cancelled. { $amount } goes back by itself and the buyer has been told. You need not do anything.

letter-owner-late-payment-owed = Order { $number } was paid after it had ended: its goods or its code could not be had again, or it was cancelled. The refund of { $amount } did not go through, so the money is owed to the buyer; another letter says why.

letter-owner-payment-differs-subject = Look at the payment of order { $number } · { $shop }
letter-owner-payment-differs-heading = The amount is not the order’s
letter-owner-payment-differs-text = Stripe took { $amount } for order { $number }, which asks for { $total }. The goods stay held and nothing is sent until you decide: refund or cancel the order, or ask the buyer.

letter-owner-refund-failed-subject = A refund of order { $number } failed · { $shop }
letter-owner-refund-failed-heading = A refund did not reach the buyer
letter-owner-refund-failed-text = { $amount } of order { $number } is owed to the buyer again.
letter-owner-refund-failed-why = Stripe says: { $why }.
letter-owner-refund-failed-do = Refund it once more, or pay the buyer another way.

letter-owner-dispute-subject = A bank disputes order { $number } · { $shop }
letter-owner-dispute-subject-warning = The payment of order { $number } may be fraud · { $shop }
letter-owner-dispute-heading-warning = A warning of fraud
letter-owner-dispute-heading-over = A payment was disputed
letter-owner-dispute-heading = A payment is disputed
letter-owner-dispute-text = The buyer’s bank questions { $amount } of order { $number } ({ $why }). Answer it in the Stripe Dashboard.
letter-owner-dispute-warning = The card’s issuer warns that { $amount } of order { $number } may be fraud ({ $why }). No money has moved. A refund now usually spares you a dispute and its fee; look at the order before you send it.
letter-owner-dispute-inquiry = The buyer’s bank asks about { $amount } of order { $number } ({ $why }). No money has moved yet. Answer it in the Stripe Dashboard, or refund the order in full, which settles it.
letter-owner-dispute-over = The buyer’s bank questioned { $amount } of order { $number } ({ $why }). That has ended meanwhile; the Stripe Dashboard says how.
letter-owner-dispute-due = Evidence is taken until { $due }. While the dispute is open, refunds of this order wait: the bank may give the same money back.

letter-owner-refund-unassigned-subject = Order { $number } was refunded in the Stripe Dashboard · { $shop }
letter-owner-refund-unassigned-heading = Which goods was this refund for?
letter-owner-refund-unassigned-text = { $amount } of order { $number } was refunded in the Stripe Dashboard. The money is in the books; say which goods it was for, so that the stock is right too.

letter-endpoint-subject = A webhook endpoint was disabled · { $shop }
letter-endpoint-heading = A program of yours is not told any more
letter-endpoint-gone = The endpoint below said that it is gone for good (410), so nothing more is sent to it.
letter-endpoint-failing = Nothing arrived at the endpoint below for five days, so nothing more is sent to it.
letter-endpoint-do = When it is well again, enable it on the page of your webhooks, and send again what it missed. Orders, payments and stock are not affected.
