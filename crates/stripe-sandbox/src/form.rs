//! Stripe's form encoding: brackets for nesting, a table of what each endpoint knows, and a refusal for the rest.
//!
//! A table entry is a key with `[]` for list positions and `[*]` for free names, then an optional `:kind`:
//! `int`, `number`, `bool`, `max200` (characters) or `one|of|these`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::errors::ApiError;

pub type Pairs = Vec<(String, String)>;

/// Reads `a=b&c%5Bd%5D=e`.
pub fn decode(text: &str) -> Result<Pairs, ApiError> {
    let mut pairs = Pairs::new();
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
        pairs.push((percent_decode(key)?, percent_decode(value)?));
    }
    Ok(pairs)
}

/// One value for an address.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let piece = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(piece).collect()
}

fn percent_decode(text: &str) -> Result<String, ApiError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                    return Err(ApiError::invalid(text, "Invalid percent-encoding"));
                };
                bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits fit a byte"));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::invalid("body", "Invalid UTF-8 in the request"))
}

/// `a[b][]` as `["a", "b", ""]`; nothing when the brackets do not close.
fn tokens(key: &str) -> Option<Vec<&str>> {
    let Some(open) = key.find('[') else { return Some(vec![key]) };
    let mut found = vec![&key[..open]];
    let mut rest = &key[open..];
    while !rest.is_empty() {
        let inside = rest.strip_prefix('[')?;
        let close = inside.find(']')?;
        found.push(&inside[..close]);
        rest = &inside[close + 1..];
    }
    Some(found)
}

enum Node {
    Leaf(Value),
    Named(BTreeMap<String, Node>),
    Listed(BTreeMap<usize, Node>),
}

impl Node {
    fn into_value(self) -> Value {
        match self {
            Node::Leaf(value) => value,
            Node::Named(fields) => {
                Value::Object(fields.into_iter().map(|(name, node)| (name, node.into_value())).collect::<Map<_, _>>())
            }
            Node::Listed(items) => Value::Array(items.into_values().map(Node::into_value).collect()),
        }
    }
}

/// Turns pairs into nested JSON by the endpoint's table. `later` are beginnings of keys that Stripe has and we do not.
pub fn read(pairs: &Pairs, table: &[&str], later: &[&str]) -> Result<Value, ApiError> {
    let mut root = Node::Named(BTreeMap::new());
    for (key, value) in pairs {
        let tokens = tokens(key).ok_or_else(|| ApiError::unknown(key))?;
        let Some((pattern, kind)) = find(table, &tokens) else {
            if later.iter().any(|entry| begins_with(&tokens, entry)) {
                return Err(ApiError::not_imitated(key));
            }
            return Err(ApiError::unknown(key));
        };
        let free_name = pattern.last() == Some(&"*");
        if free_name {
            check_metadata(key, tokens.last().expect("a key has at least one token"), value)?;
            if value.is_empty() {
                continue;
            }
        }
        let leaf = parse(key, value, kind)?;
        insert(&mut root, &tokens, &pattern, leaf);
    }
    let read = root.into_value();
    for holder in [&read["metadata"], &read["payment_intent_data"]["metadata"]] {
        if holder.as_object().is_some_and(|names| names.len() > 50) {
            return Err(ApiError::invalid("metadata", "You cannot have more than 50 metadata keys"));
        }
    }
    Ok(read)
}

fn begins_with(tokens: &[&str], entry: &str) -> bool {
    self::tokens(entry).is_some_and(|pattern| {
        let fits = |(expected, given): (&&str, &&str)| {
            expected == given || (expected.is_empty() && given.parse::<u16>().is_ok())
        };
        pattern.len() <= tokens.len() && pattern.iter().zip(tokens).all(fits)
    })
}

fn find<'a>(table: &[&'a str], tokens: &[&str]) -> Option<(Vec<&'a str>, &'a str)> {
    table.iter().find_map(|entry| {
        let (key, kind) = entry.rsplit_once(':').unwrap_or((entry, ""));
        let pattern = self::tokens(key)?;
        let fits = pattern.len() == tokens.len()
            && pattern.iter().zip(tokens).enumerate().all(|(place, (expected, given))| match *expected {
                "*" => !given.is_empty(),
                "" if place > 0 => given.is_empty() || given.parse::<u16>().is_ok(),
                name => name == *given,
            });
        fits.then_some((pattern, kind))
    })
}

fn insert(node: &mut Node, tokens: &[&str], pattern: &[&str], leaf: Value) {
    let Some((token, deeper)) = tokens.split_first() else {
        *node = Node::Leaf(leaf);
        return;
    };
    let is_list = |place: usize| pattern.get(place) == Some(&"");
    let next = if deeper.is_empty() {
        Node::Leaf(Value::Null)
    } else if is_list(1) {
        Node::Listed(BTreeMap::new())
    } else {
        Node::Named(BTreeMap::new())
    };
    let child = match node {
        Node::Named(fields) => fields.entry((*token).to_owned()).or_insert(next),
        Node::Listed(items) => {
            let last = items.keys().next_back().copied();
            let place = token.parse().unwrap_or_else(|_| match (last, deeper.first()) {
                // `a[][x]=1&a[][y]=2` is one item until a name comes again.
                (Some(last), Some(name)) if !matches!(&items[&last], Node::Named(has) if has.contains_key(*name)) => {
                    last
                }
                (last, _) => last.map_or(0, |last| last + 1),
            });
            items.entry(place).or_insert(next)
        }
        Node::Leaf(_) => return,
    };
    insert(child, deeper, &pattern[1..], leaf);
}

fn parse(key: &str, value: &str, kind: &str) -> Result<Value, ApiError> {
    if value.is_empty() {
        let message = format!(
            "You passed an empty string for '{key}'. We assume empty values are an attempt to unset a field; however \
             '{key}' cannot be unset. You should remove '{key}' from your request or supply a non-empty value."
        );
        return Err(ApiError::invalid_code("parameter_invalid_empty", key, message));
    }
    match kind {
        "" => Ok(json!(value)),
        "int" => value
            .parse::<i64>()
            .map(|number| json!(number))
            .map_err(|_| ApiError::invalid_code("parameter_invalid_integer", key, format!("Invalid integer: {value}"))),
        "number" => match value.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(json!(number)),
            _ => Err(ApiError::invalid(key, format!("Invalid decimal: {value}"))),
        },
        "bool" => value
            .parse::<bool>()
            .map(|yes| json!(yes))
            .map_err(|_| ApiError::invalid(key, format!("Invalid boolean: {value}"))),
        limit if limit.starts_with("max") => {
            let most: usize = limit[3..].parse().expect("the tables say max and a number");
            if value.chars().count() > most {
                let message = format!("Invalid string: {key}; must be at most {most} characters");
                return Err(ApiError::invalid(key, message));
            }
            Ok(json!(value))
        }
        choices => {
            if !choices.split('|').any(|choice| choice == value) {
                let message = format!("Invalid {key}: must be one of {}", choices.replace('|', ", "));
                return Err(ApiError::invalid(key, message));
            }
            Ok(json!(value))
        }
    }
}

fn check_metadata(param: &str, name: &str, value: &str) -> Result<(), ApiError> {
    if name.chars().count() > 40 {
        let message = format!("Metadata keys can have up to 40 characters. Invalid key: {name}");
        return Err(ApiError::invalid(param, message));
    }
    let length = value.chars().count();
    if length > 500 {
        let message = format!(
            "Metadata values can have up to 500 characters, but you passed in a value that is {length} characters."
        );
        return Err(ApiError::invalid(param, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[&str] = &["mode:payment|setup", "items[][name]", "items[][count]:int", "kinds[]", "metadata[*]"];

    fn given(body: &str) -> Result<Value, ApiError> {
        read(&decode(body)?, TABLE, &["tax"])
    }

    #[test]
    fn brackets_become_lists_and_objects() {
        let read =
            given("mode=payment&items[1][name]=b&items%5B0%5D%5Bname%5D=a+%C3%A9&items[0][count]=2&metadata[0]=x");
        let expected = json!({"mode": "payment", "items": [{"name": "a é", "count": 2}, {"name": "b"}],
            "metadata": {"0": "x"}});
        assert_eq!(read.expect("the body is well-formed"), expected);
        let read = given("kinds[]=card&kinds[]=link&items[][name]=a&items[][count]=1&items[][name]=b");
        let expected = json!({"kinds": ["card", "link"], "items": [{"name": "a", "count": 1}, {"name": "b"}]});
        assert_eq!(read.expect("the body is well-formed"), expected);
    }

    #[test]
    fn what_is_not_in_the_table_is_refused() {
        let code = |body: &str| given(body).expect_err("refused").code;
        assert_eq!(code("color=red"), Some("parameter_unknown"));
        assert_eq!(code("items[0][color]=red"), Some("parameter_unknown"));
        assert_eq!(code("items[name]=red"), Some("parameter_unknown"));
        assert_eq!(code("items[0][count]=two"), Some("parameter_invalid_integer"));
        assert_eq!(code("items[0][name]="), Some("parameter_invalid_empty"));
        assert_eq!(code("tax[rate]=3"), Some("sandbox_not_imitated"));
        assert_eq!(code("mode=gift"), None);
    }
}
