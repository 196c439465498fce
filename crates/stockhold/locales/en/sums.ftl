# What a total is made of: cart, checkout, order page and letters.
sum-subtotal = Subtotal
sum-discount = Discount ({ $code })
sum-shipping = Shipping ({ $method })
sum-shipping-free = Free
sum-tax = Tax ({ $percent }%)
sum-tax-included = Includes tax ({ $percent }%)

# Why a refund failed: as Stripe has it, and as the shop does. It ends a sentence, and stands alone.
refund-failure-lost-or-stolen-card = the card was lost or stolen
refund-failure-expired-or-canceled-card = the card has expired or was cancelled
refund-failure-disputed = the payment is disputed
refund-failure-insufficient-funds = the Stripe balance was too low
refund-failure-declined = the bank declined it
refund-failure-merchant-request = the shop asked Stripe to stop it
refund-failure-unknown = the reason is not known
refund-failure-another-refund = the money went back by another refund
