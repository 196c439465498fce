//! The integration tests: one binary, both engines, real parts.

mod architecture;
mod audit;
mod goods;
mod journeys;
mod ledger;
mod provider_trouble;
mod support;
