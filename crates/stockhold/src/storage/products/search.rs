//! Search: words, folded in case, width and accents, and for Han and kana each character and each pair of them.
//!
//! Invariant: both engines find the same, because they only compare tokens that are made here. A query's tokens must
//! all be there; its last word may be a beginning. What a title says counts more than what a description says.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use super::NewProduct;
use crate::storage::{Result, RowExt, Storage, Value};
use crate::values;

/// Longest query that is looked at, in characters.
pub const QUERY_CHARS_MAX: usize = 100;
/// Words that a beginning may stand for.
const COMPLETIONS_MAX: i64 = 200;
/// Words that a misspelled one is held against.
const NEIGHBOURS_MAX: i64 = 5_000;
/// A word this short is not taken for a misspelling: everything is near it.
const MISSPELLED_CHARS_MIN: usize = 4;
/// From this length on, two slips of the finger are forgiven.
const TWO_SLIPS_CHARS_MIN: usize = 7;
/// A token longer than any word.
const TOKEN_CHARS_MAX: usize = 60;

const OF_TITLE: i64 = 8;
const OF_SKU: i64 = 6;
const OF_OPTION: i64 = 4;
const OF_DESCRIPTION: i64 = 1;

/// A product that was found, and how much speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub product_id: String,
    pub weight: i64,
}

/// A run of text that is searched in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    Word(String),
    /// Without spaces between words, so every pair of neighbours counts.
    Characters(Vec<char>),
}

/// Products that are for sale and have all of it, the best first.
pub async fn find(storage: &Storage, query: &str) -> Result<Vec<Hit>> {
    search(storage, query, false).await
}

/// The same among all products, for their keeper.
pub async fn find_any(storage: &Storage, query: &str) -> Result<Vec<Hit>> {
    search(storage, query, true).await
}

async fn search(storage: &Storage, query: &str, any_status: bool) -> Result<Vec<Hit>> {
    let terms = terms(query);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut alternatives: Vec<BTreeSet<String>> = Vec::new();
    for term in terms {
        let mut tokens = BTreeSet::from([term.token.clone()]);
        if term.is_beginning {
            let sql = "select distinct token from product_tokens
                where is_word = 1 and token >= $1 and token < $2 order by token limit $3";
            let rows = storage.read(sql, values![term.token.as_str(), after(&term.token), COMPLETIONS_MAX]).await?;
            tokens.extend(rows.iter().map(|row| row.text(0).to_owned()));
        }
        alternatives.push(tokens);
    }
    let all: BTreeSet<&String> = alternatives.iter().flatten().collect();
    let sql = "select t.product_id, t.token, t.weight, p.position from product_tokens t
        join products p on p.id = t.product_id and (p.status = 'active' or $2 = 1)
        where t.token {in $1}";
    let rows = storage.read(sql, values![all.into_iter().cloned().collect::<Vec<String>>(), any_status]).await?;
    let mut found: BTreeMap<(i64, &str), BTreeMap<&str, i64>> = BTreeMap::new();
    for row in &rows {
        found.entry((row.int(3), row.text(0))).or_default().insert(row.text(1), row.int(2));
    }
    let mut hits = Vec::new();
    for ((_, product_id), tokens) in found {
        let best = |wanted: &BTreeSet<String>| wanted.iter().filter_map(|token| tokens.get(token.as_str())).max();
        let weights: Option<Vec<i64>> = alternatives.iter().map(|wanted| best(wanted).copied()).collect();
        if let Some(weights) = weights {
            hits.push(Hit { product_id: product_id.to_owned(), weight: weights.iter().sum() });
        }
    }
    // The sort is stable: what counts the same stays in the order of the shelf.
    hits.sort_by_key(|hit| -hit.weight);
    Ok(hits)
}

/// The query as it was probably meant, when one of its words is near one that the shop has; none otherwise.
pub async fn meant(storage: &Storage, query: &str) -> Result<Option<String>> {
    let mut changed = false;
    let mut words = Vec::new();
    for run in runs(&cut(query)) {
        let word = match run {
            Run::Characters(characters) => characters.into_iter().collect(),
            Run::Word(word) => match neighbour(storage, &word).await? {
                Some(better) => {
                    changed = true;
                    better
                }
                None => word,
            },
        };
        words.push(word);
    }
    Ok(changed.then(|| words.join(" ")))
}

/// The shop's own word nearest to this one; none when this is one, or none is near.
async fn neighbour(storage: &Storage, word: &str) -> Result<Option<String>> {
    let length = word.chars().count();
    let Some(first) = word.chars().next().filter(|_| length >= MISSPELLED_CHARS_MIN) else { return Ok(None) };
    // People get the first letter right, and it keeps the list short.
    let first = first.to_string();
    let sql = "select t.token, count(*) from product_tokens t
        join products p on p.id = t.product_id and p.status = 'active'
        where t.is_word = 1 and t.token >= $1 and t.token < $2
        group by t.token order by t.token limit $3";
    let rows = storage.read(sql, values![first.as_str(), after(&first), NEIGHBOURS_MAX]).await?;
    if rows.iter().any(|row| row.text(0).starts_with(word)) {
        return Ok(None);
    }
    let slips_max = if length >= TWO_SLIPS_CHARS_MIN { 2 } else { 1 };
    let near = rows.iter().filter_map(|row| {
        let slips = slips(word, row.text(0));
        (slips <= slips_max).then(|| (slips, -row.int(1), row.text(0)))
    });
    Ok(near.min().map(|(_, _, token)| token.to_owned()))
}

/// What makes a product found, for the transaction that saves it.
pub(super) fn statements(product_id: &str, new: &NewProduct) -> Vec<(&'static str, Vec<Value>)> {
    let mut statements = vec![("delete from product_tokens where product_id = $1", values![product_id])];
    let titles: Vec<&String> = new.title.0.values().collect();
    let skus: Vec<String> = new.variants.iter().map(|variant| variant.sku.to_string()).collect();
    let titled = |variant: &super::NewVariant| variant.title.0.values().cloned().collect::<Vec<String>>();
    let valued = |variant: &super::NewVariant| {
        variant.options.values().flat_map(|value| value.0.values().cloned()).collect::<Vec<String>>()
    };
    let options: Vec<String> = new.variants.iter().flat_map(|v| [titled(v), valued(v)].concat()).collect();
    let descriptions: Vec<&String> = new.description.0.values().collect();
    let mut known = BTreeSet::new();
    let sources: [(i64, Vec<&String>); 4] = [
        (OF_TITLE, titles),
        (OF_SKU, skus.iter().collect()),
        (OF_OPTION, options.iter().collect()),
        (OF_DESCRIPTION, descriptions),
    ];
    for (weight, texts) in sources {
        let mut tokens = (Vec::new(), Vec::new());
        for text in texts {
            for (token, is_word) in tokens_of(text) {
                // What counts most comes first, and each token once.
                if known.insert(token.clone()) {
                    if is_word { tokens.0.push(token) } else { tokens.1.push(token) }
                }
            }
        }
        let put = "insert into product_tokens (product_id, token, weight, is_word)
            select $1, t.value, $3, $4 from {texts $2} where true on conflict (product_id, token) do nothing";
        for (tokens, is_word) in [(tokens.0, true), (tokens.1, false)] {
            if !tokens.is_empty() {
                statements.push((put, values![product_id, tokens, weight, is_word]));
            }
        }
    }
    statements
}

/// The tokens of a text, and whether each is a word.
fn tokens_of(text: &str) -> Vec<(String, bool)> {
    let mut tokens = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => tokens.push((word, true)),
            Run::Characters(characters) => {
                tokens.extend(characters.iter().map(|character| (character.to_string(), false)));
                tokens.extend(characters.windows(2).map(|pair| (pair.iter().collect(), false)));
            }
        }
    }
    tokens
}

/// One thing that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    token: String,
    is_beginning: bool,
}

fn terms(query: &str) -> Vec<Term> {
    let exact = |token: String| Term { token, is_beginning: false };
    let runs = runs(&cut(query));
    let last = runs.len().saturating_sub(1);
    let mut terms = Vec::new();
    for (at, run) in runs.into_iter().enumerate() {
        match run {
            Run::Word(word) => terms.push(Term { token: word, is_beginning: at == last }),
            Run::Characters(characters) if characters.len() == 1 => terms.push(exact(characters[0].to_string())),
            Run::Characters(characters) => {
                terms.extend(characters.windows(2).map(|pair| exact(pair.iter().collect())));
            }
        }
    }
    terms
}

fn cut(query: &str) -> String {
    query.chars().take(QUERY_CHARS_MAX).collect()
}

/// Folds a text and takes it apart: letters and digits make words, Han and kana make runs of characters.
fn runs(text: &str) -> Vec<Run> {
    // Compatibility forms first (full width is width only), then accents off: é is e followed by its accent.
    let folded: String = text.nfkc().collect::<String>().to_lowercase();
    let folded = folded.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).nfc();
    let mut runs: Vec<Run> = Vec::new();
    let mut goes_on = false;
    for c in folded {
        if is_unspaced(c) {
            match runs.last_mut() {
                Some(Run::Characters(characters)) if goes_on => characters.push(c),
                _ => runs.push(Run::Characters(vec![c])),
            }
            goes_on = true;
        } else if c.is_alphanumeric() {
            match runs.last_mut() {
                Some(Run::Word(word)) if goes_on => word.push(c),
                _ => runs.push(Run::Word(c.to_string())),
            }
            goes_on = true;
        } else if c != '\'' && c != '’' {
            goes_on = false; // An apostrophe is inside a word: hare’s is hares.
        }
    }
    runs.retain(|run| !matches!(run, Run::Word(word) if word.chars().count() > TOKEN_CHARS_MAX));
    runs
}

/// Han, kana and hangul: written without spaces between words.
pub(in crate::storage) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The end of the range of texts that begin with this one, where texts are compared byte by byte.
fn after(beginning: &str) -> String {
    format!("{beginning}\u{10ffff}")
}

/// Slips of the finger between two words: a letter wrong, left out, too many, or two that changed places.
fn slips(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (at, row) in rows.iter_mut().enumerate() {
        row[0] = at;
    }
    rows[0] = (0..=other.len()).collect();
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let wrong = usize::from(one[i - 1] != other[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + wrong);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_han_is_taken_in_pairs() {
        let tokens = |text: &str| tokens_of(text).into_iter().map(|(token, _)| token).collect::<Vec<_>>();
        assert_eq!(tokens("Café  ＷＯＯＬ, 120ml"), ["cafe", "wool", "120ml"]);
        assert_eq!(tokens("青瓷杯"), ["青", "瓷", "杯", "青瓷", "瓷杯"]);
        assert_eq!(tokens("茶杯 120 毫升"), ["茶", "杯", "茶杯", "120", "毫", "升", "毫升"]);
        assert_eq!(tokens("Hare’s-fur"), ["hares", "fur"]);
        assert!(tokens(" \"%_! ").is_empty());
    }

    #[test]
    fn the_last_word_of_a_query_may_be_a_beginning() {
        let shown = |query: &str| {
            terms(query).into_iter().map(|t| t.token + if t.is_beginning { "*" } else { "" }).collect::<Vec<_>>()
        };
        assert_eq!(shown("Celadon cu"), ["celadon", "cu*"]);
        assert_eq!(shown("青瓷茶杯"), ["青瓷", "瓷茶", "茶杯"]);
        assert_eq!(shown("茶"), ["茶"]);
        assert_eq!(shown("cup 茶"), ["cup", "茶"]);
        assert_eq!(shown(&"x ".repeat(200)).len(), QUERY_CHARS_MAX / 2, "a long query is cut");
    }

    #[test]
    fn slips_of_the_finger_are_counted() {
        for (one, other, expected) in
            [("celadon", "celadon", 0), ("celadno", "celadon", 1), ("celdon", "celadon", 1), ("teapto", "teapots", 2)]
        {
            assert_eq!(slips(one, other), expected, "{one} {other}");
        }
    }
}
