# The words of the storefront.

page-skip = Skip to content
page-sandbox = Sandbox: payments are simulated on this machine. Nothing here can charge a card.
page-sandbox-short = sandbox
page-sandbox-mail = Mailbox
page-nav-main = Main
page-nav-foot = Footer
page-nav-products = All goods
page-nav-search = Search
page-nav-lookup = Find my order
page-nav-cart = Cart
page-nav-cart-full = Cart ({ $count })
page-other-language = 中文
page-other-language-tag = zh-CN
page-crumbs = Breadcrumb
page-close = Close
page-home = Home
# Marks between two texts.
page-colon = {": "}
page-comma = {", "}
page-list-comma = {", "}
page-brackets = {" "}({ $text })

home-sentence = What you see on the shelf at { $shop } is there.
home-look = Look closer
home-see-all = See all
home-goods = All goods
home-empty = This shop is being set up. Please come back soon.

listing-all = All goods
listing-count = { $count ->
    [one] 1 product
   *[other] { $count } products
}
listing-empty = Nothing is on this shelf yet.
listing-next = Next page
listing-from = from { $price }
listing-options = { $count ->
    [one] 1 option
   *[other] { $count } options
}

search-title-for = Search: { $query }
search-label = What are you looking for?
search-go = Search
search-count = { $count ->
    [0] Nothing found for “{ $query }”.
    [one] 1 product for “{ $query }”.
   *[other] { $count } products for “{ $query }”.
}
search-nothing = Try fewer or other words, or look through

lookup-title = Find my order
lookup-text = Name the number of your order and the e-mail address you ordered with. We send the link to the order there.
lookup-answer = If there is such an order, its link is on its way to that address.
lookup-number = Order number
lookup-number-hint = It stands in our letters, after “Order”.
lookup-number-wrong = Enter the number of your order, for example 1042.
lookup-go = Send me the link

product-picture = { $title }, { $variant }
product-reduced-from = now, reduced from
product-option = Option
option-colour = Colour
option-color = Color
option-capacity = Capacity
product-sold-out = sold out
product-sold-out-text = Every piece is sold or held for somebody. Unpaid pieces come back to the shelf.
product-sold-out-chosen = { $title } is sold out. The other options are there.
product-left = { $count } left
product-in-stock = In stock
product-quantity = Quantity
product-fewer = One fewer
product-more = One more
product-add = Add to cart
product-hold = Held for you
product-hold-text = { $minutes ->
    [one] for 1 minute, from when you press Pay
   *[other] for { $minutes } minutes, from when you press Pay
}
product-item-number = Item no.
product-not-for-sale = This option is not for sale any more. Choose another one.

quantity-wrong = Enter a whole number from 1 to 999.

cart-empty = Your cart is empty.
cart-go-on = Continue shopping
cart-quantity-of = Quantity of { $title }
cart-update = Update
cart-remove = Remove
cart-open = Go to the cart
cart-summary = Summary
cart-checkout = Check out
cart-estimate = What will shipping cost?
cart-estimate-show = Show shipping
cart-hold-text = { $minutes ->
    [one] When you press Pay, we hold these for you for 1 minute.
   *[other] When you press Pay, we hold these for you for { $minutes } minutes.
}
cart-held = These are held for you
cart-held-text = Nothing was charged yet.
cart-held-order = Go to order { $number }
cart-changed = Your cart needs a look
cart-changed-text = What is left has changed since you chose it. Nothing was charged.
cart-line-gone = This is sold out now.
cart-line-less = { $count ->
    [one] Only 1 is left.
   *[other] Only { $count } are left.
}
cart-line-not-sold = This is not for sale any more.
cart-fix-remove = Remove it
cart-fix-take = Take { $count }
cart-full = A cart holds at most { $most } different items. Remove one to add another.
cart-busy = Your cart changed at the same moment in another window. Please try again.

checkout-title = Checkout
checkout-who = Contact
checkout-where = Delivery
checkout-email = E-mail
checkout-email-hint = We send the order link there.
checkout-where-optional = You can leave this out.
checkout-name = Name
checkout-street = Street and number
checkout-postal-code = Postal code
checkout-city = City
checkout-region = State or province
checkout-region-hint = Its code, such as CA for California.
checkout-country = Country
checkout-country-choose = Choose a country
checkout-method = Shipping
checkout-apply = Update shipping and total
checkout-plus-shipping = Shipping and taxes are added once we know where it goes.
checkout-text-missing = Please fill this in: we send your parcel there.

shipping-wrong-country = Choose the country we send it to.
shipping-wrong-region = Enter the code of the state or province, such as CA for California.
shipping-wrong-method = Choose how we send it.
shipping-wrong-gone = This way is not offered there. Choose one of these.
shipping-wrong-not-there = We don’t deliver to { $country } yet.
shipping-wrong-nothing-carries = These goods are too heavy to send to { $country } in one parcel. Fewer of them may fit.
shipping-days = { $min ->
    [0] the same day
    [one] 1 day
   *[other] { $min } days
}
shipping-days-range = { $min } to { $max } days
checkout-pay = Pay { $total }
checkout-hold = { $minutes ->
    [one] We hold your goods for 1 minute while you pay on the next page.
   *[other] We hold your goods for { $minutes } minutes while you pay on the next page.
}
checkout-terms = By ordering you accept our terms:
checkout-privacy = What we do with your data:
checkout-to-cart = Back to the cart
checkout-check-fields = Please check what you entered
checkout-field-wrong = { $field }: { $text }
checkout-email-wrong = Enter an e-mail address, such as name@example.com.
checkout-text-wrong = Keep this under { $most } characters, on one line.
checkout-cart-changed = Your cart changed
checkout-cart-changed-text = The cart or a price changed since this page was shown. Nothing was charged. Please look at it again.
checkout-out-of-stock = Not everything is left
checkout-out-of-stock-text = Nothing was charged and nothing is held. Your cart is as it was.
checkout-short-line = { $title }: you want { $wanted }, { $available ->
    [0] none is left.
    [one] 1 is left.
   *[other] { $available } are left.
}
checkout-not-for-sale = { $sku } is not for sale any more. Remove it to go on.
checkout-too-many-lines = An order has at most { $most } lines.
checkout-quantity = Order between 1 and { $most } of { $sku }.
checkout-too-large = This order is worth more than can be charged at once. Please split it.
checkout-too-small = An order needs to be worth at least { $least }.
checkout-hold-cap = { $most ->
    [one] At most 1 unpaid order can be open at a time. Pay it or let it lapse first.
   *[other] At most { $most } unpaid orders can be open at a time. Pay one or let it lapse first.
}
checkout-coupon = Discount code (optional)
checkout-coupon-apply = Apply code
checkout-free = Go on to confirm
checkout-total-changed = The total is another one now
checkout-total-changed-text = Nothing was charged. Please look at the total and press Pay again.
coupon-wrong-too-many = Several codes in a row were not ours. Please wait { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
} before you try another, or leave the field empty and go on: nothing in your cart is lost.
coupon-wrong-unknown = This code does not count here. Check the spelling, or leave the field empty to go on without it.
coupon-wrong-not-yet = This code counts from { $at } on. Leave the field empty to go on without it.
coupon-wrong-expired = This code ended on { $at }. Leave the field empty to go on without it.
coupon-wrong-used-up = This code has been used up. Leave the field empty to go on without it.
coupon-wrong-used-up-by-you = You have used this code already. Leave the field empty to go on without it.
coupon-wrong-first-order = This code is for a first order. Leave the field empty to go on without it.
coupon-wrong-goods = This code is not for the goods in your cart. Leave the field empty to go on without it.
coupon-wrong-minimum = { $missing } more and this code counts. Leave the field empty to go on without it.
order-confirm = Confirm the order
order-heading-free = Confirm your order
order-text-free = There is nothing to pay. Your goods are held; confirm and they are yours.
checkout-refused = This order cannot be placed
checkout-refused-text = Nothing was charged.
checkout-provider = The payment service does not answer
checkout-provider-text = Nothing was charged. Your cart is as it was. Please try again in a moment.

order-number-title = Order { $number }
order-number-label = order no.
order-placed-at = Placed
order-details = Order details
order-details-caption = Goods and amounts
order-item = Item
order-quantity = Quantity
order-amount = Amount
order-shipping = Shipping
order-tax = Tax
order-total = Total
order-pay = Pay { $total }
order-refresh = Refresh
order-rebuild = Put these in the cart again
order-hold-longer = Hold for longer
order-hold-others-wait = These are the last ones, and others may want them: we hold them until the time above, not longer.
order-hold-over = The time is up, or the order has changed: it cannot be held longer. Nothing was charged.
order-hold-minutes = { $count ->
    [one] One minute left to pay.
   *[other] { $count } minutes left to pay.
}
order-held = Held for you
order-held-until = held until
order-held-processing = Nobody else can buy these while your payment is being confirmed.
order-steps = What happened

order-chip-pending = Awaiting payment
order-chip-processing = Confirming payment
order-chip-checking = Checking payment
order-chip-closing = Being cancelled
order-chip-stopping = Being cancelled
order-chip-paid = Paid
order-chip-partly-shipped = Partly shipped
order-chip-shipped = Shipped
order-chip-rest-cancelled = Shipped
order-chip-expired = Expired
order-chip-never-opened = Not placed
order-chip-failed = Payment failed
order-chip-cancelled = Cancelled
order-chip-over = Closed
order-chip-refunding = Refund on its way
order-chip-refunded = Refunded
order-chip-refund-failed = Refund did not go through
order-chip-partly-refunded = Partly refunded

order-heading-pending = Finish paying
order-heading-processing = We’re confirming your payment
order-heading-checking = We’re checking your payment
order-heading-closing = Order { $number } is being cancelled
order-heading-stopping = You asked to cancel order { $number }
order-heading-paid = Thank you. Order { $number } is confirmed
order-heading-partly-shipped = Part of order { $number } is on its way
order-heading-shipped = Order { $number } is on its way
order-heading-rest-cancelled = Order { $number }: sent in part, the rest cancelled
order-heading-expired = Your hold ran out and the items went back on the shelf
order-heading-never-opened = This order could not be paid
order-heading-failed = Your payment didn’t go through
order-heading-cancelled = Order { $number } is cancelled
order-heading-over = Order { $number } is closed
order-heading-over-cancelled = Order { $number } is cancelled
order-heading-over-late = We’re sorry: the goods were gone
order-heading-refunding = Your money is on its way back
order-heading-refunded = Refunded in full
order-heading-refund-failed = A refund did not go through
order-heading-partly-refunded = Refunded in part

order-text-pending = Nothing was charged yet. If you have just paid, the confirmation arrives in a moment.
order-text-processing = This takes seconds with most methods and up to some days with others. You can close this page; we write to { $email } when the payment is confirmed.
order-text-checking = We received { $captured }, which is not the amount of this order. A person is looking at it; the goods stay held for you meanwhile. You need not pay again.
order-text-closing = You asked to cancel, and the payment page is being closed. Nothing was charged so far; should a payment still arrive, it goes back to you in full.
order-text-stopping = Your payment is still on its way and can’t be stopped. If it arrives, it goes back to you in full; if it fails, nothing is charged. You need not do anything.
order-text-paid = The payment has arrived. We have written to { $email }.
order-text-partly-shipped = The rest follows. What left, and when, stands below.
order-text-shipped = Everything has left for you. How to follow it stands below.
order-text-rest-cancelled = What had left is on its way to you. What had not is cancelled; its money stands under refunds.
order-text-expired = Nothing was charged. You can put the same goods in your cart again, as far as they are left.
order-text-never-opened = The payment service opened no page for it. Nothing was charged, and the goods are back on the shelf. You can put them in your cart again.
order-text-failed = Nothing was charged, and the items went back on the shelf. You can put them in your cart again, as far as they are left.
order-text-cancelled = Nothing was charged.
order-text-over = Nothing more will be sent for this order.
order-text-over-cancelled = The goods stay with us.
order-text-over-late = Your payment reached us after the time we could hold your goods, and somebody else had bought them by then. We would rather have sent them to you.
order-text-refunding = { $going } is on its way back, by the way you paid. It can take 5 to 10 days. You need not do anything.
order-text-refunded = { $back } went back the way you paid. It can take 5 to 10 days to show on your statement.
order-text-refunded-elsewhere = You have { $back } back, { $elsewhere } of it another way than you paid.
order-text-refund-failed = We sent your money back, but { $left } did not go through. It is still here, and the shop is taking care of it. You need not do anything.
order-text-partly-refunded = { $back } of { $captured } went back the way you paid. It can take 5 to 10 days to show on your statement.
order-text-partly-refunded-elsewhere = You have { $back } of { $captured } back, { $elsewhere } of it another way than you paid.
order-text-owed = A refund did not go through. The money is still here, and the shop is taking care of it.

order-step-placed = Order placed
order-step-awaiting = Awaiting payment
order-step-confirming = Confirming the payment
order-step-paid = Payment received
order-step-expired = Hold released
order-step-never-opened = No payment page was opened
order-step-held-longer = Held for longer
order-step-cancel-asked = Cancellation requested
order-step-stopping = Waiting for word about the payment
order-step-cancelled = Cancelled
order-step-shipped = Parcel sent
order-step-refund-requested = Refund of { $amount } requested
order-step-refunded = { $amount } refunded
order-step-paid-elsewhere = { $amount } paid back another way
order-step-refund-failed = The refund of { $amount } did not go through
order-step-refunding = Waiting for the bank
order-step-owed = The shop sees to the refund
order-step-ship-rest = The rest is packed and shipped
order-step-ship = Packed and shipped

order-line-shipped = { $count } sent
order-line-cancelled = { $count } cancelled
order-parcels = Parcels
order-parcel-sent = Sent
order-parcel-carrier = Carrier
order-parcel-tracking = Tracking number
order-parcel-goods = Contents
order-refunds = Refunds
order-refund-for = Refund for
order-refund-for-surplus = A second payment; we keep only one
order-refund-for-late = A payment that came too late
order-refund-for-payment = Your payment
order-refund-requested = requested, on its way to the bank
order-refund-pending = on its way, the bank has it
order-refund-succeeded = sent back; it can take 5 to 10 days to show
order-refund-elsewhere = paid back another way
order-refund-failed = did not go through
order-refund-canceled = did not go through
order-cancel = Cancel this order

order-address-name = Name
order-address-street = Street
order-address-postal_code = Postal code
order-address-city = City
order-address-region = State or province
order-address-country = Country

cancel-title = Cancel order { $number }?
cancel-what = What will happen
cancel-goods = These goods will not be sent:
cancel-goods-rest = What has left stays yours. These will not be sent:
cancel-money-nothing = Nothing was charged, and nobody can pay this order any more.
cancel-money-on-its-way = Your payment is on its way and can’t be stopped. If it arrives, all of it goes back; if it fails, nothing is charged.
cancel-money-back = { $amount } goes back to you, the way you paid. It can take 5 to 10 days.
cancel-money-back-already = No further money goes back: it has gone back before.
cancel-reason = Why? (optional)
cancel-reason-hint = It helps us to do better.
cancel-reason-long = Keep this under { $most } characters.
cancel-do = Cancel the order
cancel-keep = Keep the order
cancel-changed = The order changed since this page was shown. Nothing has been cancelled yet. Please look at it again.
cancel-to-order = Back to the order
cancel-refused-shipped-title = This order has left already
cancel-refused-shipped-text = What has been sent cannot be cancelled, and nothing was changed. If you don’t want to keep it, answer our letter about this order: once the goods are back, we refund them.
cancel-refused-dispute-title = Your bank is looking at this payment
cancel-refused-dispute-text = Until it has decided, we cannot cancel the order, or you could be paid twice. Nothing was changed. The bank will tell you, and the order’s page stays true.

success-elsewhere = The order’s page opens with the link in the letter we send, or in the browser it was placed with.

mailbox-title = Sandbox mailbox
mailbox-text = Letters that a real shop would send. Here they stay on this machine; the newest are on top.
mailbox-to = to { $to }
mailbox-empty = No letters yet. Buy something.
