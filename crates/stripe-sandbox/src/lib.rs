//! A stateful Stripe on loopback.
