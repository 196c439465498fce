-- The whole shop of the first release, one text for SQLite and PostgreSQL.
-- Only two column types are used, so that both engines mean the same: bigint (amounts in minor units,
-- times in microseconds UTC, flags 0/1) and text (ids, names, JSON). `{clustered}` is `without rowid`
-- on SQLite and nothing on PostgreSQL. Tables that the ledger writes spell their words out (`a = 'x' or a = 'y'`):
-- for a list of three or more, `a in (…)`, SQLite builds a temporary tree at every row (measured: a third of the
-- processor's time of inserting an order and its effect).

-- What the shopkeeper sets, and the shop's own secrets; one row per setting, its value as text.
create table settings (
    key text not null primary key,
    value text not null
) {clustered};

create table products (
    id text not null primary key,
    slug text not null unique,
    status text not null check (status in ('draft', 'active', 'archived')),
    title text not null,          -- JSON: language → text
    description text not null,    -- JSON: language → Markdown
    options text not null,        -- JSON: list of option names
    position bigint not null,     -- order on the shelf
    image text not null,          -- what the demo's drawn pictures are called; empty: none
    ships_from text not null,       -- a pre-order: the day (2027-01-15) on which it is first sent; empty: at once
    specs text not null,          -- JSON: list of {name, value}, each language → text
    tax_class text not null,
    created_at bigint not null,
    updated_at bigint not null,
    revision bigint not null      -- whoever changes it read this one; begins at its making, so that one made anew is another
) {clustered};
create index products_place on products (position, id); -- the order of every list of them

create table collections (
    slug text not null primary key,
    title text not null,          -- JSON: language → text
    description text not null,    -- JSON: language → text
    position bigint not null,
    revision bigint not null      -- whoever changes it read this one
) {clustered};

create table collection_products (
    collection_slug text not null references collections (slug) on delete cascade,
    product_id text not null references products (id) on delete cascade,
    primary key (collection_slug, product_id)
) {clustered};
create index collection_products_product on collection_products (product_id);

-- The SKU is the identity of what is counted: stock, movements and order lines all name it.
create table variants (
    sku text not null primary key,
    product_id text not null references products (id),
    position bigint not null,
    title text not null,          -- JSON: language → text
    options text not null,        -- JSON: option name → value, per language as the title
    price_minor bigint not null check (price_minor >= 0),
    compare_at_minor bigint,
    weight_grams bigint,
    active bigint not null check (active in (0, 1))   -- 0: no longer offered; kept for its orders
) {clustered};
create index variants_product on variants (product_id, position);

-- Where products stood before: their old addresses lead to the new ones.
create table product_redirects (
    slug text not null primary key,
    product_id text not null references products (id) on delete cascade,
    made_at bigint not null
) {clustered};
create index product_redirects_product on product_redirects (product_id);

-- Pictures of goods. The files lie in the data folder under the digest of what was uploaded.
create table product_images (
    product_id text not null references products (id),
    position bigint not null,
    digest text not null,
    sku text not null,            -- the variant it shows; empty: all of them
    alt text not null,            -- JSON: language → text
    width bigint not null check (width > 0),
    height bigint not null check (height > 0),
    tint text not null,           -- the ground it stands on, as the style sheet calls it
    see_through bigint not null check (see_through in (0, 1)),
    primary key (product_id, position)
) {clustered};
create index product_images_digest on product_images (digest);

-- What search goes by: each word and each pair of Han characters of a product, with what it counts.
create table product_tokens (
    product_id text not null references products (id),
    token text {binary} not null,
    weight bigint not null,
    is_word bigint not null check (is_word in (0, 1)),   -- a word that somebody may misspell
    primary key (product_id, token)
) {clustered};
create index product_tokens_token on product_tokens (token);

-- Who wants to hear when goods are back. A row goes when its letter went, so that each is written to once.
create table stock_requests (
    id text not null primary key,
    sku text not null references variants (sku),
    email text not null,
    buyer text not null,          -- the normalised e-mail, by which a person is found and erased
    language text not null,
    requested_at bigint not null,
    due_at bigint not null,       -- whoever sends it puts this off first; nobody else takes it up meanwhile
    attempts bigint not null,
    constraint stock_requests_once unique (sku, email)
) {clustered};
create index stock_requests_due on stock_requests (due_at);
create index stock_requests_buyer on stock_requests (buyer);

-- Contact, terms and what else the shopkeeper has to say.
create table pages (
    slug text not null primary key,
    title text not null,          -- JSON: language → text
    body text not null,           -- JSON: language → Markdown
    position bigint not null,     -- order in the footer
    updated_at bigint not null,
    revision bigint not null      -- whoever changes it read this one
) {clustered};

-- S1: never promise more than is there. The ledger alone changes these rows.
create table stock_levels (
    sku text not null primary key references variants (sku) on delete cascade,  -- one that never moved goes with its variant
    on_hand bigint not null,
    held bigint not null,
    seq bigint not null check (seq >= 0),             -- of the latest movement
    short bigint not null default 0,                  -- missing of what is promised or sold; nothing is free meanwhile
    revision bigint not null default 0,               -- changes by hand: whoever counts read this one
    constraint stock_levels_held check (held >= 0 and held <= on_hand),
    constraint stock_levels_short check (short >= 0 and (short = 0 or held = on_hand))
) {clustered};

-- S2: a level changes only by a movement that says why; seq is gapless per SKU.
create table movements (
    sku text not null references stock_levels (sku),
    seq bigint not null check (seq > 0),
    delta bigint not null check (delta <> 0),
    on_hand_after bigint not null check (on_hand_after >= 0),
    reason text not null check (reason = 'received' or reason = 'counted' or reason = 'damaged' or reason = 'returned' or reason = 'correction' or reason = 'sold' or reason = 'restocked' or reason = 'shortfall'),
    order_id text,
    actor text not null,
    command_id text not null,     -- the command that asked for it: the same command again finds its first answer
    moved_at bigint not null,
    primary key (sku, seq)
) {clustered};
create unique index movements_command on movements (command_id, sku);

-- Counts that found fewer units than were promised, and were confirmed. What is left of them is `stock_levels.short`; what
-- was made up for is a movement that says `shortfall`.
create table shortfalls (
    command_id text not null,
    sku text not null references stock_levels (sku),
    units bigint not null check (units > 0),
    actor text not null,
    noted_at bigint not null,
    primary key (command_id, sku)
) {clustered};
create index shortfalls_sku on shortfalls (sku, noted_at);

-- Counters that several buyers share: order numbers. The row 'staff' counts nothing: it is the lock of whoever takes an owner away.
create table counters (
    name text not null primary key,
    value bigint not null
) {clustered};
insert into counters (name, value) values ('order_number', 1000), ('staff', 0);

-- How many live holds a buyer or a client has, so that the cap is kept under a lock.
create table holders (
    holder text not null primary key,                 -- email:… or client:…
    live_holds bigint not null check (live_holds >= 0)
) {clustered};

-- C1: a code is used at most as often as its limits say. The ledger alone changes `used`, here and below.
create table coupons (
    code text not null primary key,                   -- upper case, as it is compared
    kind text not null check (kind = 'percent' or kind = 'amount'),
    percent_hundredths bigint check (percent_hundredths >= 1 and percent_hundredths <= 10000),
    amount_off_minor bigint check (amount_off_minor > 0),
    currency text not null,                           -- of every amount in it
    max_discount_minor bigint check (max_discount_minor > 0),
    minimum_spend_minor bigint check (minimum_spend_minor > 0),
    usage_limit bigint,
    usage_limit_per_customer bigint,
    first_order_only bigint not null check (first_order_only in (0, 1)),
    starts_at bigint,
    ends_at bigint,                                   -- the first moment at which it is over
    applies_to text not null,                         -- JSON: {"products": [slug, …], "collections": [slug, …]}; both empty: everything
    active bigint not null check (active in (0, 1)),
    used bigint not null,                             -- reserved and spent
    revision bigint not null,                         -- whoever changes it read this one
    created_at bigint not null,
    constraint coupons_used check (used >= 0 and (usage_limit is null or used <= usage_limit)),
    constraint coupons_kind check ((kind = 'percent' and percent_hundredths is not null and amount_off_minor is null)
        or (kind = 'amount' and amount_off_minor is not null and percent_hundredths is null))
) {clustered};

-- The same for each customer: whoever has the normalised e-mail, guest or not.
create table coupon_customers (
    code text not null references coupons (code) on delete cascade,
    buyer text not null,
    used bigint not null,
    most bigint,                                      -- the limit at the latest use; a lower one later takes nothing back
    primary key (code, buyer),
    constraint coupon_customers_used check (used >= 0 and (most is null or used <= most))
) {clustered};

-- Codes that nobody issued, as they were entered lately: so that no code is found by trying.
create table wrong_codes (
    who text not null primary key,                    -- client:…, buyer:… or cart:…, a keyed digest
    count bigint not null check (count > 0),
    since bigint not null                             -- of the first of them
) {clustered};
create index wrong_codes_since on wrong_codes (since);

create table orders (
    id text not null primary key,
    number bigint not null unique,
    status text not null check (status = 'pending' or status = 'processing' or status = 'paid' or status = 'expired' or status = 'cancelled' or status = 'refunded'),
    hold text not null check (hold = 'live' or hold = 'sold' or hold = 'released'),
    request_hash text not null,                       -- the same id with other contents is refused
    email text not null,
    buyer text not null,                              -- the normalised e-mail: who this is, for caps and returning buyers; once
                                                      -- erased `erased:` and a keyed digest of it
    client text not null,                             -- where it came from (hashed), for caps; empty: a trusted key
    cart_id text not null,                            -- the browser's cart; empty: the API
    language text not null,
    shipping_address text not null,                   -- JSON, or empty
    destination text not null,                        -- DE or US-CA: what shipping and taxes were priced by; empty: nothing depended on it
    delivery text not null,                           -- JSON: zone, method, title (in the order's language), days; empty: nothing was asked about it
    coupon text references coupons (code),            -- the code it was placed with
    coupon_counts bigint not null check (coupon_counts in (0, 1)),   -- 0: none, or its use was given back
    currency text not null,
    subtotal_minor bigint not null check (subtotal_minor >= 0),
    discount_minor bigint not null check (discount_minor >= 0),
    shipping_minor bigint not null check (shipping_minor >= 0),
    shipping_tax_minor bigint not null check (shipping_tax_minor >= 0 and shipping_tax_minor <= tax_minor),
    taxation text not null check (taxation = 'none' or taxation = 'included' or taxation = 'added'),
    tax_minor bigint not null check (tax_minor >= 0),  -- all of it, in the prices or on top as taxation says
    tax_lines text not null,                          -- JSON: [[rate in millionths, base, tax], …] for the invoice; empty: none
    total_minor bigint not null check (total_minor >= 0),
    reserved_at bigint not null,
    hold_due_at bigint not null,
    hold_extended bigint not null default 0 check (hold_extended in (0, 1)), -- longer is granted once
    -- The Stripe session of this order. It lives on the order's own row, so none can exist without its hold.
    session_state text not null check (session_state = 'opening' or session_state = 'open' or session_state = 'complete' or session_state = 'closed' or session_state = 'never'),
    session_id text unique,
    session_url text,
    session_expires_at bigint,
    livemode bigint,
    payment_intent text unique,                       -- M2: the one payment that paid this order
    paid_at bigint,
    cancelled_at bigint,                              -- when somebody asked to call it off
    cancel_reason text not null,
    fulfilment text not null check (fulfilment = 'unfulfilled' or fulfilment = 'partly_shipped' or fulfilment = 'shipped' or fulfilment = 'delivered'),
    unreachable text not null default '',             -- why Stripe cannot be asked about its session; empty: it can
    country text not null default '',                 -- where it goes, as two letters, for lists; empty: nobody said
    revision bigint not null,                         -- compare-and-set for whoever reads first and writes later
    constraint orders_total check (total_minor = subtotal_minor - discount_minor + shipping_minor
        + case when taxation = 'added' then tax_minor else 0 end),
    constraint orders_tax check (taxation <> 'none' or tax_minor = 0),
    constraint orders_hold check ((status in ('pending', 'processing') and hold = 'live')
        or (status = 'paid' and hold = 'sold')
        or (status in ('expired', 'cancelled') and hold = 'released')
        or (status = 'refunded' and hold in ('sold', 'released'))),
    constraint orders_coupon check (coupon is not null or (coupon_counts = 0 and discount_minor = 0)),
    constraint orders_paid check (status <> 'paid' or paid_at is not null)
) {clustered};
-- Lists go by the number, the newest first; what they filter by stands beside it, so that a row is read only if it is shown.
create index orders_list on orders (number, status, fulfilment, country, total_minor, reserved_at);
create index orders_to_ship on orders (number, status, fulfilment, country, total_minor, reserved_at)
    where status = 'paid' and (fulfilment = 'unfulfilled' or fulfilment = 'partly_shipped');
create index orders_reserved_at on orders (reserved_at, number);
create index orders_live_due on orders (hold_due_at) where hold = 'live';
-- Whose it is, for caps, returning buyers, and the beginning of an address that somebody looks for.
create index orders_buyer on orders (buyer {binary}, hold, number);
create index orders_coupon on orders (coupon) where coupon is not null;
create index orders_customer on orders (buyer, number); -- a customer, and where their latest order stands
create index orders_live_cart on orders (cart_id) where hold = 'live';
create index orders_paid_at on orders (paid_at) where paid_at is not null;

create table order_lines (
    order_id text not null references orders (id),
    line_no bigint not null,
    sku text not null references stock_levels (sku),
    title text not null,                              -- frozen, in the order's language
    variant_title text not null,
    quantity bigint not null check (quantity > 0),
    unit_price_minor bigint not null check (unit_price_minor >= 0),
    discount_minor bigint not null check (discount_minor >= 0 and discount_minor <= unit_price_minor * quantity),
    tax_rate bigint not null check (tax_rate >= 0),   -- in millionths
    tax_minor bigint not null check (tax_minor >= 0), -- its part of the order's tax
    total_minor bigint not null,                      -- what the buyer pays for it
    shipped bigint not null check (shipped >= 0),
    cancelled bigint not null check (cancelled >= 0),  -- will not be sent any more
    restocked bigint not null,                        -- back on the shelf: each unit once
    order_number bigint not null default 0,           -- of its order, so that search by SKU reads its index alone
    primary key (order_id, line_no),
    constraint order_lines_total check (total_minor = unit_price_minor * quantity - discount_minor
        or total_minor = unit_price_minor * quantity - discount_minor + tax_minor),  -- the second where tax comes on top
    constraint order_lines_units check (shipped + cancelled <= quantity and restocked >= 0 and restocked <= quantity)
) {clustered};

create index order_lines_sku on order_lines ((upper(sku)) {binary}, order_number);

-- The names on parcels, lower case, from each of their words and of their Han on: `lin wei` and `wei`, 林薇 and 薇. What
-- search by name goes by.
create table order_names (
    word text {binary} not null,
    order_number bigint not null,
    primary key (word, order_number)
) {clustered};

-- What the shopkeeper's people write about an order; buyers never see it.
create table order_notes (
    id text not null primary key,                     -- drawn with the form: a second click is the same note
    order_id text not null references orders (id),
    author text not null,
    text text not null,
    written_at bigint not null
) {clustered};
create index order_notes_order on order_notes (order_id);

-- What happened to an order, in order.
create table order_events (
    order_id text not null references orders (id),
    seq bigint not null,
    kind text not null,
    detail text not null,
    happened_at bigint not null,
    primary key (order_id, seq)
) {clustered};

-- M4: every payment Stripe took, whether it pays the order or is on its way back.
create table payments (
    intent_id text not null primary key,
    order_id text not null references orders (id),
    session_id text not null,
    amount_minor bigint not null check (amount_minor >= 0),
    currency text not null,
    purpose text not null check (purpose = 'order' or purpose = 'surplus' or purpose = 'mismatch'),
    refunded_minor bigint not null,                   -- by refunds that are under way or done
    disputed_minor bigint not null check (disputed_minor >= 0),   -- withdrawn by disputes and not given back
    recorded_at bigint not null,
    constraint payments_refunded check (refunded_minor >= 0 and refunded_minor <= amount_minor)
) {clustered};
create unique index payments_one_per_order on payments (order_id) where purpose = 'order';
create index payments_order on payments (order_id);
create index payments_recorded on payments (recorded_at, currency, amount_minor);   -- takings are read from it alone
create index payments_mismatched on payments (order_id) where purpose = 'mismatch';

-- M3: refunds never exceed what was captured (payments_refunded), and each is asked for once.
create table refunds (
    id text not null primary key,
    order_id text not null references orders (id),
    intent_id text not null references payments (intent_id),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    kind text not null check (kind = 'late' or kind = 'surplus' or kind = 'cancelled' or kind = 'by_hand' or kind = 'dashboard'
        or kind = 'elsewhere'),
    reason text not null,                             -- in the words of whoever asked
    request_hash text not null,
    state text not null check (state = 'requested' or state = 'pending' or state = 'succeeded' or state = 'failed' or state = 'canceled'),
    stripe_id text unique,
    failure text not null,                            -- in Stripe's words
    shipping_minor bigint not null check (shipping_minor >= 0 and shipping_minor <= amount_minor),
    assigned bigint not null check (assigned in (0, 1)),   -- 0: made elsewhere, nobody has said for which goods
    owed_minor bigint not null default 0,             -- still to go back because it failed
    instead_of text,                                  -- the failed refund whose money it sends again
    order_number bigint not null default 0,           -- of its order, so that the list of them reads its index alone
    requested_at bigint not null,
    constraint refunds_owed_of_failed check (owed_minor >= 0 and owed_minor <= amount_minor
        and (owed_minor = 0 or state = 'failed' or state = 'canceled')),
    -- Paid back outside of Stripe: nothing was sent, and Stripe has no word for it.
    constraint refunds_elsewhere check (kind <> 'elsewhere' or (stripe_id is null and instead_of is not null
        and (state = 'succeeded' or state = 'canceled')))
) {clustered};
create index refunds_order_number on refunds (order_number);
create index refunds_order on refunds (order_id);
create index refunds_intent on refunds (intent_id); -- a payment's own, for the audit
create index refunds_unfinished on refunds (requested_at) where state in ('requested', 'pending');
create index refunds_requested on refunds (requested_at);
create index refunds_owed on refunds (requested_at) where owed_minor > 0;
create index refunds_unassigned on refunds (order_id) where assigned = 0;
create unique index refunds_whole_surplus on refunds (intent_id) where kind in ('late', 'surplus');

-- The goods a refund was for.
create table refund_lines (
    refund_id text not null references refunds (id),
    line_no bigint not null,
    units bigint not null check (units > 0),
    amount_minor bigint not null check (amount_minor >= 0),
    restock bigint not null check (restock in (0, 1)),
    primary key (refund_id, line_no)
) {clustered};

-- What left, parcel by parcel.
create table shipments (
    id text not null primary key,
    order_id text not null references orders (id),
    lines text not null,                              -- JSON: [[line_no, units], …]
    carrier text not null,
    tracking text not null,
    request_hash text not null,
    shipped_at bigint not null
) {clustered};
create index shipments_order on shipments (order_id);

-- Disputes and early fraud warnings, as Stripe tells them.
create table disputes (
    id text not null primary key,
    order_id text not null references orders (id),
    intent_id text not null references payments (intent_id),
    amount_minor bigint not null,
    currency text not null,
    reason text not null,
    state text not null check (state in ('warning', 'inquiry', 'open', 'won', 'lost', 'closed')),
    due_by bigint,
    withdrawn_minor bigint not null check (withdrawn_minor >= 0),
    opened_at bigint not null
) {clustered};
create index disputes_order on disputes (order_id);
create index disputes_opened on disputes (opened_at);
create index disputes_live on disputes (due_by) where state in ('warning', 'inquiry', 'open');

-- The outbox: what the shop must still say to Stripe and to buyers. Written in the commit that decided it.
create table effects (
    id text not null primary key,
    kind text not null check (kind = 'open_checkout' or kind = 'close_checkout' or kind = 'delete_coupon' or kind = 'refund_payment' or kind = 'send_letter'),
    subject text not null,                            -- what it is about: with the kind, E2's "once per order and kind"
    order_id text not null references orders (id),
    parameters text not null,                         -- frozen before the first try (open_checkout), or what to send
    state text not null check (state = 'due' or state = 'done' or state = 'refused'),
    attempts bigint not null,
    due_at bigint not null,
    leased_until bigint not null,
    last_error text not null,
    created_at bigint not null
) {clustered};
create unique index effects_once on effects (kind, subject);
create index effects_due on effects (due_at) where state = 'due';
create index effects_refused on effects (created_at) where state = 'refused';
create index effects_order on effects (order_id);
create index effects_refused_kind on effects (kind, order_id) where state = 'refused';

-- Somebody asks for the link of an order, by number and address; kept for a day, as keyed digests, to be counted by.
create table lookups (
    id text not null primary key,
    number bigint not null,
    buyer text not null,
    client text not null,
    asked_at bigint not null,
    state text not null check (state = 'due' or state = 'done')
) {clustered};
create index lookups_due on lookups (asked_at) where state = 'due';
create index lookups_buyer on lookups (buyer, asked_at);
create index lookups_client on lookups (client, asked_at);

-- E1: the webhook inbox; a Stripe event is stored once.
create table stripe_events (
    id text not null primary key,
    type text not null,
    object_id text not null,
    livemode bigint not null,
    payload text not null,
    reduced bigint not null default 0 check (reduced in (0, 1)),   -- 1: the payload names its object and nobody
    state text not null check (state in ('received', 'done', 'not_ours', 'failed')),
    attempts bigint not null,
    due_at bigint not null,
    leased_until bigint not null,
    last_error text not null,
    received_at bigint not null
) {clustered};
create index stripe_events_due on stripe_events (due_at) where state = 'received';
create index stripe_events_received on stripe_events (received_at);
create index stripe_events_whole on stripe_events (received_at) where reduced = 0;
create index stripe_events_object on stripe_events (object_id);

-- Where other programs of the shopkeeper's are told what happened (Standard Webhooks). Rows are never deleted, so that
-- the ledger may name one at any moment.
create table webhook_endpoints (
    id text not null primary key,
    url text not null,
    note text not null,                               -- what it is for, in the shopkeeper's words
    topics text not null,                             -- with a space around each; empty: all of them
    state text not null check (state in ('active', 'disabled', 'removed')),
    why text not null check (why in ('', 'by_hand', 'gone', 'failing')),
    generation bigint not null check (generation > 0),  -- of its secret, which is drawn from the shop's own and this
    previous_until bigint not null,                   -- until then it is signed with the secret before, too
    failing_since bigint,                             -- the first failure since the last success
    failed_at bigint,
    letter_due_at bigint,                             -- the owner is to hear that it was disabled
    created_at bigint not null,
    revision bigint not null check (revision > 0)     -- whoever changes it read this one; only changes by hand raise it
) {clustered};

-- What each endpoint is to be told: written in the commit of what it tells of, once for each endpoint that is active then.
create table webhook_deliveries (
    endpoint_id text not null references webhook_endpoints (id),
    event_id text not null,                           -- the same for every endpoint and every attempt
    topic text not null,
    order_id text not null,                           -- empty: it is about no order
    order_number bigint not null,
    about text not null,                              -- a refund, a dispute, a SKU; empty: the order as such
    happened_at bigint not null,
    state text not null check (state in ('due', 'done', 'failed')),
    attempts bigint not null,
    due_at bigint not null,
    leased_until bigint not null,
    answered bigint not null,                         -- HTTP status of the last answer; 0: none yet, or no answer at all
    answer text not null,                             -- the beginning of it, or why there was none
    answered_at bigint,
    primary key (endpoint_id, event_id)
) {clustered};
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at) where state = 'due';
create index webhook_deliveries_latest on webhook_deliveries (endpoint_id, happened_at);
create index webhook_deliveries_over on webhook_deliveries (happened_at) where state <> 'due';
create index stripe_events_state on stripe_events (state, received_at);

-- Calls of the webhook whose signature was wrong, by day: a wrong secret shows. Nothing of them is kept.
create table signature_failures (
    day bigint not null primary key,                  -- since 1970, UTC
    count bigint not null check (count > 0),
    last_at bigint not null,
    last_error text not null                          -- in our own words
) {clustered};

create table carts (
    id text not null primary key,                     -- SHA-256 of the cookie
    lines text not null,                              -- JSON: [[sku, quantity], …]
    order_id text not null,                           -- the id the next checkout of this cart will use
    updated_at bigint not null
) {clustered};

-- What callers named their requests, kept for a day: the same name for another request is refused. Only for requests whose
-- own identity does not carry the name already.
create table idempotency_keys (
    name text not null primary key,                   -- a digest of the caller, what was asked for, and the key
    request_hash text not null,
    used_at bigint not null
) {clustered};
create index idempotency_keys_used on idempotency_keys (used_at);

create table api_keys (
    id text not null primary key,
    name text not null,
    key_hash text not null unique,
    scopes text not null,
    created_at bigint not null,
    expires_at bigint,                                -- the first moment at which it opens nothing any more
    last_used_on text not null,
    revoked bigint not null check (revoked in (0, 1))
) {clustered};

-- Our books beside Stripe's: each run, how far it has come, and what it found. A run that stops goes on later.
create table reconciliations (
    id text not null primary key,
    since bigint not null,                            -- only objects that Stripe made from here on
    applies bigint not null check (applies in (0, 1)),   -- whether safe repairs are made
    state text not null check (state in ('running', 'done')),
    phase text not null,
    after text not null,                              -- the last object of the phase that was looked at
    compared text not null,                           -- JSON: phase → how many objects were compared
    started_at bigint not null,
    finished_at bigint,
    leased_until bigint not null,
    stopped text not null                             -- why it last stopped on its way; empty: it did not
) {clustered};
create index reconciliations_started on reconciliations (started_at);

create table reconciliation_findings (
    run_id text not null references reconciliations (id) on delete cascade,
    kind text not null,
    subject text not null,                            -- Stripe's id of the object
    order_id text,
    gap_minor bigint not null check (gap_minor >= 0),
    currency text not null,
    told text not null,                               -- what Stripe says: `3200 USD`, a state, or nothing
    ours text not null,                               -- what our books say, in the same way
    by_hand bigint not null check (by_hand in (0, 1)),   -- 1: asking Stripe again does not mend it
    repaired bigint not null check (repaired in (0, 1)),
    primary key (run_id, kind, subject)
) {clustered};
create index reconciliation_findings_subject on reconciliation_findings (subject, kind);
create index reconciliation_findings_open on reconciliation_findings (kind, subject) where repaired = 0;

-- Differences that no word of Stripe's mends, and what somebody found out about them. Each stands for its amount alone:
-- when that changes, it is unexplained again.
create table reconciliation_explanations (
    kind text not null,
    subject text not null,
    gap_minor bigint not null,
    currency text not null,
    note text not null,
    explained_by text not null,
    explained_at bigint not null,
    primary key (kind, subject)
) {clustered};

-- What a run has met at Stripe, so that what is only here can be told; emptied when the run ends.
create table reconciliation_met (
    run_id text not null references reconciliations (id) on delete cascade,
    object_id text not null,
    primary key (run_id, object_id)
) {clustered};

-- Who works in the shop.
create table staff (
    id text not null primary key,
    login text not null unique,                       -- the normalised e-mail
    email text not null,
    name text not null,
    role text not null check (role in ('owner', 'manager', 'fulfilment', 'read_only')),
    password text not null,                           -- argon2id, as a PHC string; empty: none chosen yet
    disabled bigint not null check (disabled in (0, 1)),
    created_at bigint not null
) {clustered};

-- Links that open one door once: the first owner's, invitations, new passwords. Only their SHA-256 is kept.
create table staff_links (
    digest text not null primary key,
    purpose text not null check (purpose in ('setup', 'invite', 'reset', 'code')),   -- code: between password and second factor
    staff_id text references staff (id),              -- nobody yet: the first owner's
    expires_at bigint not null
) {clustered};

create table staff_sessions (
    digest text not null primary key,                 -- SHA-256 of the cookie
    staff_id text not null references staff (id),
    started_at bigint not null,
    seen_at bigint not null,
    confirmed_at bigint not null,                     -- when the password was last typed
    client text not null,                             -- where it began, as a keyed digest
    agent text not null                               -- the browser, in its own words
) {clustered};
create index staff_sessions_staff on staff_sessions (staff_id);

-- The second factor: what the person's authenticator and the shop both know. A code is taken once.
create table staff_authenticators (
    staff_id text not null primary key references staff (id),
    secret text not null,
    last_step bigint not null,                        -- of the last code that was taken
    enrolled_at bigint not null
) {clustered};

-- Recovery codes, as SHA-256; each opens once.
create table staff_recovery_codes (
    digest text not null primary key,
    staff_id text not null references staff (id),
    used_at bigint not null                           -- 0: not yet
) {clustered};
create index staff_recovery_codes_staff on staff_recovery_codes (staff_id);

-- Where somebody has signed in from, as keyed digests: strangers' wrong passwords do not lock them out there.
create table staff_places (
    staff_id text not null references staff (id),
    client text not null,
    seen_at bigint not null,
    primary key (staff_id, client)
) {clustered};
create index staff_places_seen on staff_places (seen_at);

-- Tries to sign in, as they were made lately: so that no password is found by trying.
create table sign_in_tries (
    who text not null primary key,                    -- pair:…, client:…, account:… or code:…, keyed digests
    count bigint not null check (count >= 0),
    since bigint not null,                            -- of the first of them
    wait bigint not null check (wait >= 0),           -- how long after the last one the next is looked at
    tried_at bigint not null
) {clustered};
create index sign_in_tries_tried on sign_in_tries (tried_at);

-- Forms that came too late, kept for an hour while their sender proves who they are.
create table staff_drafts (
    digest text not null primary key,                 -- SHA-256 of what the address names
    staff_id text not null references staff (id),
    place text not null,
    fields text not null,                             -- as a form is sent; never a password or a code
    kept_at bigint not null
) {clustered};
create index staff_drafts_staff on staff_drafts (staff_id, kept_at);

-- Letters to staff that wait to be written. The link is drawn when its letter is written, so it stands nowhere in clear.
create table staff_letters (
    id text not null primary key,
    purpose text not null check (purpose in ('invite', 'reset')),
    email text not null,                              -- empty once it was written
    account text not null,                            -- the address as a keyed digest, to be counted by
    client text not null,                             -- who asked, to be counted by
    language text not null,
    asked_at bigint not null,
    due_at bigint not null,
    attempts bigint not null,
    state text not null check (state in ('due', 'done'))
) {clustered};
create index staff_letters_due on staff_letters (due_at) where state = 'due';
create index staff_letters_client on staff_letters (client, asked_at);
create index staff_letters_account on staff_letters (account, asked_at);

-- Who did what, when and from where. Lines are added, never changed.
create table audit_log (
    id text not null primary key,                     -- sorts by time
    happened_at bigint not null,
    actor text not null,                              -- staff:ID, key:NAME, or empty: nobody known
    action text not null,                             -- order.ship
    subject text not null,                            -- what it was done to: the path's own words
    outcome text not null check (outcome in ('done', 'refused', 'denied')),
    detail text not null,
    client text not null
) {clustered};
create index audit_log_actor on audit_log (actor, id);
create index audit_log_action on audit_log (action, id);
{only_added_to audit_log};
