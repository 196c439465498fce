//! The setup: what a new shop still needs, until all of it is there.

use minijinja::context;
use minijinja::value::Value;

use crate::storage::keys::Scope;
use crate::storage::today;
use crate::web::admin::desk::Desk;

/// The steps, or nothing once they are all done, and nothing for those who cannot do them.
pub fn steps(desk: &Desk, known: &today::Setup) -> Option<Value> {
    if !desk.may(Scope::SettingsWrite) {
        return None;
    }
    let shop = &desk.shop;
    let has_own_key = shop.config.stripe_secret_key.is_some();
    // The key, where it leads, and whether it is done. What the machine's environment sets has no page.
    let steps = [
        ("name", "/admin/settings", known.has_name),
        ("product", "/admin/products", known.has_product),
        ("zone", "/admin/settings/shipping", known.has_zones),
        ("tax", "/admin/settings/taxes", known.has_tax_rules),
        ("pages", "/admin/settings/pages", known.has_pages),
        ("smtp", "", shop.config.smtp_url.is_some()),
        ("stripe", "", has_own_key),
        // Events of the built-in sandbox say nothing about Stripe's way to this shop.
        ("webhook", "/admin/payments/webhooks", has_own_key && known.has_event),
        ("live", "", shop.config.is_live()),
    ];
    let (done, total) = (steps.iter().filter(|(_, _, done)| *done).count(), steps.len());
    if done == total {
        return None;
    }
    let shown = steps.iter().map(|(key, href, done)| {
        context! {
            key => *key,
            done => *done,
            text => desk.say(&format!("admin-setup-step-{key}"), &[]),
            hint => desk.say(&format!("admin-setup-step-{key}-hint"), &[]),
            href => (!href.is_empty()).then(|| format!("{}{href}", desk.prefix())),
        }
    });
    Some(context! { done, total, steps => shown.collect::<Vec<_>>() })
}
