//! The integration tests: one binary, both engines, real parts.

mod after_sale;
mod architecture;
mod audit;
mod goods;
mod journeys;
mod ledger;
mod support;
