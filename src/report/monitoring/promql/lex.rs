//! Text becomes words, numbers, texts and signs.

/// What is not taken, at a character of the expression (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub column: usize,
    /// What was found.
    pub found: String,
    /// What is allowed instead.
    pub allowed: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Number(f64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 24] = [
    "==", "!=", ">=", "<=", "=~", "!~", ">", "<", "=", "+", "-", "*", "/", "%", "^", "(", ")", "{",
    "}", "[", "]", ",", ":", "@",
];
pub(super) fn refusal(
    column: usize,
    found: impl Into<String>,
    allowed: impl Into<String>,
) -> Refusal {
    Refusal { column, found: found.into(), allowed: allowed.into() }
}

pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Refusal> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (start, c) = (at, chars[at]);
        if c.is_whitespace() {
            at += 1;
        } else if c == '#' {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if c == '"' || c == '\'' {
            let (string, end) = quoted(&chars, at)?;
            found.push((start + 1, Token::Text(string)));
            at = end;
        } else if c.is_ascii_alphabetic() || c == '_' {
            while at < chars.len()
                && (chars[at].is_ascii_alphanumeric() || "_:".contains(chars[at]))
            {
                at += 1;
            }
            found.push((start + 1, Token::Word(chars[start..at].iter().collect())));
        } else if c.is_ascii_digit() || c == '.' {
            let exponent = |at: usize| matches!(chars[at - 1], 'e' | 'E');
            while at < chars.len()
                && (chars[at].is_ascii_alphanumeric()
                    || chars[at] == '.'
                    || ("+-".contains(chars[at]) && exponent(at)))
            {
                at += 1;
            }
            let word: String = chars[start..at].iter().collect();
            // A time such as 5m is a word; it means something in brackets only.
            let number = word.parse::<f64>().ok().filter(|value| value.is_finite());
            found.push((start + 1, number.map_or(Token::Word(word), Token::Number)));
        } else {
            let rest: String = chars[at..chars.len().min(at + 2)].iter().collect();
            let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
                let allowed = "names, numbers, texts in quotes, comparisons, + - * / and brackets";
                return Err(refusal(at + 1, format!("`{c}`"), allowed));
            };
            found.push((start + 1, Token::Sign(sign)));
            at += sign.len();
        }
    }
    found.push((chars.len() + 1, Token::End));
    Ok(found)
}

/// A text in quotes with `\"`, `\'`, `\\` and `\n` in it, and where it ends.
fn quoted(chars: &[char], start: usize) -> Result<(String, usize), Refusal> {
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(c) = chars.get(at) {
        match (c, chars.get(at + 1)) {
            (c, _) if *c == chars[start] => return Ok((text, at + 1)),
            ('\\', Some(next @ ('"' | '\'' | '\\'))) => {
                text.push(*next);
                at += 1;
            }
            ('\\', Some('n')) => {
                text.push('\n');
                at += 1;
            }
            ('\\', _) => {
                return Err(refusal(at + 1, "`\\`", "\\\" \\' \\\\ or \\n in a text"));
            }
            (c, _) => text.push(*c),
        }
        at += 1;
    }
    Err(refusal(start + 1, "a text without its end", "a closing quote"))
}
