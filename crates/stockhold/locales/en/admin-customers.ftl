# The desk: customers, and what is kept of them.

admin-nav-customers = Customers
admin-customers-search = Name or e-mail
admin-customers-search-go = Search
admin-customers-search-all = All customers
admin-customers-customer = Customer
admin-customers-orders = Orders
admin-customers-total = Total
admin-customers-last = Last order
admin-customers-language = Language
admin-customers-language-en = English
admin-customers-language-zh = Chinese
admin-customers-pages = Pages
admin-customers-first = First page
admin-customers-next = Next page
admin-customers-nobody = Nobody who has ordered is called “{ $q }”.
admin-customers-empty = Nobody has ordered yet. Customers appear here with their first order.
admin-customers-erased = Erased customer
admin-customers-erased-chip = Erased
admin-customers-erased-text = This person’s data were erased. Order numbers, dates, goods, amounts, country and taxes are kept for your books.
admin-customers-number = Order
admin-customers-order = Order { $number }
admin-customers-placed = Placed
admin-customers-payment = Payment
admin-customers-fulfilment = Shipping
admin-customers-refunded = { $amount } refunded
admin-customers-who = Customer
admin-customers-name = Name
admin-customers-paid = Paid, less refunds
admin-customers-first-order = First order
admin-customers-status-pending = Waiting for payment
admin-customers-status-processing = Payment processing
admin-customers-status-paid = Paid
admin-customers-status-expired = Expired
admin-customers-status-cancelled = Cancelled
admin-customers-status-refunded = Refunded
admin-customers-fulfilment-unfulfilled = Not shipped
admin-customers-fulfilment-partly-shipped = Partly shipped
admin-customers-fulfilment-shipped = Shipped
admin-customers-fulfilment-delivered = Delivered
admin-customers-data = Personal data
admin-customers-data-text = Everything the shop keeps of this person, to hand it out or to take it away. We ask for your password first.
admin-customers-export-json = Export as JSON
admin-customers-export-csv = Export as CSV
admin-customers-erase = Erase this person’s data…

admin-customers-erase-title = Erase personal data
admin-customers-erase-open = An order is still open, so this person’s data are needed. Nothing can be erased yet.
admin-customers-erase-meanwhile = One of the orders changed in this very moment. Nothing was erased; try again.
admin-customers-open-unpaid = waiting for payment
admin-customers-open-unsent = paid, not all of it shipped
admin-customers-open-disputed = disputed at a bank
admin-customers-open-refund-under-way = a refund is under way
admin-customers-open-money-owed = money is owed to the buyer
admin-customers-open-at-work = being worked on right now; try again in a minute
admin-customers-erase-goes = What goes
admin-customers-erase-goes-orders = { $count ->
    [one] In 1 order: e-mail, name, address, reasons, notes, tracking number
   *[other] In { $count } orders: e-mail, name, address, reasons, notes, tracking numbers
}
admin-customers-erase-goes-wishes = { $count ->
    [0] Back-in-stock requests: none
    [one] 1 back-in-stock request
   *[other] { $count } back-in-stock requests
}
admin-customers-erase-goes-letters = { $count ->
    [0] Letters kept in the mailbox folder: none
    [one] 1 letter kept in the mailbox folder
   *[other] { $count } letters kept in the mailbox folder
}
admin-customers-erase-goes-events = { $count ->
    [0] Stripe’s messages that name this person: none
    [one] What 1 message from Stripe says of this person
   *[other] What { $count } messages from Stripe say of this person
}
admin-customers-erase-goes-rest = Carts, order look-ups, letters that were not sent yet
admin-customers-erase-stays = What stays
admin-customers-erase-stays-orders = Order numbers, dates, goods, amounts, refunds, country and taxes: the law asks you to keep your books.
admin-customers-erase-stays-digest = A code made from the e-mail with the shop’s secret, from which nobody can be told: a coupon that each customer may use once is not given twice.
admin-customers-erase-elsewhere = What is not in the shop
admin-customers-erase-elsewhere-text = Stripe keeps records of its own: ask for redaction in the Stripe Dashboard. Letters that were sent are in other people’s mailboxes, and backups hold what they held when they were made.
admin-customers-erase-go = Erase for good
admin-customers-erase-not = Keep
admin-customers-erase-final = This cannot be undone. The shop’s database is rewritten, which may take a few seconds.
admin-done-customer-erased = The personal data are gone.
