//! "E-mail me when it's back": one letter, once, and then the address is forgotten.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use rules::text::{Email, Sku};
use serde::Deserialize;

use super::catalogue::{self, Again, Choice, offers, variant_href};
use super::see_other;
use crate::storage::{products, stock_requests};
use crate::web::PageError;
use crate::web::session::Visitor;

#[derive(Debug, Deserialize)]
pub struct WishForm {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    email: String,
}

pub async fn submit(visitor: Visitor, form: Result<Form<WishForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let Ok(sku) = Sku::parse(&form.sku) else { return Err(PageError::Unreadable) };
    let storage = &visitor.shop.storage;
    let offered = products::by_skus(storage, std::slice::from_ref(&sku), visitor.shop.now()).await?;
    let product = offered.iter().find(|product| offers(product, &sku)).ok_or(PageError::NotFound)?;
    let Ok(email) = Email::parse(form.email.trim()) else {
        let choice = Choice { sku: sku.to_string(), ..Choice::default() };
        let trouble = visitor.say("checkout-email-wrong", &[]);
        let again = Again { quantity: "1".to_owned(), email: form.email, email_trouble: trouble, ..Again::default() };
        return catalogue::product_again(&visitor, &product.slug, &choice, again).await;
    };
    visitor.limits.wish(&visitor.client)?;
    // Drawn by the shop's clock, so that the oldest wish is told first.
    let id = format!("wish_{}", visitor.shop.draw_order_id().to_string().trim_start_matches("ord_"));
    stock_requests::put(storage, &id, &sku, &email, visitor.language.tag(), visitor.shop.now()).await?;
    // The same answer whether or not this address had asked before.
    Ok(see_other(&format!("{}&asked=1#wish", variant_href(&visitor, &product.slug, sku.as_str()))))
}
