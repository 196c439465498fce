# The words of lists of goods, the product's page and search.

page-menu = Menu
page-locale = en_GB

listing-filter = Filter
listing-availability = Availability
listing-in-stock = In stock
listing-price = Price
listing-price-from = From ({ $currency })
listing-price-to = To ({ $currency })
listing-price-least = { $price } and more
listing-price-most = up to { $price }
listing-apply = Apply
listing-sort = Sort:
listing-sort-given = our order
listing-sort-price-up = price, low to high
listing-sort-price-down = price, high to low
listing-sort-newest = newest first
listing-chosen = Chosen
listing-without = Without
listing-without-all = Remove all filters
listing-nothing-left = Nothing on this shelf is all of that.
listing-pages = Pages
listing-page = Page { $number }
listing-previous = Previous page

search-suggestions = Suggestions
search-for = For “{ $query }”
search-meant = Did you mean
search-collections = Collections

product-option-is = { $name }:
product-not-made = not made
product-combination = We don’t make that combination. This is { $title }.
product-show-choice = Show this choice
product-left-in = { $count } left in { $title }
product-held = { $count ->
    [one] 1 of these is held for you
   *[other] { $count } of these are held for you
}
product-weight = Weight
product-related = Beside it on the shelf
product-preorder = Pre-order
product-preorder-add = Pre-order
product-ships-from = ships from { $day }
product-gone = not sold any more
product-gone-text = We don’t sell this any more. What stood beside it may still be here.
product-wish = E-mail me when it’s back
product-wish-text = One letter when it is on the shelf again. Then we forget your address.
product-wish-which = Which one?
product-wish-do = E-mail me
product-wish-done = We’ll write to you once, when { $title } is back on the shelf.

# The letter that goods are back.
letter-back-subject = { $title } is back · { $shop }
letter-back-heading = It’s back on the shelf
letter-back-text = You asked us to write when { $title } is back. It is, and we hold it for nobody until they pay: the first to buy has it.
letter-back-button = See it
letter-back-once = This is the only letter about it. We have forgotten your address again.
letter-back-sandbox = Sandbox: this shop is simulated. Nothing can be charged and nothing will be sent.
