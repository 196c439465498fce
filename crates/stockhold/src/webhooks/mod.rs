//! Outbound webhooks on the wire: other programs of the shopkeeper's are told what happened, as Standard Webhooks says
//! (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
//!
//! The addresses are typed by people, so this client is apart from Stripe's: it connects to public addresses only,
//! follows nobody elsewhere, and believes nothing of an answer but its status.

pub mod address;
pub mod sender;
pub mod signature;
