//! Descriptions of other shops come as HTML; ours are Markdown. The words and their paragraphs are kept.

/// Tags that begin a new paragraph, and those that begin a line of a list.
const PARAGRAPHS: [&str; 11] = ["p", "div", "h1", "h2", "h3", "h4", "ul", "ol", "table", "tr", "blockquote"];

/// Text without its tags; text that never had any is left as it is.
pub fn to_markdown(html: &str) -> String {
    if !html.match_indices('<').any(|(at, _)| is_tag(&html[at + 1..])) {
        return html.to_owned();
    }
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text += &collapsed(&rest[..open]);
        rest = &rest[open..];
        if !is_tag(&rest[1..]) {
            text.push('<');
            rest = &rest[1..];
            continue;
        }
        let Some(close) = rest.find('>') else { break };
        let (name, end) = tag(&rest[1..close]);
        rest = &rest[close + 1..];
        match name.as_str() {
            // What stands inside these is not for readers.
            "script" | "style" if !end => {
                let after = rest.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(rest.len());
                rest = &rest[after..];
            }
            "br" => text.push('\n'),
            "li" if !end => text += "\n- ",
            name if PARAGRAPHS.contains(&name) => text += "\n\n",
            "strong" | "b" => text += "**",
            _ => {}
        }
    }
    text += &collapsed(rest);
    tidied(&entities(&text))
}

/// Whether a tag follows the `<`, not a number or a space.
fn is_tag(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

/// A tag's name in lower case, and whether it ends something.
fn tag(inside: &str) -> (String, bool) {
    let end = inside.starts_with('/');
    let name = inside.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric);
    (name.collect::<String>().to_ascii_lowercase(), end)
}

/// White space of any length is one space, as browsers show it.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_ascii_whitespace() {
            true if out.ends_with(' ') => {}
            true => out.push(' '),
            false => out.push(letter),
        }
    }
    out
}

fn entities(text: &str) -> String {
    let named = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&rsquo;", "’")];
    // The ampersand last, so that nothing is read twice.
    named.iter().chain(&[("&amp;", "&")]).fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// Lines without their ends' spaces, and one empty line between paragraphs.
fn tidied(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line == "-" || line == "****" {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out += if empty > 0 { "\n\n" } else { "\n" };
        }
        empty = 0;
        out += line;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::to_markdown;

    #[test]
    fn the_words_and_their_paragraphs_are_kept() {
        for (html, text) in [
            ("Holds 120 ml.\nFits < 1 hand", "Holds 120 ml.\nFits < 1 hand"),
            ("<p>Holds <b>120&nbsp;ml</b>.</p>\n<p>Warm &amp; round</p>", "Holds **120 ml**.\n\nWarm & round"),
            ("<ul><li>one</li>\n<li>two</li></ul>", "- one\n- two"),
            ("a<br>b<script>alert('<p>')</script>c", "a\nbc"),
            ("<p class=\"x\">unclosed", "unclosed"),
            ("broken <", "broken <"),
            ("2 < 3 <i>cups</i>", "2 < 3 cups"),
            ("<p", "<p"),
        ] {
            assert_eq!(to_markdown(html), text, "{html}");
        }
    }
}
