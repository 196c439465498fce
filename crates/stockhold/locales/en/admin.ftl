# The shopkeeper's desk: its door and its frame.

admin-nav = Admin
admin-nav-today = Today
admin-nav-shop = View the shop
admin-sign-out = Sign out

admin-role-owner = Owner
admin-role-manager = Manager
admin-role-fulfilment = Fulfilment
admin-role-read_only = Read only

admin-name = Name
admin-password = Password
admin-password-hint = At least 12 characters. A few words are easy to keep in mind.
admin-wrong-email = This is not an e-mail address.
admin-wrong-name = Enter a name of at most 100 characters.
admin-wrong-password-long = Use at most 128 characters.

admin-setup-title = Set up the owner
admin-setup-text = You will run the shop with this account. The link works once.
admin-setup-go = Create the account
admin-setup-expired = This link has expired or was replaced by a newer one. Start the shop again, or run “stockhold admin setup-link”: a new link is printed, good for 30 minutes.
admin-setup-somebody = The shop already has an owner. Sign in, or ask the owner for an invitation.

admin-sign-in-title = Sign in
admin-sign-in-go = Sign in
admin-sign-in-refused = The e-mail address or the password is not right.

admin-confirm-title = Enter your password again
admin-confirm-text = What you are about to do is worth a second look. We ask once in ten minutes.
admin-confirm-go = Go on
admin-confirm-refused = The password is not right.

admin-denied-title = Not with your role
admin-denied-text = Your role is { $role }. Ask the owner if you need this page.
admin-missing-title = There is nothing here
admin-missing-text = It was removed meanwhile, or the address is not complete.
