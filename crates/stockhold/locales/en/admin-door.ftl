# The door of the desk: signing in, the second factor, letters, one's account, staff, the audit log.

admin-nav-staff = Staff
admin-nav-audit-log = Audit log

admin-wrong-password-short-by = Use at least { $count } characters.
admin-wrong-password-easy = This password is easy to guess: it is a common one, or made of words that somebody who knows the shop would try. Take a few words that have nothing to do with each other.

admin-sign-in-too-many = Too many tries. Try again in { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}.
admin-sign-in-code-first = Many wrong passwords were tried for this account, by you or by others. Enter the code of your authenticator as well, or have a link for a new password sent to you.
admin-sign-in-forgot = Forgot your password?
admin-sign-in-expired = You were signed out because nothing was done for a while. Sign in and go on where you were.

admin-code = Code
admin-code-title = Enter your code
admin-code-text = Your password is right. Open your authenticator and enter the code it shows for this shop.
admin-code-hint = Six digits, or one of your recovery codes.
admin-code-refused = This code is not right, or it was used before. Wait for the next one.
admin-code-lost = Lost your telephone?
admin-code-lost-text = Use one of the recovery codes that you kept. If they are gone too, ask the owner to remove your authenticator. Owners run “stockhold admin reset-password” with “--remove-authenticator” where the shop runs.

admin-reset-title = A new password
admin-reset-text = Enter your e-mail address, and we send you a link.
admin-reset-go = Send the link
admin-reset-answer = If somebody works here with this address, a link is on its way to it. It works once, for 15 minutes.
admin-reset-back = Back to signing in

admin-link-title-invite = Welcome to the shop
admin-link-title-reset = A new password
admin-link-title-over = This link does not work any more
admin-link-text-invite = { $name }, choose a password, and you work at { $shop }.
admin-link-text-reset = { $name }, choose a new password. You are signed out everywhere else.
admin-link-go = Save the password
admin-link-over = It was used, has run out, or a newer one was sent. Have another one sent; for an invitation, ask the owner.


admin-account-title = Your account
admin-account-password = Password
admin-account-password-go = Change the password
admin-password-current = Your password now
admin-password-new = New password
admin-done-password = The password is changed. You are signed out everywhere else.

admin-authenticator-title = Authenticator
admin-authenticator-on = On
admin-authenticator-off = With an authenticator nobody gets in by your password alone: signing in also asks for a code from your telephone.
admin-authenticator-set-up = Set up an authenticator
admin-authenticator-replace = Use another authenticator
admin-authenticator-remove = Remove it
admin-authenticator-required = This shop takes real money: its owner signs in with an authenticator. Set it up, and everything else opens.
admin-authenticator-scan = Scan this picture with an authenticator on your telephone, such as Aegis, Google Authenticator, Microsoft Authenticator or your password manager. Then enter the code it shows.
admin-authenticator-picture = The picture to scan with your authenticator
admin-authenticator-by-hand = If you cannot scan it, enter this key by hand:
admin-authenticator-go = Turn it on
admin-done-authenticator-removed = The authenticator is removed. You are signed out everywhere else.

admin-recovery-title = Your recovery codes
admin-recovery-text = Keep these codes where your telephone is not: on paper, or in a password manager. Each of them signs you in once, in place of a code. They are not shown again.
admin-recovery-kept = I have kept them
admin-recovery-left = { $count ->
    [0] No recovery codes are left.
    [one] { $count } recovery code is left.
   *[other] { $count } recovery codes are left.
}
admin-recovery-new = New recovery codes

admin-sessions-title = Where you are signed in
admin-sessions-browser = Browser
admin-sessions-unknown = Unknown browser
admin-sessions-started = Since
admin-sessions-seen = Last seen
admin-sessions-this = This one
admin-sessions-end = Sign out there
admin-sessions-end-others = Sign out everywhere else
admin-done-session-ended = That session has ended.
admin-done-sessions-ended = You are signed out everywhere else.

admin-staff-title = Staff
admin-staff-people = Who works here
admin-staff-you = (you)
admin-staff-role = Role
admin-staff-role-of = Role of { $name }
admin-staff-role-change = Change
admin-staff-role-wrong = Choose a role.
admin-staff-state = State
admin-staff-actions = Actions
admin-staff-is-active = Active
admin-staff-is-invited = Invited
admin-staff-is-disabled = Disabled
admin-staff-last-seen = Last signed in { $time }
admin-staff-has-authenticator = With an authenticator
admin-staff-no-authenticator = No authenticator
admin-staff-authenticator-remove = Remove the authenticator
admin-staff-disable = Disable
admin-staff-enable = Enable
admin-staff-invite = Invite somebody
admin-staff-invite-text = They get a letter with a link that works once, for seven days, and choose their own password.
admin-staff-invite-go = Send the invitation
admin-staff-invite-again = Send the invitation again
admin-staff-address-taken = Somebody has this address already.
admin-staff-last-owner = The shop needs an owner who can sign in. Make somebody else an owner first.
admin-role-owner-text = Everything, staff and API keys included.
admin-role-manager-text = Everything but staff and API keys.
admin-role-fulfilment-text = Sends goods and counts them. No refunds, no takings.
admin-role-read_only-text = Sees what a manager sees, and changes nothing.
admin-done-staff-invited = The invitation is on its way.
admin-done-staff-role = The role is changed. They sign in again.
admin-done-staff-disabled = The account is disabled and signed out everywhere.
admin-done-staff-enabled = The account is enabled again.
admin-done-staff-authenticator-removed = The authenticator is removed. Their password alone signs them in now.

admin-audit-title = Audit log
admin-audit-who = Who
admin-audit-anybody = Anybody
admin-audit-nobody = Nobody known
admin-audit-key = API key { $name }
admin-audit-action = What
admin-audit-anything = Anything
admin-audit-day = Day
admin-audit-day-wrong = Enter a day as 2026-11-26.
admin-audit-at = When
admin-audit-outcome = Outcome
admin-audit-outcome-done = Done
admin-audit-outcome-refused = Refused
admin-audit-outcome-denied = Denied
admin-audit-place = From
admin-audit-filter = Show
admin-audit-all = Show all
admin-audit-csv = As CSV
admin-audit-pages = Pages of the audit log
admin-audit-latest = Latest
admin-audit-earlier = Earlier
admin-audit-empty = No such line.
admin-audit-about = Lines are added and never changed. “From” tells places apart without saying where they are.

admin-action-staff-set-up = First owner set up
admin-action-session-sign-in = Sign-in
admin-action-session-code = Sign-in: second factor
admin-action-session-confirm = Password entered again
admin-action-session-sign-out = Sign-out
admin-action-session-end = Session ended
admin-action-session-end-others = Other sessions ended
admin-action-page-open = Page opened without permission
admin-action-audit-export = Audit log taken out
admin-action-reset-ask = Link for a new password asked for
admin-action-link-use = Password chosen by link
admin-action-account-password = Own password changed
admin-action-account-authenticator = Authenticator set up
admin-action-account-remove-authenticator = Own authenticator removed
admin-action-account-recovery-codes = New recovery codes
admin-action-staff-invite = Invited to work here
admin-action-staff-invite-again = Invitation sent again
admin-action-staff-role = Role changed
admin-action-staff-disable = Account disabled
admin-action-staff-enable = Account enabled
admin-action-staff-remove-authenticator = Authenticator of a colleague removed
admin-action-customer-export = Customer’s data taken out
admin-action-customer-erase = Customer erased
admin-action-products-export = Products taken out
admin-action-orders-export = Orders taken out
admin-action-orders-export-ticked = Ticked orders taken out
admin-action-customers-export = Customers taken out
admin-action-stock-export = Stock taken out
admin-action-coupons-export = Discounts taken out
admin-action-import-upload = Import: file uploaded
admin-action-import-check = Import: dry run
admin-action-import-columns = Import: columns named
admin-action-import-apply = Import applied
admin-action-orders-ship = Several orders shipped
admin-action-order-ship = Order shipped
admin-action-order-refund = Order refunded
admin-action-order-cancel = Order cancelled
admin-action-order-address = Address changed
admin-action-order-note = Note added to an order
admin-action-order-letter = Letter about an order sent again
admin-action-discount-make = Discount made
admin-action-discount-change = Discount changed
admin-action-discount-switch = Discount switched on or off
admin-action-discount-remove = Discount removed
admin-action-settings-shop = Shop settings changed
admin-action-settings-shipping = Shipping changed
admin-action-settings-taxes = Taxes changed
admin-action-page-make = Page made
admin-action-page-change = Page changed
admin-action-page-remove = Page removed
admin-action-letter-again = Letter sent again
admin-action-webhook-make = Webhook made
admin-action-webhook-change = Webhook changed
admin-action-webhook-switch = Webhook switched on or off
admin-action-webhook-test = Webhook tried
admin-action-webhook-secret = Webhook’s secret renewed
admin-action-webhook-remove = Webhook removed
admin-action-webhook-replay = Webhook sent again
admin-action-key-make = API key made
admin-action-key-revoke = API key revoked
admin-action-refund-again = Refund tried again
admin-action-payment-refund = Payment sent back
admin-action-hold-release-unreachable = Hold released without Stripe
admin-action-reconciliation-start = Comparison with Stripe started
admin-action-reconciliation-settle = Difference settled
admin-action-reconciliation-explain = Difference explained
admin-action-event-replay = Stripe event read again
admin-action-refund-assign = Refund given to goods
admin-action-refund-elsewhere = Refund paid back another way
admin-action-effect-retry = Unfinished task tried again
admin-action-product-change-many = Several products changed
admin-action-product-sample = Sample products loaded
admin-action-product-make = Product made
admin-action-product-shape-new = New product: options chosen
admin-action-product-save = Product changed
admin-action-product-shape = Product’s options changed
admin-action-product-remove = Product removed
admin-action-picture-add = Picture uploaded
admin-action-picture-arrange = Pictures arranged
admin-action-collection-arrange = Collections arranged
admin-action-collection-make = Collection made
admin-action-collection-save = Collection changed
admin-action-collection-remove = Collection removed
admin-action-stock-count = Stock counted
admin-action-stock-change = Stock changed
admin-action-hold-release = Hold released
admin-action-hold-clean-up = Expired holds released
admin-action-admin-reset-password = Link for a new password printed
admin-action-admin-disable = Account disabled from the machine

admin-resume-title = Go on where you were
admin-resume-text = You had to prove who you are before this could be sent. What you entered was kept; it has not been sent yet.
admin-resume-field = Field
admin-resume-value = What you entered
admin-resume-go = Send it now
admin-resume-drop = Leave it
admin-resume-over = What you entered is not kept any more, or was sent already.

letter-staff-sandbox = This shop simulates payments. Nothing was sold.
letter-staff-invite-subject = You are invited to work at { $shop }
letter-staff-invite-heading = Welcome to { $shop }
letter-staff-invite-text = { $name }, the owner of { $shop } invites you to work in the shop. Open the link and choose a password. It works once, for seven days.
letter-staff-invite-button = Choose a password
letter-staff-invite-last = If you do not know this shop, you need not do anything.
letter-staff-reset-subject = A new password for { $shop }
letter-staff-reset-heading = Choose a new password
letter-staff-reset-text = { $name }, somebody, most likely you, asked for a new password for { $shop }. The link works once, for 15 minutes.
letter-staff-reset-button = Choose a new password
letter-staff-reset-last = If it was not you, you need not do anything: nothing was changed, and the link went to you alone.
