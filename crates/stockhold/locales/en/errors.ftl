# Pages for what cannot be shown: what happened, what about the money, and a way on.

error-way-on = See all goods
error-request-id = Should you ask us about it, name this number:

error-400-title = We could not read that
error-400-text = The page sent something we do not understand. Nothing was charged. Go back and try again.
error-403-title = This came from another site
error-403-text = For your safety we only take orders from our own pages. Nothing was changed and nothing was charged.
error-404-title = There is nothing here
error-404-text = The page has moved, the goods are gone, or the link is not complete.
error-405-title = This page cannot do that
error-405-text = Nothing was changed and nothing was charged. Go back and try again.
error-410-title = This is not here any more
error-410-text = It was taken away for good. The shelves have what there is now.
error-413-title = That was too much at once
error-413-text = What was sent is larger than we take. Nothing was changed and nothing was charged.
error-422-title = Something is missing
error-422-text = What was sent is not complete. Nothing was changed and nothing was charged. Go back and try again.
error-429-title = That was very quick
error-429-text = So many requests in so short a time are more than we answer. Wait a moment and try again. Nothing was changed and nothing was charged.
error-500-title = Something broke on our side
error-500-text = We have noted it. If you were paying: an order is paid only once, and its page shows the truth.
error-503-title = The shop needs a moment
error-503-text = Please try again shortly. Your cart is kept, and an order is never paid twice.
