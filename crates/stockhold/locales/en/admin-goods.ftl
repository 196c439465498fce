# Products and collections at the desk.

admin-nav-products = Products

admin-goods-new = New product
admin-goods-product = Product
admin-goods-status = Status
admin-goods-status-active = Active
admin-goods-status-draft = Draft
admin-goods-status-archived = Archived
admin-goods-all = All
admin-goods-any = Any
admin-goods-none = No product fits.
admin-goods-search = Search title or SKU
admin-goods-filter = Show
admin-goods-pick = Choose
admin-goods-pick-one = Choose { $title }
admin-goods-low = { $count } low
admin-goods-pages = Pages
admin-goods-first-page = First page
admin-goods-next-page = Next page
admin-goods-see = View in the shop

admin-goods-empty = The shelves are empty. Start in one of three ways:
admin-goods-way-new = Create a product
admin-goods-way-new-text = Title, price, pictures: it takes a few minutes.
admin-goods-way-import = Import a spreadsheet
admin-goods-way-import-text = CSV of ours, of Shopify or of WooCommerce. You see what would happen before anything does.
admin-goods-way-sample = Put sample goods on the shelves
admin-goods-way-sample-text = Twenty-four drawn products to look at. Archive them when you open.

admin-goods-bulk = Change all that are chosen
admin-goods-bulk-text = Each is changed by itself and has its own result.
admin-goods-bulk-set-status = Set status
admin-goods-bulk-set-price = Change prices
admin-goods-bulk-raise = Raise by %
admin-goods-bulk-lower = Lower by %
admin-goods-bulk-set = Set to ({ $currency })
admin-goods-bulk-value = Number
admin-goods-rounding = Round to
admin-goods-rounding-step = The cent
admin-goods-rounding-whole = Whole amounts (35.00)
admin-goods-rounding-just-below = Just below (34.99)
admin-goods-changed = What became of it
admin-goods-changed-sum = { $done ->
    [one] 1 product changed
   *[other] { $done } products changed
}{ $failed ->
    [0] .
    [one] , 1 not.
   *[other] , { $failed } not.
}
admin-goods-result = Result
admin-goods-row-done = Done
admin-goods-row-not-done = Not done
admin-goods-bulk-unchanged = It was so already.
admin-goods-bulk-gone = There is no such product any more.
admin-goods-bulk-changed-since = Somebody changed it since this page was opened. Nothing was changed; look at it again.
admin-goods-bulk-wrong-value = Enter a number, such as 10 or 32.50.
admin-goods-bulk-out-of-range = The price would be below zero or more than can be charged.

admin-goods-texts = Title and description
admin-goods-title-en = Title (English)
admin-goods-title-zh = Title (Chinese)
admin-goods-description-en = Description (English)
admin-goods-description-zh = Description (Chinese)
admin-goods-markdown = Descriptions may use Markdown: **bold**, lists, links.
admin-goods-english = English
admin-goods-chinese = Chinese

admin-goods-specs = Details
admin-goods-specs-text = What it is made of, how large it is, how to care for it: shown below the description. A row that you empty goes.
admin-goods-spec-add = Add a detail
admin-goods-spec-number = Detail { $number }
admin-goods-spec-name-en = Name (English)
admin-goods-spec-value-en = Value (English)
admin-goods-spec-name-zh = Name (Chinese)
admin-goods-spec-value-zh = Value (Chinese)
admin-goods-options = Options
admin-goods-options-text = What the variants differ in, such as Glaze or Size. Values are separated by commas, in the same order in both languages.
admin-goods-option-number = Option { $number }
admin-goods-option-name = Name
admin-goods-option-values-en = Values (English)
admin-goods-option-values-zh = Values (Chinese)
admin-goods-option-add = Add an option
admin-goods-option-remove = Remove this option
admin-goods-generate = Make a row for every combination

admin-goods-variants = Variants
admin-goods-variants-text = A variant that is not offered keeps its orders and its stock. Stock itself is received and counted on its own page.
admin-goods-variant-add = Add a row
admin-goods-sku = SKU
admin-goods-price = Price
admin-goods-compare-at = Price before
admin-goods-weight = Weight (g)
admin-goods-active = Offered
admin-goods-value = Option values
admin-goods-remove = Remove

admin-goods-place = Where it stands
admin-goods-slug = Handle
admin-goods-slug-text = The handle is the last part of its address: lower-case letters, digits and hyphens. When you change it, the old address leads to the new one.
admin-goods-old = Old addresses that lead here: { $slugs }.
admin-goods-ships-from = Sent from (pre-order, 2027-01-15)
admin-goods-tax-class = Tax class
admin-goods-collection = Collection
admin-goods-collections = Collections
admin-goods-save = Save
admin-goods-save-mine = Save mine over theirs
admin-goods-unsaved = Not saved yet

admin-goods-conflict = Somebody changed this while you were typing
admin-goods-conflict-text = Nothing was overwritten. Here is where the two differ; what you typed is still in the form below. Change what you like, then save, or take theirs.
admin-goods-field = Field
admin-goods-theirs = Stands now
admin-goods-yours = You typed
admin-goods-take-theirs = Take what stands

admin-goods-cannot-save = This cannot be saved yet:
admin-goods-wrong-slug = Handle: 1 to 100 lower-case letters, digits and hyphens, and no name of the desk’s own, such as “new”, “bulk” or “sample”.
admin-goods-wrong-collection-slug = Handle: 1 to 100 lower-case letters, digits and hyphens, and not “new” or “arrange”: pages of the desk are called so.
admin-goods-wrong-slug-taken = Another one has this handle.
admin-goods-wrong-status = Choose draft, active or archived.
admin-goods-wrong-title = Enter a title in at least one language.
admin-goods-wrong-text = This text is too long, or has signs that cannot be shown.
admin-goods-wrong-day = Enter a day such as 2027-01-15, or nothing.
admin-goods-wrong-tax-class = There is no such tax class.
admin-goods-wrong-spec = A detail needs a name and a value, each in at least one language.
admin-goods-wrong-option = Each option needs a name of its own.
admin-goods-wrong-value = Choose a value of each option.
admin-goods-wrong-sku = SKU: letters, digits and - . _ without spaces, and not “count” or “count.csv”.
admin-goods-wrong-sku-twice = This SKU stands twice.
admin-goods-wrong-sku-twice-named = The SKU { $sku } stands twice.
admin-goods-wrong-sku-taken = The SKU { $sku } belongs to { $slug }. Nothing was saved.
admin-goods-wrong-price = Enter a price such as 32.50.
admin-goods-wrong-weight = Enter whole grams.
admin-goods-wrong-variants = A product needs at least one variant.
admin-goods-wrong-alt = Say in every language what each picture shows before customers see the product.

admin-goods-pictures = Pictures
admin-goods-pictures-later = Save the product first; then its pictures can be added.
admin-goods-picture-add = Add a picture
admin-goods-picture-file = Picture
admin-goods-picture-hint = JPEG, PNG, WebP or GIF, up to 20 MB.
admin-goods-picture-of = Shows
admin-goods-picture-of-all = The whole product
admin-goods-alt-en = What it shows (English)
admin-goods-alt-zh = What it shows (Chinese)
admin-goods-pictures-save = Save pictures
admin-goods-picture-none = Choose a picture first.
admin-goods-picture-too-many = A product has at most 50 pictures.
admin-goods-picture-too-large = The picture is larger than 20 MB.
admin-goods-picture-svg = SVG drawings are not taken; send a JPEG, PNG, WebP or GIF.
admin-goods-picture-not-one = This is not a picture that can be read.
admin-goods-picture-pixels = The picture has more than 50 million pixels.
admin-goods-picture-broken = The picture is broken.
admin-goods-up = Up
admin-goods-down = Down

admin-goods-why = Why can’t customers buy this?
admin-goods-why-nothing = They can.
admin-goods-why-stops = Stops
admin-goods-why-draft = It is a draft. Set its status to active.
admin-goods-why-archived = It is archived.
admin-goods-why-no-variant = It has no variant.
admin-goods-why-no-active-variant = None of its variants is offered.
admin-goods-why-sold-out = Nothing is in stock. This shop never promises more than is there.
admin-goods-why-all-held = All that is there is held for unpaid orders ({ $held }).
admin-goods-why-variant-sold-out = { $sku }: sold out
admin-goods-why-variant-held = { $sku }: all { $held } held for unpaid orders
admin-goods-why-variant-short = { $sku }: { $short } missing of what is promised
admin-goods-why-no-price = { $sku }: the price is zero
admin-goods-why-too-cheap = { $sku }: alone in a cart it is worth less than can be charged
admin-goods-why-ships-later = A pre-order, sent from { $day }
admin-goods-why-untitled = No title in { $language }
admin-goods-why-undescribed = No description in { $language }
admin-goods-why-no-picture = No picture
admin-goods-why-picture-unsaid = Picture { $number } does not say what it shows in every language

admin-goods-preview = In search results
admin-goods-preview-none = No description yet.
admin-goods-away = Take it away
admin-goods-away-history = It has been in stock or ordered, so it is archived: off the shelves, and every order keeps its name.
admin-goods-away-for-good = It was never in stock nor ordered, so it can be deleted for good.
admin-goods-archive = Archive
admin-goods-delete = Delete

admin-goods-collection-new = New collection
admin-goods-collections-text = The shop shows them in this order.
admin-goods-collections-none = No collections yet. They group what belongs together, such as cups or gifts.
admin-goods-collection-away = Its products stay.
admin-goods-order = Order

admin-done-product-made = The product is made. Add a picture, and receive its stock.
admin-done-product-saved = Saved.
admin-done-product-moved = Saved. The old address leads to the new one.
admin-done-product-removed = The product is deleted.
admin-done-product-archived = The product is archived.
admin-done-products-sampled = The sample goods are on the shelves.
admin-done-nothing-picked = Choose at least one product first.
admin-done-picture-added = The picture is added.
admin-done-picture-removed = The picture is removed.
admin-done-pictures-saved = The pictures are saved.
admin-done-collection-made = The collection is made.
admin-done-collection-saved = The collection is saved.
admin-done-collection-removed = The collection is deleted.
admin-done-collection-changed = Somebody changed it meanwhile. Nothing was deleted.
admin-done-collections-arranged = The order is saved.
