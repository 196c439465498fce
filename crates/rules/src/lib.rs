//! The law of a Stockhold shop: what may happen to stock, orders and payments, decided in memory.
//!
//! Invariant: nothing in this crate waits, reads a clock, draws a random number or serialises. Time and ids are
//! handed in; a decision comes out. Whatever is true of money and stock can therefore be tested in microseconds.

pub mod audit;
pub mod books;
pub mod buyable;
pub mod carriers;
pub mod cart;
pub mod commands;
pub mod coupons;
pub mod disputes;
pub mod effects;
pub mod ids;
pub mod money;
pub mod orders;
pub mod owed;
pub mod payments;
pub mod places;
pub mod price_rules;
pub mod pricing;
pub mod reconciliation;
pub mod refunds;
pub mod repricing;
pub mod shipments;
pub mod shipping;
pub mod stock;
pub mod taxes;
pub mod text;
pub mod time;
pub mod topics;
