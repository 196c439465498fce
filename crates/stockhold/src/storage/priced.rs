//! What an order was priced by, as its row keeps it: frozen words that are shown and invoiced, and never priced again.

use rules::orders::OrderDelivery;
use rules::places::{Country, Destination, Region};
use rules::shipping::Days;
use rules::taxes::{Rate, TaxLine};
use serde::{Deserialize, Serialize};

use super::books::parsed;
use super::{Result, StorageError};

#[derive(Serialize, Deserialize)]
struct StoredDelivery {
    zone: String,
    method: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<(u16, u16)>,
}

/// `DE` or `US-CA`; empty: nothing depended on it.
pub fn destination_text(destination: Option<&Destination>) -> String {
    destination.map_or_else(String::new, Destination::to_string)
}

pub fn destination(text: &str) -> Result<Option<Destination>> {
    if text.is_empty() {
        return Ok(None);
    }
    let (country, region) = match text.split_once('-') {
        Some((country, region)) => (country, Some(parsed(Region::parse(region))?)),
        None => (text, None),
    };
    Ok(Some(Destination { country: parsed(Country::parse(country))?, region }))
}

/// JSON; empty: nothing was asked about delivery.
pub fn delivery_text(delivery: Option<&OrderDelivery>) -> String {
    let Some(delivery) = delivery else { return String::new() };
    let stored = StoredDelivery {
        zone: delivery.zone.clone(),
        method: delivery.method.clone(),
        title: delivery.title.clone(),
        days: delivery.days.map(|days| (days.min, days.max)),
    };
    serde_json::to_string(&stored).expect("text and numbers are JSON")
}

pub fn delivery(text: &str) -> Result<Option<OrderDelivery>> {
    if text.is_empty() {
        return Ok(None);
    }
    let stored: StoredDelivery = json(text)?;
    let days = stored.days.map(|(min, max)| Days { min, max });
    Ok(Some(OrderDelivery { zone: stored.zone, method: stored.method, title: stored.title, days }))
}

/// JSON: rate in millionths, base and tax in minor units; empty: no line.
pub fn tax_lines_text(lines: &[TaxLine]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let stored: Vec<(i64, i64, i64)> =
        lines.iter().map(|line| (line.rate.millionths(), line.base_minor, line.amount_minor)).collect();
    serde_json::to_string(&stored).expect("numbers are JSON")
}

pub fn tax_lines(text: &str) -> Result<Vec<TaxLine>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let stored: Vec<(i64, i64, i64)> = json(text)?;
    let line = |(rate, base_minor, amount_minor)| {
        Ok(TaxLine { rate: parsed(Rate::from_millionths(rate))?, base_minor, amount_minor })
    };
    stored.into_iter().map(line).collect()
}

fn json<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StorageError::Broken(format!("a stored price cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let region = Some(Region::parse("CA").expect("a region"));
        let country = Country::parse("US").expect("a country");
        for place in [None, Some(Destination { country, region: None }), Some(Destination { country, region })] {
            assert_eq!(destination(&destination_text(place.as_ref())), Ok(place));
        }
        for days in [None, Some(Days { min: 2, max: 4 })] {
            let title = "Parcel \"by sea\"".to_owned();
            let way = Some(OrderDelivery { zone: "eu".to_owned(), method: "sea".to_owned(), title, days });
            assert_eq!(delivery(&delivery_text(way.as_ref())), Ok(way));
        }
        assert_eq!(delivery(&delivery_text(None)), Ok(None));
        let rate = Rate::parse("19").expect("a rate");
        for lines in [vec![], vec![TaxLine { rate, base_minor: 10_000, amount_minor: 1_900 }]] {
            assert_eq!(tax_lines(&tax_lines_text(&lines)), Ok(lines));
        }
    }
}
