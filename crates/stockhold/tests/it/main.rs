//! The integration tests: one binary, both engines, real parts.

mod audit;
mod ledger;
mod support;
