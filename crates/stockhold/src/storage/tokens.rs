//! The tokens of the one SQL text, and what each engine makes of them.
//!
//! | token | SQLite | PostgreSQL |
//! |---|---|---|
//! | `{in $1}` | `in (select value from json_each($1))` | `= any($1)` |
//! | `{lock}` | nothing: one writer, `begin immediate` | `for update` |
//! | `{lock s}` | nothing | `for update of s` |
//! | `{rows a b:text}` | `r.a` becomes `$1`; run once per row, and `insert … select …` is `insert … values (…)` | `from unnest($1::bigint[], $2::text[]) as r (a, b)` |
//! | `{cross a b:text}` | as `{rows …}`, but the `insert … select …` stays one | `cross join unnest(…) as r (a, b)` |
//! | `{clustered}` | `without rowid` | nothing |
//! | `{binary}` | nothing | `collate "C"`: text is compared byte by byte on both |
//! | `{field a b}` | text `b` of the JSON object in column `a`; neither engine takes an empty column here ||
//! | `{only_added_to t}` | triggers that refuse to change or delete a row of `t` | a trigger and its function |
//! | `{texts $1}` | `json_each($1) as t` | `unnest($1::text[]) as t (value)` |

/// Which engine a text is expanded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A statement as one engine takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    pub sql: String,
    /// For `{rows …}`: whether each column is text.
    pub columns_are_text: Vec<bool>,
}

/// Expands the tokens. Panics on an unknown one: the text is ours, and a test expands all of it.
pub fn expand(sql: &str, engine: Engine) -> Expanded {
    let mut expanded = Expanded { sql: String::with_capacity(sql.len()), columns_are_text: Vec::new() };
    let mut row_names: Vec<&str> = Vec::new();
    let mut rest = sql;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}').expect("a token is closed");
        expanded.sql += &rest[..open];
        let token = &rest[open + 1..close];
        rest = &rest[close + 1..];
        let (word, arguments) = token.split_once(' ').unwrap_or((token, ""));
        match (word, engine) {
            ("in", Engine::Sqlite) => expanded.sql += &format!("in (select value from json_each({arguments}))"),
            ("in", Engine::Postgres) => expanded.sql += &format!("= any({arguments})"),
            ("lock", Engine::Sqlite) => {}
            ("lock", Engine::Postgres) if arguments.is_empty() => expanded.sql += "for update",
            ("lock", Engine::Postgres) => expanded.sql += &format!("for update of {arguments}"),
            ("clustered", Engine::Sqlite) => expanded.sql += "without rowid",
            ("clustered", Engine::Postgres) => {}
            ("only_added_to", _) => expanded.sql += &only_added_to(arguments, engine),
            ("binary", Engine::Sqlite) => {}
            ("binary", Engine::Postgres) => expanded.sql += "collate \"C\"",
            ("field", _) => {
                let (column, name) = arguments.split_once(' ').expect("a column and the name of a field");
                expanded.sql += &match engine {
                    Engine::Sqlite => format!("json_extract({column}, '$.{name}')"),
                    Engine::Postgres => format!("({column}::jsonb ->> '{name}')"),
                };
            }
            ("texts", Engine::Sqlite) => expanded.sql += &format!("json_each({arguments}) as t"),
            ("texts", Engine::Postgres) => expanded.sql += &format!("unnest({arguments}::text[]) as t (value)"),
            ("rows" | "cross", _) => {
                for column in arguments.split(' ') {
                    let name = column.strip_suffix(":text");
                    expanded.columns_are_text.push(name.is_some());
                    row_names.push(name.unwrap_or(column));
                }
                match engine {
                    Engine::Postgres if word == "cross" => {
                        expanded.sql += "cross join ";
                        expanded.sql += &unnest(&row_names, &expanded.columns_are_text);
                    }
                    Engine::Postgres => {
                        expanded.sql += "from ";
                        expanded.sql += &unnest(&row_names, &expanded.columns_are_text);
                    }
                    Engine::Sqlite if word == "rows" && expanded.sql.trim_start().starts_with("insert") => {
                        (expanded.sql, rest) = (as_values(&expanded.sql), after_where_true(rest));
                    }
                    Engine::Sqlite => {}
                }
            }
            _ => panic!("unknown token {{{token}}}"),
        }
    }
    expanded.sql += rest;
    if engine == Engine::Sqlite {
        for (at, name) in row_names.iter().enumerate() {
            expanded.sql = replace_word(&expanded.sql, &format!("r.{name}"), &format!("${}", at + 1));
        }
    }
    expanded
}

/// What has been written down stands: the database itself refuses to change it, whoever asks.
fn only_added_to(table: &str, engine: Engine) -> String {
    let words = format!("lines of {table} are never changed");
    match engine {
        Engine::Sqlite => ["update", "delete"]
            .map(|change| {
                format!("create trigger {table}_{change} before {change} on {table} begin select raise(abort, '{words}'); end")
            })
            .join("; "),
        Engine::Postgres => format!(
            "create function {table}_stands() returns trigger language plpgsql \
            as $$ begin raise exception '{words}'; end $$; \
            create trigger {table}_stands before update or delete on {table} \
            for each statement execute function {table}_stands()"
        ),
    }
}

/// One row as `values (…)`: before each `insert … select` SQLite keeps every page that it may have to put back, as if it
/// were to insert many rows (measured: half of the processor's time of placing an order).
fn as_values(sql: &str) -> String {
    let (insert, columns) = sql.split_once("select ").expect("rows are inserted by `insert … select …`");
    format!("{insert}values ({})", columns.trim_end())
}

/// `where true` only parts the `select` from its `on conflict`; after `values` it would be a mistake.
fn after_where_true(rest: &str) -> &str {
    rest.strip_prefix(" where true").unwrap_or(rest)
}

fn unnest(names: &[&str], are_text: &[bool]) -> String {
    let arrays: Vec<String> = are_text
        .iter()
        .enumerate()
        .map(|(at, text)| format!("${}::{}[]", at + 1, if *text { "text" } else { "bigint" }))
        .collect();
    format!("unnest({}) as r ({})", arrays.join(", "), names.join(", "))
}

/// Replaces whole words only: `r.id` must not eat the beginning of `r.id_before`.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let after = rest[at + word.len()..].chars().next();
        let before = rest[..at].chars().next_back();
        let part_of_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        out += &rest[..at];
        out += if part_of_name(after) || part_of_name(before) { word } else { by };
        rest = &rest[at + word.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, sqlite: &str, postgres: &str) {
        assert_eq!(expand(sql, Engine::Sqlite).sql, sqlite);
        assert_eq!(expand(sql, Engine::Postgres).sql, postgres);
    }

    #[test]
    fn each_token_becomes_what_its_engine_takes() {
        check(
            "select 1 from t where id {in $1} order by id {lock}",
            "select 1 from t where id in (select value from json_each($1)) order by id ",
            "select 1 from t where id = any($1) order by id for update",
        );
        check(
            "create table t (a text) {clustered}",
            "create table t (a text) without rowid",
            "create table t (a text) ",
        );
        check(
            "create table t (a text {binary} not null)",
            "create table t (a text  not null)",
            "create table t (a text collate \"C\" not null)",
        );
        check("select {field a b} from t", "select json_extract(a, '$.b') from t", "select (a::jsonb ->> 'b') from t");
        check(
            "insert into t (a) select t.value from {texts $1}",
            "insert into t (a) select t.value from json_each($1) as t",
            "insert into t (a) select t.value from unnest($1::text[]) as t (value)",
        );
        check(
            "update t set a = a + r.a {rows id:text a} where t.id = r.id",
            "update t set a = a + $2  where t.id = $1",
            "update t set a = a + r.a from unnest($1::text[], $2::bigint[]) as r (id, a) where t.id = r.id",
        );
        check(
            "insert into t (a, b) select e.id, r.a from e {cross a:text} where e.on = 1",
            "insert into t (a, b) select e.id, $1 from e  where e.on = 1",
            "insert into t (a, b) select e.id, r.a from e cross join unnest($1::text[]) as r (a) where e.on = 1",
        );
        check(
            "insert into t (a, b) select r.a, 0 {rows a:text} where true on conflict (a) do nothing",
            "insert into t (a, b) values ($1, 0) on conflict (a) do nothing",
            "insert into t (a, b) select r.a, 0 from unnest($1::text[]) as r (a) where true on conflict (a) do nothing",
        );
    }

    #[test]
    fn a_longer_name_is_not_mistaken_for_a_shorter_one() {
        let expanded = expand("insert into t (a, b) select r.id, r.id_before {rows id id_before}", Engine::Sqlite);
        assert_eq!(expanded.sql, "insert into t (a, b) values ($1, $2)");
    }
}
