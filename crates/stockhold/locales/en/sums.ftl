# What a total is made of: cart, checkout, order page and letters.
sum-subtotal = Subtotal
sum-discount = Discount ({ $code })
sum-shipping = Shipping ({ $method })
sum-shipping-free = Free
sum-tax = Tax ({ $percent }%)
sum-tax-included = Includes tax ({ $percent }%)
