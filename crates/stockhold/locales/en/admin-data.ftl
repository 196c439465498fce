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
