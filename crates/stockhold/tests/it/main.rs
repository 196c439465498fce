//! The integration tests: one binary, both engines, real parts.

mod admin_door;
mod admin_payments;
mod admin_today;
mod after_sale;
mod api_conditions;
mod api_requests;
mod architecture;
mod audit;
mod bad_input;
#[allow(dead_code, reason = "the tests of pricing alone read all of a case")]
#[path = "../../../rules/tests/carts/mod.rs"]
mod carts;
mod charged;
mod code_entry;
mod constraints;
mod coupon_sheet;
mod coupons;
mod crashes;
mod day;
mod every_step;
mod facts;
mod goods;
mod holding;
mod journeys;
mod ledger;
mod letters;
mod locks;
mod lookup;
mod machines;
mod moved;
mod order_page;
mod page_flow;
mod pictures;
mod processes;
mod provider_trouble;
mod races;
mod reconciling;
mod repeats;
mod scenarios;
mod settings;
mod shelves;
mod support;
mod themes;
mod torture;
mod totals;
mod words;
