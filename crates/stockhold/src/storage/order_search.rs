//! Finding orders by what people have at hand: a number, an e-mail address, a name, a SKU, or the beginning of one.
//!
//! Each arm reads one index in order and stops at a limit, so that a single letter costs no more than a whole name. Text is
//! compared byte by byte (`{binary}`), the same on both engines; letters are made small before.

use rules::ids::OrderId;
use rules::orders::Order;
use rules::text::Email;

use super::products::search::is_unspaced;
use super::{Result, RowExt, Storage};
use crate::values;

/// What one arm finds at most. What somebody knows whole comes with its newest first, so nothing new is left out.
pub const FOUND_MAX: i64 = 5_000;
/// Longer words are nobody's e-mail or order number.
pub const QUERY_CHARS_MAX: usize = 254;
/// Words of a name from whose beginning on it can be found, and as many places within words.
const NAME_BEGINNINGS_MAX: usize = 6;
const NAME_CHARS_MAX: usize = 100;
/// Sorts behind every text that begins with what stands before it.
const LAST: char = '\u{10ffff}';

/// Number or id, e-mail, name, SKU: whole, the newest first; then by their beginnings.
pub const FIND: &str = "
    select number from orders where number = $1 or id = $2
    union all
    select number from (select number from orders where buyer {binary} >= $3 and buyer {binary} < $4
        order by buyer {binary}, hold, number limit $9) as by_email
    union all
    select order_number from (select order_number from order_names where word = $5
        order by order_number desc limit $9) as by_name
    union all
    select order_number from (select order_number from order_names where word > $5 and word < $6
        order by word, order_number limit $9) as by_part_of_name
    union all
    select order_number from (select order_number from order_lines where upper(sku) {binary} = $7
        order by order_number desc limit $9) as by_sku
    union all
    select order_number from (select order_number from order_lines where upper(sku) {binary} > $7
        and upper(sku) {binary} < $8 order by upper(sku) {binary}, order_number limit $9) as by_part_of_sku";

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Numbers of orders, the newest first, each once.
    pub numbers: Vec<i64>,
    /// There are more than these: the words are too few.
    pub is_cut_short: bool,
}

/// Orders by what was typed; `None`: nothing was.
pub async fn find(storage: &Storage, typed: &str) -> Result<Option<Found>> {
    let Some(parameters) = parameters(typed) else { return Ok(None) };
    let rows = storage.read(FIND, parameters).await?;
    let is_cut_short = rows.len() as i64 >= FOUND_MAX;
    let mut numbers: Vec<i64> = rows.iter().map(|row| row.int(0)).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.dedup();
    Ok(Some(Found { numbers, is_cut_short }))
}

/// The parameters of [`FIND`].
pub fn parameters(typed: &str) -> Option<Vec<super::Value>> {
    let Person { typed, email: [email, after_email], name: [name, after_name] } = Person::typed(typed)?;
    let number: i64 = typed.parse().unwrap_or(0);
    let id = typed.parse::<OrderId>().map(|id| id.to_string()).unwrap_or_default();
    let [sku, after_sku] = range(typed.to_ascii_uppercase());
    Some(values![number, id, email, after_email, name, after_name, sku, after_sku, FOUND_MAX])
}

/// Somebody as they are looked for: what their address and a word of their name lie between, in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What was typed, without what no address, name or number has.
    typed: String,
    pub email: [String; 2],
    pub name: [String; 2],
}

impl Person {
    /// Who was typed; `None`: nobody was.
    pub fn typed(typed: &str) -> Option<Person> {
        // No name and no number has control characters, and PostgreSQL refuses one of them.
        let typed: String = typed.chars().filter(|c| !c.is_control()).take(QUERY_CHARS_MAX).collect();
        let typed = typed.trim().trim_start_matches(['#', '№']).trim();
        if typed.is_empty() {
            return None;
        }
        // An address is known by its buyer, whatever its `+tag`, also one that is not typed to its end.
        let email = Email::parse(typed).map_or_else(|_| without_tag(&typed.to_lowercase()), |email| email.buyer());
        Some(Person { typed: typed.to_owned(), email: range(email), name: range(words(typed)) })
    }
}

/// The beginning of an address as its buyer's begins: what follows a `+` belongs to nobody's name.
fn without_tag(beginning: &str) -> String {
    let Some((local, tag)) = beginning.split_once('+').filter(|(local, _)| !local.is_empty()) else {
        return beginning.to_owned();
    };
    let domain = tag.split_once('@').map_or("", |(_, domain)| domain);
    format!("{local}@{domain}")
}

/// A beginning, and what sorts behind everything that begins so.
fn range(beginning: String) -> [String; 2] {
    let behind = format!("{beginning}{LAST}");
    [beginning, behind]
}

/// The name on an address as it is found, in small letters: from each of its words on, and where words stand without a space
/// between them, from each character on; 林薇 is also looked for as 薇.
pub fn names(address: &str) -> Vec<String> {
    let name: String = field(address, "name").chars().take(NAME_CHARS_MAX).collect();
    let name = words(&name);
    let begins_word = |at: usize| name[..at].chars().next_back().is_none_or(|before| before == ' ');
    let places = name.char_indices().filter(|(_, c)| *c != ' ');
    let (words, within): (Vec<_>, Vec<_>) = places.partition(|(at, _)| begins_word(*at));
    let within = within.into_iter().filter(|(_, c)| is_unspaced(*c));
    let found = words.into_iter().take(NAME_BEGINNINGS_MAX).chain(within.take(NAME_BEGINNINGS_MAX));
    found.map(|(at, _)| name[at..].to_owned()).collect()
}

/// Where an order goes, as two letters; empty: nobody said, or in words of their own.
pub fn country(order: &Order) -> String {
    match &order.destination {
        Some(destination) => destination.country.code().to_owned(),
        None => {
            let said = field(&order.shipping_address, "country");
            rules::places::Country::parse(said.trim()).map_or_else(|_| String::new(), |known| known.code().to_owned())
        }
    }
}

fn field(address: &str, name: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(address).unwrap_or_default();
    fields.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// As names are stored and looked for: in small letters, a space between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_from_each_of_its_words_and_of_its_han_on() {
        let address = |name: &str| format!(r#"{{"name":"{name}"}}"#);
        assert_eq!(names(&address("  Anna  Maria Müller ")), ["anna maria müller", "maria müller", "müller"]);
        assert_eq!(names(&address("林薇")), ["林薇", "薇"]);
        assert!(
            names(&address("アレクサンドラ 田中")).contains(&"田中".to_owned()),
            "the second word, however long the first"
        );
        assert_eq!(names(&address("")), Vec::<String>::new());
        assert_eq!(names(""), Vec::<String>::new());
        assert_eq!(names(&address(&"a ".repeat(99))).len(), NAME_BEGINNINGS_MAX);
    }

    #[test]
    fn an_address_with_a_tag_is_found_by_its_beginning() {
        let begins = |typed: &str| Person::typed(typed).expect("somebody").email[0].clone();
        assert_eq!(begins("Ada+shop@example.org"), "ada@example.org");
        assert_eq!(begins("ada+shop@exa"), "ada@exa");
        assert_eq!(begins("ada+sh"), "ada@");
        assert_eq!(begins("+sh"), "+sh");
        assert_eq!(begins("ada"), "ada");
    }

    #[test]
    fn nothing_typed_asks_for_nothing() {
        assert_eq!(parameters("  # "), None);
        assert!(parameters("#1042").is_some_and(|values| values[0] == super::super::Value::Int(1042)));
    }
}
