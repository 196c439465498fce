# Today, payments, reports and the system at the shopkeeper's desk.
admin-nav-payments = Payments
admin-nav-reports = Reports
admin-nav-system = System

admin-today-todo = To do
admin-today-nothing = Nothing waits for you.
admin-today-weight-bad = Urgent
admin-today-weight-wait = Look at it
admin-today-weight-off = To do
admin-today-to-ship = { $count ->
    [one] 1 order to ship
   *[other] { $count } orders to ship
}
admin-today-to-ship-go = Ship
admin-today-low-stock = { $count ->
    [one] 1 item is low or sold out
   *[other] { $count } items are low or sold out
}
admin-today-low-stock-go = See the stock
admin-today-payment-differs = { $count ->
    [one] 1 payment of another amount than its order
   *[other] { $count } payments of another amount than their orders
}
admin-today-payment-differs-go = Check it
admin-today-refund-owed = { $count ->
    [one] 1 refund failed; the money is still owed
   *[other] { $count } refunds failed; the money is still owed
}
admin-today-refund-owed-go = Refund again
admin-today-refund-unassigned = { $count ->
    [one] 1 refund made at Stripe: for which goods?
   *[other] { $count } refunds made at Stripe: for which goods?
}
admin-today-refund-unassigned-go = Assign
admin-today-dispute = { $count ->
    [one] 1 dispute to answer by { $what }
   *[other] { $count } disputes to answer, the first by { $what }
}
admin-today-dispute-go = Answer
admin-today-fraud-warning = { $count ->
    [one] 1 warning that a payment may be fraud
   *[other] { $count } warnings that payments may be fraud
}
admin-today-fraud-warning-go = Check it
admin-today-session-unreachable = { $count ->
    [one] 1 order whose payment page Stripe does not know
   *[other] { $count } orders whose payment pages Stripe does not know
}
admin-today-session-unreachable-go = Check it
admin-today-effect-refused = { $count ->
    [one] 1 letter or call was refused
   *[other] { $count } letters or calls were refused
}
admin-today-effect-refused-go = Try again
admin-today-unexplained = { $count ->
    [one] 1 difference to Stripe’s books, { $what } unexplained
   *[other] { $count } differences to Stripe’s books, { $what } unexplained
}
admin-today-unexplained-go = Settle
admin-today-stopped = The comparison with Stripe stopped on its way
admin-today-stopped-go = See why
admin-today-silent = Stripe’s webhooks are silent although orders were placed
admin-today-silent-go = See the webhooks
admin-today-signatures = { $count ->
    [one] 1 webhook was refused for its signature
   *[other] { $count } webhooks were refused for their signature
}
admin-today-signatures-go = See the webhooks
admin-today-events = { $count ->
    [one] 1 Stripe event could not be processed
   *[other] { $count } Stripe events could not be processed
}
admin-today-events-go = See the events
admin-today-letters = { $count ->
    [one] 1 letter is not sent: the mail server does not take it
   *[other] { $count } letters are not sent: the mail server does not take them
}
admin-today-letters-go = See the queue
admin-today-endpoints = { $count ->
    [one] 1 webhook of yours is not reached
   *[other] { $count } webhooks of yours are not reached
}
admin-today-endpoints-go = See the endpoint
admin-today-unsold = Nothing sold yet
admin-today-unsold-text = Share the link of your shop, or place an order yourself to see what your buyers see.
admin-today-test-order = Place a test order
admin-today-takings = Takings
admin-today-takings-today = Today
admin-today-takings-week = 7 days
admin-today-takings-month = 30 days
admin-today-takings-note = Paid minus refunded, by the shop’s clock.
admin-today-spark = Takings of the last 30 days, one bar a day; the best day brought { $best }. The table below has each day.
admin-today-days = Day by day
admin-today-day = Day
admin-today-taken = Taken
admin-today-top = Best sellers of 30 days

admin-setup-steps = Setup: { $done } of { $total } done
admin-setup-done = Done
admin-setup-open = Open
admin-setup-step-name = Name your shop
admin-setup-step-name-hint = It stands on every page and in every letter.
admin-setup-step-product = Put the first product on sale
admin-setup-step-product-hint = Create one, or import a spreadsheet.
admin-setup-step-zone = Say where you ship to, and for how much
admin-setup-step-zone-hint = Without a zone nothing is asked about delivery.
admin-setup-step-tax = Decide about taxes
admin-setup-step-tax-hint = Also when you charge none.
admin-setup-step-pages = Write the legal pages
admin-setup-step-pages-hint = Terms, privacy, returns, and who you are.
admin-setup-step-smtp = Connect a mail server
admin-setup-step-smtp-hint = Set SMTP_URL and start again. Until then letters are kept in a folder, not sent.
admin-setup-step-stripe = Connect Stripe
admin-setup-step-stripe-hint = Set STRIPE_SECRET_KEY and start again. Until then payments are simulated.
admin-setup-step-webhook = Let Stripe’s webhook reach the shop
admin-setup-step-webhook-hint = Add the endpoint at Stripe and set STRIPE_WEBHOOK_SECRET.
admin-setup-step-live = Go live
admin-setup-step-live-hint = Use a live key of Stripe, once everything above is done.

admin-payments-tab-waiting = Waiting
admin-payments-tab-reconciliation = Reconciliation
admin-payments-tab-webhooks = Webhooks
admin-payments-tab-disputes = Disputes
admin-payments-tab-refunds = Refunds
admin-payments-tab-all = All payments
admin-payments-order = Order
admin-payments-amount = Amount
admin-payments-subject = At Stripe
admin-payments-refund = Refund
admin-payments-detail = Details
admin-payments-due = Until
admin-payments-state = State
admin-payments-attempts = Attempts
admin-payments-received = Received
admin-payments-requested = Asked for
admin-payments-refunded = Refunded
admin-payments-withdrawn = Withdrawn
admin-payments-opened = Opened
admin-payments-refused = That was not done.
admin-payments-refused-dispute = A bank is looking at this payment. Until it has decided, a refund could pay the buyer twice.
admin-payments-refused-nothing = Nothing is left to refund: the money is back or on its way.
admin-payments-refused-open = Stripe can be asked about this order, so it is released when Stripe says so.
admin-payments-refused-units = So many are not left in this order.
admin-payments-reason-missing = Write what you found at Stripe, in at most 500 characters.
admin-payments-note-missing = Write what you found, in at most 500 characters.
admin-payments-away-key = Stripe does not accept the secret key. Nothing was changed. Check STRIPE_SECRET_KEY: it may have been rolled or belong to another account.
admin-payments-away-right = The Stripe key may not do this. Nothing was changed. Give the restricted key the right to read and write what is named below.
admin-payments-away-busy = Stripe asks us to slow down. Nothing was changed; try again in a minute.
admin-payments-away-refused = Stripe refused the request. Nothing was changed.
admin-payments-away-silent = Stripe did not answer. Nothing was changed; try again in a minute.

admin-payments-nothing-waits = Nothing waits for a decision.
admin-payments-waits-payment-differs = A payment of another amount than its order
admin-payments-waits-payment-differs-text = The goods stay held until the money is back.
admin-payments-waits-asked = The order asks for { $total }.
admin-payments-waits-refund-owed = A refund failed
admin-payments-waits-refund-owed-text = The buyer does not have the money. Send it again, from the same payment; or pay it another way and note that here.
admin-payments-waits-refund-unassigned = A refund made at Stripe
admin-payments-waits-refund-unassigned-text = The money is on its way back. Say which goods it was for, and whether they are back on the shelf.
admin-payments-waits-fraud-warning = A payment may be fraud
admin-payments-waits-fraud-warning-text = Refund the order before it becomes a dispute, or let it stand.
admin-payments-waits-session-unreachable = Stripe does not know this payment page
admin-payments-waits-session-unreachable-text = Look it up in Stripe with the key that opened it. If it was not paid and its time is over, release what the order holds.
admin-payments-waits-effect-refused = A letter or a call was refused
admin-payments-waits-effect-refused-text = Read why, mend it, and try again.
admin-payments-refund-amount = Refund { $amount }
admin-payments-refund-again = Refund { $amount } again
admin-payments-elsewhere = Paid back another way
admin-payments-elsewhere-text = Note here what you have paid back yourself, by bank transfer or in cash. Nothing is sent, and the buyer gets no letter. The money stays in your Stripe balance; in the shop’s books it is back with the buyer.
admin-payments-elsewhere-note = How was it paid back?
admin-payments-elsewhere-note-hint = The way, the day, a reference. It stands in the order and is erased with the customer’s data.
admin-payments-elsewhere-note-missing = Write how it was paid back, in up to 500 characters on one line.
admin-payments-elsewhere-do = I have paid { $amount } back
admin-payments-elsewhere-nothing = Nothing of this refund is owed.
admin-payments-assign = Assign to goods
admin-payments-open-order = Open the order
admin-payments-release-reason = What you found at Stripe
admin-payments-release = Release the goods
admin-payments-try-again = Try again

admin-payments-unexplained = Unexplained amount
admin-payments-equal = Our books and Stripe’s say the same.
admin-payments-never-compared = Our books have not been compared with Stripe’s yet.
admin-payments-gap = Unexplained
admin-payments-note = What you found
admin-payments-explained = Explained
admin-payments-last-run = Last comparison
admin-payments-run-done = Finished
admin-payments-run-running = Under way
admin-payments-run-stopped = Stopped
admin-payments-run-started = Started
admin-payments-run-finished = Finished
admin-payments-run-since = Reaches back to
admin-payments-run-compared = Objects compared
admin-payments-run-look = Look again
admin-payments-compare = Compare now
admin-payments-compare-text = The shop does this every hour. What Stripe’s word can mend is mended.
admin-payments-compare-since = Objects of Stripe’s from
admin-payments-compare-lately = the last comparison on
admin-payments-compare-month = 30 days ago on
admin-payments-compare-all = the first order on
admin-payments-compare-go = Compare
admin-payments-settles-ask = Settle
admin-payments-settles-ask-text = Stripe is asked again, and what it says is recorded: a payment, a refund, a dispute.
admin-payments-settles-close = Close this payment page
admin-payments-settles-close-text = The page asks for another amount than the order. It is closed at Stripe and the goods are free again; if somebody paid meanwhile, that is recorded.
admin-payments-settles-explain = Keep the explanation
admin-payments-settles-explain-text = No word of Stripe’s mends this. Look at it, and write what it is. If its amount changes, it is unexplained again.
admin-payments-gap-changed = The amount has changed since this page was loaded. Look at it again.
admin-payments-by-hand = No word of Stripe’s mends this one. Look at it, and write what you found.
admin-payments-differs-session-state = A payment page says something else than its order
admin-payments-differs-session-unknown = A payment page that its order does not know
admin-payments-differs-session-amount = A payment page asks for another amount than its order
admin-payments-differs-payment-unknown = Stripe took money that our books do not know
admin-payments-differs-payment-amount = Our books and Stripe name different amounts of a payment
admin-payments-differs-payment-missing = Our books know a payment that Stripe does not
admin-payments-differs-refund-unknown = Stripe refunded money that our books do not know of
admin-payments-differs-refund-state = A refund has another state at Stripe
admin-payments-differs-refund-amount = Our books and Stripe name different amounts of a refund
admin-payments-differs-refund-missing = Our books know a refund that Stripe does not
admin-payments-differs-dispute-unknown = A dispute that our books do not know
admin-payments-differs-dispute-state = A dispute has another state at Stripe
admin-payments-differs-balance-amount = Stripe’s balance moved by another amount than our books say
admin-payments-found-session-state = Stripe says: { $told }. The order says: { $ours }.
admin-payments-found-session-unknown = Stripe says: { $told }. The order does not know this page.
admin-payments-found-session-amount = The page asks for { $told }, the order for { $ours }.
admin-payments-found-payment-unknown = Stripe took { $told }; our books know nothing of it.
admin-payments-found-payment-amount = Stripe took { $told }, our books say { $ours }.
admin-payments-found-payment-missing = Our books say { $ours }; Stripe knows nothing of it.
admin-payments-found-refund-unknown = Stripe refunded { $told }; our books know nothing of it.
admin-payments-found-refund-state = Stripe says: { $told }. Our books say: { $ours }.
admin-payments-found-refund-amount = Stripe refunded { $told }, our books say { $ours }.
admin-payments-found-refund-missing = Our books say that { $ours } went back; Stripe knows nothing of it.
admin-payments-found-dispute-unknown = Stripe says: { $told }. Our books know nothing of it.
admin-payments-found-dispute-state = Stripe says: { $told }. Our books say: { $ours }.
admin-payments-found-balance-amount = The balance moved by { $told }, our books say { $ours }.
admin-payments-page-opening = Being opened
admin-payments-page-open = Open
admin-payments-page-complete = Finished
admin-payments-page-unpaid = Finished, not paid yet
admin-payments-page-paid = Paid
admin-payments-page-failed = Payment failed
admin-payments-page-closed = Closed
admin-payments-page-never = Never opened

admin-payments-silent = No event has come since { $since }, although orders were placed. Payments are noticed within a minute all the same; check the endpoint at Stripe.
admin-payments-silent-ever = No event has ever come, although orders were placed. Payments are noticed within a minute all the same; add the endpoint at Stripe.
admin-payments-signatures = { $count ->
    [one] 1 call was refused for its signature, at { $at }. STRIPE_WEBHOOK_SECRET is probably not this endpoint’s.
   *[other] { $count } calls were refused for their signature, the last at { $at }. STRIPE_WEBHOOK_SECRET is probably not this endpoint’s.
}
admin-payments-endpoint = Endpoint
admin-payments-secret = Signing secret
admin-payments-secret-set = Set
admin-payments-secret-unset = Not set: no event is accepted
admin-payments-latest-event = Latest event
admin-payments-latest-none = None yet
admin-payments-event-filter = Show
admin-payments-event-all = All
admin-payments-event-received = Waiting
admin-payments-event-done = Processed
admin-payments-event-failed = Failed
admin-payments-event-not-ours = Not ours
admin-payments-event = Event
admin-payments-event-id = Event
admin-payments-processed = Processed
admin-payments-verified = Verified
admin-payments-verified-yes = Yes, by its signature
admin-payments-mode = Mode
admin-payments-mode-live = Live
admin-payments-mode-test = Test
admin-payments-payload = What Stripe sent
admin-payments-replay = Process again
admin-payments-replay-text = Stripe is asked again about what the event names. What it led to before is not done twice.
admin-payments-back-to-events = All events
admin-payments-no-events = No events here.

admin-payments-disputes-text = A dispute is answered in the Stripe Dashboard, with your evidence, before its deadline. What the bank decides is recorded here by itself.
admin-payments-no-disputes = No open disputes.
admin-payments-disputes-ended = Ended
admin-payments-answer-at-stripe = Answer in the Stripe Dashboard
admin-payments-due-over = { $at } (over)
admin-payments-dispute-warning = Warning
admin-payments-dispute-inquiry = Inquiry
admin-payments-dispute-open = Open
admin-payments-dispute-won = Won
admin-payments-dispute-lost = Lost
admin-payments-dispute-closed = Closed
admin-payments-reason-fraudulent = Said to be fraud
admin-payments-reason-product-not-received = Goods not received
admin-payments-reason-product-unacceptable = Goods not as described
admin-payments-reason-duplicate = Charged twice
admin-payments-reason-credit-not-processed = A refund was promised
admin-payments-reason-subscription-canceled = Called off before
admin-payments-reason-unrecognized = Payment not recognised
admin-payments-reason-general = No reason given

admin-payments-refund-all = All
admin-payments-refund-requested = To be sent
admin-payments-refund-pending = On its way
admin-payments-refund-succeeded = Refunded
admin-payments-refund-failed = Failed
admin-payments-refund-canceled = Taken back
admin-payments-refund-why = Why
admin-payments-refund-kind-late = Paid too late
admin-payments-refund-kind-surplus = Paid twice
admin-payments-refund-kind-cancelled = Order cancelled
admin-payments-refund-kind-by-hand = By your staff
admin-payments-refund-kind-dashboard = Made at Stripe
admin-payments-refund-kind-elsewhere = Paid back another way
admin-payments-no-refunds = No refunds here.
admin-payments-purpose = What for
admin-payments-purpose-order = Pays the order
admin-payments-purpose-surplus = Paid twice
admin-payments-purpose-mismatch = Another amount
admin-payments-no-payments = No payments yet.
admin-payments-assign-title = { $amount } were refunded at Stripe
admin-payments-assign-text = Say how many units of what it was for. Leave all at 0 if it was for no goods in particular, such as goodwill.
admin-payments-assign-left = { $sku }, { $each } each, { $left } not refunded yet
admin-payments-assign-restock = The goods are back on the shelf
admin-payments-assigned = Somebody has said already which goods it was for.

admin-done-refund-sent = The refund is sent.
admin-done-refund-waits = The refund is written down and sent as soon as Stripe answers.
admin-done-released = The goods are free again.
admin-done-assigned = The refund is assigned.
admin-done-paid-elsewhere = It is noted: the money is back with the buyer.
admin-done-settled = Settled.
admin-done-comparison-started = The comparison has started.
admin-done-comparison-runs = A comparison is under way already.
admin-done-replayed = The event is processed again.
admin-done-tried-again = It is tried again.
admin-done-nothing-to-try = It is done already, or somebody else is at it.

admin-reports-from = From
admin-reports-to = To
admin-reports-go = Show
admin-reports-wrong-days = Choose a first and a last day, the first before the last.
admin-reports-zone = Days by the shop’s clock ({ $zone }).
admin-reports-csv = CSV
admin-reports-total = Total
admin-reports-nothing = Nothing in these days.
admin-reports-days = By day
admin-reports-products = By product
admin-reports-countries = By country
admin-reports-taxes = Tax
admin-reports-taxes-note = Of orders paid in these days. The last column is the part of the tax whose orders were refunded as a whole; refunds in part are not split by rate.
admin-reports-no-country = No address
admin-reports-column-day = Day
admin-reports-column-payments = Payments
admin-reports-column-paid = Paid
admin-reports-column-refunded = Refunded
admin-reports-column-net = Net
admin-reports-column-product = Product
admin-reports-column-units = Units
admin-reports-column-sold = Sold
admin-reports-column-country = Country
admin-reports-column-orders = Orders
admin-reports-column-rate = Rate
admin-reports-column-base = Taxed amount
admin-reports-column-tax = Tax
admin-reports-column-tax-refunded = Of it refunded

admin-system-version = Version
admin-system-database = Database
admin-system-disk = Disk
admin-system-disk-free = { $free } of { $total } free ({ $percent }%)
admin-system-disk-low = Only { $free } of { $total } free ({ $percent }%)
admin-system-letters = Letters
admin-system-letters-smtp = Go to a mail server
admin-system-letters-folder = Are kept in a folder, not sent
admin-system-queue = Outbox
admin-system-queue-waits = { $count ->
    [0] Empty
   *[other] { $count } waiting
}
admin-system-inbox-waits = { $count ->
    [0] None waiting
   *[other] { $count } waiting
}
admin-system-queue-empty = Everything has been said to Stripe and to the mail server.
admin-system-what = What
admin-system-effect-open-checkout = Open a payment page
admin-system-effect-close-checkout = Close a payment page
admin-system-effect-delete-coupon = Take away a discount at Stripe
admin-system-effect-refund-payment = Send a refund
admin-system-effect-send-letter = Send a letter
admin-system-effect-due = Waiting
admin-system-effect-refused = Refused
admin-system-problems = What went wrong lately
admin-system-problems-text = The latest warnings and errors since the program was started. The full log is with your server.
admin-system-no-problems = Nothing went wrong.
admin-system-problem-error = Error
admin-system-problem-warning = Warning
