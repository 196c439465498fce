# The desk: import and export.

admin-nav-data = Import and export
admin-data-products = Products
admin-data-orders = Orders
admin-data-customers = Customers
admin-data-stock = Stock counts
admin-data-coupons = Coupons

admin-data-export = Export
admin-data-export-text = Files for a spreadsheet (CSV) or a program (JSON). We ask for your password first.
admin-data-export-products = A row for each variant. The import reads it again.
admin-data-export-orders = A row for each order, with buyer, address, items and amounts.
admin-data-export-customers = A row for each customer, with orders and totals.
admin-data-export-stock = A row for each item number. Count, fill in “on_hand” and import it.
admin-data-export-coupons = All coupons. The import reads them again.
admin-data-as-csv = CSV: { $what }
admin-data-as-json = JSON: { $what }

admin-data-import = Import
admin-data-import-text = From a CSV file: your own, or a product export of Shopify or WooCommerce. Nothing is changed before you have seen what would be.
admin-data-kind = What the file holds
admin-data-encoding = Encoding
admin-data-encoding-hint = Excel in China often saves GB18030.
admin-data-file = File
admin-data-file-hint = Commas, semicolons or tabs. Kept for a day.
admin-data-upload = Upload and continue
admin-data-waiting = Uploaded files
admin-data-import-products = Import products
admin-data-import-stock = Import stock counts
admin-data-import-coupons = Import coupons
admin-data-phase-received = Columns
admin-data-phase-checked = Checked
admin-data-phase-applying = Importing
admin-data-phase-done = Imported
admin-data-rows = { $count ->
    [one] 1 row
   *[other] { $count } rows
}
admin-data-source-own = our own columns
admin-data-source-shopify = a Shopify export
admin-data-source-woo = a WooCommerce export

admin-data-map = Columns of the file
admin-data-map-text = Say what each column is. Columns that mean nothing here are passed over.
admin-data-woo-text = WooCommerce’s columns are known: products, their variations and attributes become products, variants and options. Nothing needs to be chosen.
admin-data-heading = Column of the file
admin-data-samples = For example
admin-data-means = Becomes
admin-data-column-nothing = Pass over
admin-data-column-slug = Address of the page
admin-data-column-title = Title
admin-data-column-title-zh = Title, Chinese
admin-data-column-description = Description
admin-data-column-description-zh = Description, Chinese
admin-data-column-status = Status
admin-data-column-published = Published
admin-data-column-collection = Collection
admin-data-column-collections = Collections
admin-data-column-option1-name = Option 1, name
admin-data-column-option1-value = Option 1, value
admin-data-column-option2-name = Option 2, name
admin-data-column-option2-value = Option 2, value
admin-data-column-option3-name = Option 3, name
admin-data-column-option3-value = Option 3, value
admin-data-column-sku = Item number
admin-data-column-price = Price
admin-data-column-compare-at = Former price
admin-data-column-weight-grams = Weight in grams
admin-data-column-tax-class = Tax class
admin-data-column-stock = First stock
admin-data-column-on-hand = Counted
admin-data-column-on-shelf = Printed as on the shelf
admin-data-column-revision = Printed as its revision
admin-data-column-twice = “{ $name }” is chosen twice. Each can be one column only.
admin-data-check = Check the file
admin-data-back = Back

admin-data-checked-text = This is what the import would do. Nothing has been changed yet.
admin-data-new = New
admin-data-changed = Changed
admin-data-unchanged = Unchanged
admin-data-received = Variants with first stock
admin-data-left-alone = Variants whose stock is left alone
admin-data-counted-before = Counted by this file before
admin-data-error-count = Errors
admin-data-errors = { $count ->
    [one] 1 error: mend the file and upload it again. Nothing was changed.
   *[other] { $count } errors: mend the file and upload it again. Nothing was changed.
}
admin-data-row = Row
admin-data-message = What is wrong
admin-data-more-errors = The first 100 are shown.
admin-data-errors-download = Download all errors
admin-data-apply = Import now
admin-data-columns-again = Choose columns again
admin-data-another = Another file
admin-data-progress = { $done } of { $rows } rows are in.
admin-data-look-again = Look again
admin-data-stopped = The import stopped on its way. Go on: what is in already is not done twice.
admin-data-go-on = Go on
admin-data-done = The file is imported.

admin-data-no-file = Choose a file.
admin-data-too-many = Too many files wait to be imported. Finish some of them, or come back tomorrow.
admin-data-too-large = The file is too large. Split it and import the parts.
admin-data-too-many-rows = The file has more than 100,000 rows. Split it and import the parts.
admin-data-not-utf8 = The file is not UTF-8. Choose GB18030, or save it in Excel as “CSV UTF-8”.
admin-data-not-gb18030 = The file is not GB18030 either. Save it in Excel as “CSV UTF-8”.
admin-data-empty = The file is empty.
admin-data-no-heading = No column is chosen for “{ $name }”, and it is needed.
admin-data-no-count = Choose the columns of the item number and of the counted units.
admin-data-heading-wrong = The column “{ $name }” is there twice or means nothing here.
admin-data-not-csv = The file cannot be read as CSV.
admin-data-changed-meanwhile = Somebody changed one of these just now. Nothing was changed; try again.
admin-data-broke-off = The import broke off. What is in already is not done twice: try again.

# What is wrong with a row; the API and the command line say the same.
admin-data-wrong-cell-too-large = The cell holds more than 100 KB.
admin-data-wrong-too-many-cells = The row has more cells than there are headings. Is a quote missing?
admin-data-wrong-slug = A slug has letters, digits and hyphens, such as tea-cup.
admin-data-wrong-slug-reserved = The slug { $slug } is the shop’s own. Write another one.
admin-data-wrong-no-title = The first row of a product needs its title.
admin-data-wrong-status = A status is draft, active or archived.
admin-data-wrong-tax-class = A tax class is a name of 1 to 40 lower-case letters, digits, - and _.
admin-data-wrong-collection-slugs = Collections are named by their slugs, parted by spaces, such as cups tea-pots.
admin-data-wrong-collection = “{ $name }” is not the name of a collection.
admin-data-wrong-collection-reserved = No collection is called { $slug }: pages of the desk are called { $taken }. Write another name.
admin-data-wrong-no-option = This variant has no { $option }.
admin-data-wrong-too-many-options = This product has more options than a sheet holds: change it at the desk or over the API.
admin-data-wrong-no-sku = Every variant needs an item number (SKU): stock is counted by it.
admin-data-wrong-sku = A SKU is 1 to 100 visible ASCII characters without spaces.
admin-data-wrong-sku-reserved = The item number { $sku } is the shop’s own. Give it another one.
admin-data-wrong-sku-twice = The item number { $sku } is in the file twice.
admin-data-wrong-sku-elsewhere = The item number { $sku } belongs to the product { $product } in your shop.
admin-data-wrong-no-price = Every variant needs a price.
admin-data-wrong-price = “{ $text }” is not a price, such as { $example }.
admin-data-wrong-decimals = “{ $text }” has more decimals than { $currency } has ({ $decimals }).
admin-data-wrong-steps = Nobody can be charged this: amounts in { $currency } go by { $step }.
admin-data-wrong-number = “{ $text }” is not a whole number from 0 on.
admin-data-wrong-no-parent = The product of this variation is not in the file.
admin-data-wrong-not-sold-here = Grouped and external products are nothing that can be sold here. Take the row out.
admin-data-wrong-three-options = A product has at most three options here.
admin-data-wrong-no-variations = This product has no variations in the file.
admin-data-wrong-sku-unknown = There is no item number { $sku } in your shop.
admin-data-wrong-count = A count is a whole number from 0 on.
admin-data-wrong-changed-by-hand = { $sku } was changed by hand since this was counted: look at it again.
admin-data-wrong-counted-just-now = { $sku } was counted by this sheet in this very moment.
admin-data-wrong-held = { $held ->
    [one] 1 of { $sku } is held by an unpaid order: release it first.
   *[other] { $held } of { $sku } are held by unpaid orders: release them first.
}
admin-data-wrong-out-of-range = This change of stock for { $sku } is zero or beyond what can be counted.
admin-data-wrong-code-twice = The code { $code } is in the file twice.
admin-data-wrong-currency = This shop’s prices are in { $currency }.
admin-data-wrong-time = “{ $text }” is not a time, such as 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00:00+01:00.
admin-data-wrong-kind = A kind is percent or amount.
admin-data-wrong-yes-or-no = Write yes or no.
admin-data-wrong-used-more-often = { $used ->
    [one] It has been used once; a limit cannot be below that.
   *[other] It has been used { $used } times; a limit cannot be below that.
}
admin-data-wrong-code = A code is 1 to 40 letters, digits, -, _ and . without spaces.
admin-data-wrong-reduction = A coupon takes off either a percentage or an amount.
admin-data-wrong-percentage = A percentage off is from 0.01 to 100 with up to two decimals.
admin-data-wrong-amount = An amount of a coupon is more than zero, and one that the shop’s currency can be charged in.
admin-data-wrong-limit = A limit of uses is at least 1.
admin-data-wrong-ends-before = A coupon ends after it starts.
admin-data-wrong-too-many-targets = A coupon names at most { $most } products and collections.
admin-data-wrong-targets = Products and collections are named by their slugs, which have no spaces.
