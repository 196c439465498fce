//! The integration tests: one binary, both engines, real parts.

mod ledger;
mod support;
