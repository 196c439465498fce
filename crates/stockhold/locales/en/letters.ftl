# Letters to buyers.

letter-sandbox = Sandbox: this payment was simulated. Nothing was charged and nothing will be sent.
letter-order = Order
letter-button = See your order
letter-link-is-yours = The link opens this order without a password. Keep it to yourself.
letter-subtotal = Subtotal
letter-discount = Discount
letter-shipping = Shipping
letter-tax = Tax
letter-total-paid = Paid
letter-total-refunded = Refund

letter-confirmed-subject = Order { $number } is confirmed · { $shop }
letter-confirmed-heading = Thank you. It’s yours.
letter-confirmed-paid = We received { $total } on { $time }.
letter-confirmed-next = We pack it next. The page of your order always shows where it stands.

letter-refund-subject = Order { $number }: your payment is on its way back · { $shop }
letter-refund-heading = We’re sorry: the goods were gone
letter-refund-heading-cancelled = Your payment is on its way back
letter-refund-what = Your payment reached us after the time we could hold your goods, and by then somebody else had bought them. We cannot send your order.
letter-refund-what-cancelled = Your payment reached us after this order was cancelled, so we keep none of it.
letter-refund-money = We refund { $total }, all of it.
letter-refund-when = It goes back the way you paid and can take 5 to 10 days. You need not do anything.
letter-refund-sorry = We would rather have sent you the goods. If you still want them, look in on us: what comes back goes on the shelf.
