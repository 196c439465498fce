//! Stockhold: a complete online shop in one binary whose payments and stock are always right.
//!
//! The rooms are described in ARCHITECTURE.md; which may import which is held by a test.

pub mod audit;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod language;
pub mod ledger;
pub mod letters;
pub mod mail;
pub mod media;
pub mod outbox;
pub mod price_rules;
pub mod privacy;
pub mod problems;
pub mod shop;
pub mod staff;
pub mod steps;
pub mod storage;
pub mod stripe;
pub mod theme;
pub mod web;
pub mod webhooks;
pub mod workers;
