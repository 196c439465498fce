# Orders at the desk.

admin-nav-orders = Orders

admin-orders-order = Order { $number }
admin-orders-tabs = Orders by what is to be done
admin-orders-tab-to-ship = To ship
admin-orders-tab-unpaid = Unpaid
admin-orders-tab-all = All
admin-orders-tab-refunds = Refunds
admin-orders-search = Search
admin-orders-search-hint = A number, or the beginning of an email address, a name or an item no.
admin-orders-filters = Filters
admin-orders-any = Any
admin-orders-payment = Payment
admin-orders-shipping = Shipping
admin-orders-from = From
admin-orders-to = To
admin-orders-country = Country
admin-orders-min = Total from
admin-orders-max = Total up to
admin-orders-show = Show
admin-orders-show-all = Show all
admin-orders-unread = Not understood, and left out: { $fields }.
admin-orders-cut-short = A great many orders begin like this, and not all of them are here. Type more of it.
admin-orders-pick = Select
admin-orders-pick-one = Select order { $number }
admin-orders-number = Order no.
admin-orders-time = Placed
admin-orders-customer = Customer
admin-orders-items = Items
admin-orders-total = Total
admin-orders-others = { $count ->
    [one] and 1 other
   *[other] and { $count } others
 }
admin-orders-with-picked = With the selected
admin-orders-mark-shipped = Mark as shipped
admin-orders-packing-slips = Packing slips
admin-orders-packing-slip = Packing slip
admin-orders-not-packed = No packing slip, because they are not paid, are called off, or their money goes back: { $numbers }.
admin-orders-export = Export CSV
admin-orders-none-found = No order is like this.
admin-orders-none-to_ship = Nothing to ship. What is paid appears here.
admin-orders-none-unpaid = Nobody is about to pay. Orders that wait for their payment appear here.
admin-orders-none-all = Nothing sold yet. Share the link of your shop, or place a test order.
admin-orders-none-refunds = No money went back yet.
admin-orders-none-picked = No order was selected.
admin-orders-pages = Pages
admin-orders-newest = Newest
admin-orders-older = Older
admin-orders-back = Back to the orders
admin-orders-back-to-order = Back to order { $number }

admin-orders-chip-unpaid = Unpaid
admin-orders-chip-processing = Confirming payment
admin-orders-chip-paid = Paid
admin-orders-chip-part-refunded = Partly refunded
admin-orders-chip-refund-on-its-way = Refund on its way
admin-orders-chip-refunded = Refunded
admin-orders-chip-expired = Expired
admin-orders-chip-cancelled = Cancelled
admin-orders-chip-differs = Amount differs
admin-orders-chip-refund-failed = Refund failed
admin-orders-chip-disputed = Disputed
admin-orders-chip-unshipped = Not shipped
admin-orders-chip-part-shipped = Partly shipped
admin-orders-chip-shipped = Shipped
admin-orders-chip-delivered = Delivered

admin-orders-many-text = { $count ->
    [one] 1 of them can be shipped, whole. The others stay as they are, and the next page says why.
   *[other] { $count } of them can be shipped, whole. The others stay as they are, and the next page says why.
 }
admin-orders-many-shipped = { $done ->
    [one] 1 order is marked as shipped.
   *[other] { $done } orders are marked as shipped.
 }
admin-orders-many-not = { $failed ->
    [one] 1 order is not shipped:
   *[other] { $failed } orders are not shipped:
 }
admin-orders-not-shipped = Not shipped
admin-orders-notify-each = Email each customer that the parcel is on its way

admin-orders-product = Product
admin-orders-sku = Item no.
admin-orders-quantity = Qty
admin-orders-each = Each
admin-orders-total-paid = Total paid
admin-orders-line-shipped = { $count } shipped
admin-orders-line-cancelled = { $count } cancelled
admin-orders-line-restocked = { $count } restocked
admin-orders-happened = What happened
admin-orders-letters = Emails
admin-orders-no-letters = None yet.
admin-orders-send-again = Send again
admin-orders-place = Order no. { $place } of this customer
admin-orders-language-en = English
admin-orders-language-zh = Chinese
admin-orders-ship-to = Ship to
admin-orders-no-address = No address was asked for.
admin-orders-edit-address = Edit address
admin-orders-parcel = { $units ->
    [one] Parcel, 1 unit
   *[other] Parcel, { $units } units
 }
admin-orders-charged = Charged
admin-orders-refunded = Refunded
admin-orders-going-back = On its way back
admin-orders-left = Left
admin-orders-mode = Mode
admin-orders-mode-live = Live
admin-orders-mode-test = Test: no real money
admin-orders-failure = Stripe says
admin-orders-unassigned = Made in the Stripe Dashboard; nobody has said for which goods.
admin-orders-refund-pending = On its way
admin-orders-refund-succeeded = Done
admin-orders-refund-failed = Failed
admin-orders-refund-canceled = Cancelled by Stripe
admin-orders-notes = Notes
admin-orders-note = New note
admin-orders-note-hint = For your team. Customers never see it.
admin-orders-note-add = Add note
admin-orders-no-notes = None.

admin-orders-told-pending = Goods are held until { $due }. The customer has not paid yet.
admin-orders-told-processing = The customer has finished, and the bank has not answered yet. The goods stay held until it does; do not ship.
admin-orders-told-differs = Stripe took { $amount }, but the order asks for { $total }. The money is here and the goods stay held until you refund or cancel the order.
admin-orders-told-late = This order was paid after its hold had ended, and the goods were gone. The money goes back, and the customer was told.
admin-orders-told-refund-failed = A refund of { $amount } did not reach the customer ({ $why }). The money is here and is owed: refund again, or pay another way.
admin-orders-told-dispute = The bank disputes { $amount } ({ $why }). Answer in the Stripe Dashboard. Until it is decided, a refund could pay twice.
admin-orders-told-dispute-due = The bank disputes { $amount } ({ $why }). Answer in the Stripe Dashboard by { $due }. Until it is decided, a refund could pay twice.
admin-orders-told-dispute-lost = The bank took { $amount } back ({ $why }).
admin-orders-told-warning = The bank warns that this payment of { $amount } may be fraud. Refund it before it becomes a dispute, or let it stand.
admin-orders-told-unreachable = Stripe cannot be asked about this order ({ $why }). Its goods stay held.

admin-orders-event-placed = { $units ->
    [one] Order placed, 1 unit held
   *[other] Order placed, { $units } units held
 }
admin-orders-event-hold-extended = The customer asked for longer; the goods are held until { $due }
admin-orders-event-checkout-opened = The payment page opened
admin-orders-event-amount-differs = The payment page asked for another amount than the order, and was closed ({ $detail })
admin-orders-event-payment-processing = The customer returned from Stripe; the payment is still pending, the goods stay held
admin-orders-event-payment-restored = The money came back to the order
admin-orders-event-paid = Payment succeeded, { $amount }
admin-orders-event-paid-late = Paid after the hold had ended; the goods were still there, { $amount }
admin-orders-event-payment-differs = A payment of another amount came and waits for you
admin-orders-event-payment-returned = A payment that was not needed goes back, { $amount }
admin-orders-event-confirmed = The customer confirmed the order; nothing was to pay
admin-orders-event-cancel-requested = Cancellation asked for { $detail }
admin-orders-event-cancelled = Cancelled; what was not sent is back on the shelf
admin-orders-event-expired = Expired without a payment; the goods are back on the shelf
admin-orders-event-refund-requested = Refund of { $amount } asked for
admin-orders-event-refund-imported = A refund was made in the Stripe Dashboard
admin-orders-event-refund-assigned = The refund of { $amount } was assigned to its goods
admin-orders-event-paid-elsewhere = { $amount } were paid back another way
admin-orders-event-paid-twice = Stripe gave back { $amount } that had been paid back another way as well: the customer may have them twice
admin-orders-event-refund-pending = Stripe has taken the refund of { $amount }
admin-orders-event-refunded = { $amount } refunded
admin-orders-event-refund-failed = The refund of { $amount } failed: { $why }
admin-orders-event-refund-canceled = Stripe cancelled the refund of { $amount }
admin-orders-event-all-refunded = All of the money is back
admin-orders-event-shipped = { $units ->
    [one] 1 unit shipped{ $parcel }
   *[other] { $units } units shipped{ $parcel }
 }
admin-orders-event-fraud-warning = The bank warned of fraud
admin-orders-event-dispute-inquiry = The bank asked about the payment of { $amount }
admin-orders-event-dispute-opened = The bank disputes { $amount }
admin-orders-event-dispute-won = The dispute was won
admin-orders-event-dispute-lost = The dispute was lost
admin-orders-event-dispute-closed = The dispute was closed
admin-orders-event-dispute-funds-withdrawn = The bank took { $amount } for now
admin-orders-event-dispute-funds-reinstated = The bank gave { $amount } back
admin-orders-event-address-changed = { $actor } changed the address
admin-orders-event-letter-again = “{ $letter }” sent again to { $email }

admin-orders-letter-order-confirmed = Confirmation
admin-orders-letter-payment-processing = Confirming the payment
admin-orders-letter-payment-failed = Payment failed
admin-orders-letter-order-shipped = On its way
admin-orders-letter-late-refund = Sorry, goods gone
admin-orders-letter-order-link = Link to the order
admin-orders-letter-order-cancelled = Cancelled
admin-orders-letter-refund-sent = Refund
admin-orders-letter-owner-new-order = To you: new order
admin-orders-letter-owner-late-payment = To you: late payment
admin-orders-letter-owner-payment-differs = To you: amount differs
admin-orders-letter-owner-refund-failed = To you: refund failed
admin-orders-letter-owner-dispute = To you: dispute
admin-orders-letter-owner-refund-unassigned = To you: refund to assign
admin-orders-letter-state-due = Waiting
admin-orders-letter-state-done = Sent
admin-orders-letter-state-refused = Not sent

admin-orders-ship-title = Ship a parcel
admin-orders-ship-what = What is in it
admin-orders-ship-left = { $open } of { $quantity } to ship
admin-orders-carrier = Carrier
admin-orders-tracking = Tracking number
admin-orders-carrier-hint = With a carrier of the list the number becomes a link, here and in the email.
admin-orders-notify = Email { $email } that the parcel is on its way

admin-orders-refund = Refund
admin-orders-refund-title = Refund
admin-orders-refund-left = { $left } of the payment is left.
admin-orders-refund-what = Which goods
admin-orders-refund-units = up to { $left }, { $each } each
admin-orders-refund-shipping = The shipping too, { $amount }
admin-orders-restock = The goods are back: put them on the shelf
admin-orders-own-amount = Another amount
admin-orders-own-amount-hint = At most { $left }. It gives back money alone: the goods above and the stock stay as they are.
admin-orders-reason = Reason
admin-orders-reason-hint = For your records.
admin-orders-refund-look = See what will happen
admin-orders-shipping-paid = Shipping
admin-orders-refund-preview = Refund { $total }?
admin-orders-goes-back = Goes back
admin-orders-refund-open = { $count ->
    [one] 1 unit that was not sent will not be sent any more.
   *[other] { $count } units that were not sent will not be sent any more.
 }
admin-orders-refund-restock = { $count ->
    [one] 1 unit goes back on the shelf.
   *[other] { $count } units go back on the shelf.
 }
admin-orders-refund-no-restock = Nothing goes back on the shelf.
admin-orders-refund-when = The money goes back the way it came, and can take 5 to 10 days.
admin-orders-letter-preview = Email to { $email } once Stripe has sent it
admin-orders-refund-large = This is a large amount: you will be asked for your password first.
admin-orders-refund-do = Refund { $total }
admin-orders-refund-change = Change
admin-orders-refund-changed = The order has changed since you looked: the amount is another one now. Nothing was sent.

admin-orders-cancel = Cancel order
admin-orders-cancel-title = Cancel this order?
admin-orders-cancel-units = { $count ->
    [one] 1 unit that was not sent will not be sent.
   *[other] { $count } units that were not sent will not be sent.
 }
admin-orders-cancel-sent = What has been sent stays sold.
admin-orders-cancel-paid = { $amount } goes back to the customer, and the goods go back on the shelf.
admin-orders-cancel-part-paid = What was paid for these units goes back to the customer, and they go back on the shelf.
admin-orders-cancel-unpaid = Nothing was charged. The payment page is closed first, then the goods are free again.
admin-orders-cancel-letter = { $email } is told by email.
admin-orders-cancel-do = Cancel the order
admin-orders-cancel-over = There is nothing left to cancel.
admin-orders-cancel-changed = The order has changed since you looked. Read again what will happen now.

admin-orders-address-now = It goes to
admin-orders-country-fixed = Shipping and taxes were paid for { $country }; another country or region is not possible.
admin-orders-address-save = Save address

admin-orders-packed = Packed
admin-orders-print-hint = Print with your browser.

admin-orders-refused-not-paid = This order is not paid.
admin-orders-refused-dispute = The bank is looking at this payment. Until it has decided, a refund could pay twice.
admin-orders-refused-shipped = All of it has been sent. Once it is back, it can be refunded.
admin-orders-refused-nothing-to-ship = There is nothing left to ship.
admin-orders-refused-nothing-to-refund = There is nothing left to refund.
admin-orders-refused-units = Only { $left } of { $sku } are left.
admin-orders-refused-too-large = This is more than is left of the payment. At most { $left } can go back.
admin-orders-refused-steps = An amount has to be a multiple of { $step }.
admin-orders-refused-form-used = This form was sent before with other contents. Look at the order first; then open the form anew.
admin-orders-refused-destination = Shipping and taxes were paid for another country or region. This order cannot go there.
admin-orders-refused-changed = Somebody else has changed the address meanwhile. Nothing was overwritten: compare, and open the form anew to change it.
admin-orders-refused-other = This was refused: { $why }
admin-orders-wrong-units = Enter whole numbers.
admin-orders-wrong-no-units = Enter how many units are in the parcel.
admin-orders-wrong-address = Name, street and city cannot be left empty: a parcel goes there.
admin-orders-wrong-words = Enter one line of at most 500 characters in each field.
admin-orders-wrong-amount = Enter an amount such as 12.50.
admin-orders-wrong-nothing = Choose what to refund: goods, the shipping or an amount.
admin-orders-wrong-note = Enter a note of at most { $most } characters.

admin-done-order-shipped = Marked as shipped.
admin-done-order-refund-asked = The refund is on its way to Stripe.
admin-done-order-refunded = Refunded.
admin-done-order-refund-refused = Stripe refused the refund. Nothing went back; below is why.
admin-done-order-cancelled = Cancelled, or being cancelled: what happened stands below.
admin-done-order-address = The address is changed.
admin-done-order-note = The note is added.
admin-done-order-letter = The email goes out again.
