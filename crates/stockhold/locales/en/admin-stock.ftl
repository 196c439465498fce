# Stock at the desk.

admin-nav-stock = Stock

admin-stock-which = Which
admin-stock-which-all = All
admin-stock-which-low = Low
admin-stock-which-out = Sold out
admin-stock-which-held = Held
admin-stock-which-short = Missing
admin-stock-search = Search SKU or title
admin-stock-none = Nothing fits.
admin-stock-empty = Nothing is on the shelves yet. Make a product first.
admin-stock-not-offered = Not offered
admin-stock-on-hand = On hand
admin-stock-held = Held
admin-stock-available = Available
admin-stock-short = Missing
admin-stock-short-by = { $count } missing
admin-stock-out = Sold out
admin-stock-low = Low

admin-stock-why = { $count ->
    [0] Why is none available?
    [one] Why is only 1 available?
   *[other] Why are { $count } available?
}
admin-stock-why-text = { $on_hand } on hand, { $held } held for orders that are not paid yet: { $available } available.
admin-stock-why-due = { $count } of the held ones count as free: their time is up, and whoever buys next gets them.
admin-stock-why-short =
    { $count ->
        [one] 1 is missing, so none is available until it is made up for.
       *[other] { $count } are missing, so none is available until they are made up for.
    }
admin-stock-short-text = { $count ->
    [one] 1 unit is missing of what is held or sold. The next that comes back or comes in makes up for it.
   *[other] { $count } units are missing of what is held or sold. The next that come back or come in make up for them.
}
admin-stock-short-noted = { $count } missing, noted by { $name }, { $at }
admin-stock-holds = Held right now
admin-stock-holds-none = Nothing is held.
admin-stock-order-head = Order
admin-stock-order = Order { $number }
admin-stock-units-head = Units
admin-stock-units = { $count ->
    [one] 1 unit
   *[other] { $count } units
}
admin-stock-until = Until
admin-stock-held-until = held until { $until }
admin-stock-paid-at = paid { $at }
admin-stock-minutes-left = { $count ->
    [0] less than a minute left
    [one] 1 minute left
   *[other] { $count } minutes left
}
admin-stock-hold-processing = Payment being confirmed
admin-stock-hold-due = Time is up
admin-stock-release = Release
admin-stock-release-text = Releasing closes the buyer’s payment page first. If the buyer has paid meanwhile, the order is paid and the goods are theirs.

admin-stock-movements = What moved
admin-stock-movements-none = Nothing has moved yet.
admin-stock-when = When
admin-stock-change = Change
admin-stock-cause = Cause
admin-stock-who = Who
admin-stock-newest = Newest
admin-stock-older = Older
admin-stock-by-shop = the shop
admin-stock-by-import = an import
admin-stock-by-key = API key { $name }
admin-stock-reason-received = Received
admin-stock-reason-counted = Counted
admin-stock-reason-damaged = Damaged
admin-stock-reason-returned = Returned
admin-stock-reason-correction = Correction
admin-stock-reason-sold = Sold
admin-stock-reason-restocked = Back on the shelf
admin-stock-reason-shortfall = Missing units written off

admin-stock-receive = Receive goods
admin-stock-units-received = Units received
admin-stock-correct = Correct
admin-stock-delta = Change by
admin-stock-delta-hint = 2 adds two, -2 takes two away.
admin-stock-wrong-count = Enter a whole number, 0 or more.
admin-stock-wrong-number = Enter a whole number that is not zero.
admin-stock-wrong-range = This is beyond what can be counted.
admin-stock-used = This form was used for another change. Look at the level, and send it once more if it is still needed.

admin-stock-shortfall = Fewer than are promised
admin-stock-shortfall-changed = It has changed since you looked: more is missing now, or other orders are concerned.
admin-stock-shortfall-ask =
    { $held ->
        [one] 1 is
       *[other] { $held } are
    } held for orders, and only { $found } would be left: { $missing } missing. These orders are concerned:
admin-stock-shortfall-paid = These are paid and wait to be sent:
admin-stock-shortfall-text = Nothing has been changed yet. You can release holds below first. If you note it as missing, the orders stay as they are, nothing more can be sold, and the next units that come in make up for it.
admin-stock-shortfall-note = Note as missing
admin-stock-shortfall-not = Change nothing
admin-stock-shortfall-confirm = They are not there: note as missing

admin-stock-sheet = Count sheet
admin-stock-sheet-text = As of { $at }. Count what stands on the shelf, without parcels that are packed for paid orders. What is sold while you count is respected.
admin-stock-csv = Download CSV
admin-stock-on-shelf = Should be there
admin-stock-held-of = Of these held
admin-stock-counted = Counted
admin-stock-counted-of = Counted of { $sku }
admin-stock-next-sheet = Next sheet
admin-stock-sheet-send = Enter the count
admin-stock-sheet-hint = Rows without a number are left as they are.
admin-stock-counted-title = What the count came to
admin-stock-counted-sum = { $counted ->
    [0] No row had a number.
    [one] 1 row counted
   *[other] { $counted } rows counted
}{ $open ->
    [0] {""}
    [one] , 1 needs another look.
   *[other] , { $open } need another look.
}
admin-stock-count-right = Right: nothing to change.
admin-stock-count-changed = Changed by { $delta }.
admin-stock-count-short = Changed by { $delta }; { $short } are missing of what is promised.
admin-stock-count-below-held = Fewer than are held for orders: { $missing } missing. Nothing was changed.
admin-stock-count-since = Somebody changed it since the sheet was made. Nothing was changed.
admin-stock-count-used = This sheet has counted it with another number. Nothing was changed now.
admin-stock-count-unknown = There is no such SKU.
admin-stock-count-anew = { $on_shelf } should be there now. Counted:
admin-stock-count-again = Enter again

admin-done-stock-changed = The stock is changed.
admin-done-stock-short = Noted. Some units are missing of what is promised.
admin-done-hold-released = The hold is released; the goods are back on the shelf.
admin-done-hold-paid = The buyer was faster: the order is paid.
admin-done-hold-processing = The buyer has finished paying; the money decides.
admin-done-hold-unknown = Stripe cannot be reached, so the hold stays. We keep trying.
