//! Stockhold: a complete online shop in one binary whose payments and stock are always right.
//!
//! The rooms are described in ARCHITECTURE.md; which may import which is held by a test.

pub mod audit;
pub mod clock;
pub mod ledger;
pub mod storage;
