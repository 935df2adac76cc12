//! Text becomes an alert's expression, or a refusal that says what is allowed.

use super::lex::{Refusal, Token, refusal, tokens};
use super::{Aggregate, Alert, Compare, Expr, Grouping, Matcher, Piece, Selector};
use crate::units::SimSpan;

const COMPARES: [(&str, Compare); 6] = [
    (">", Compare::Above),
    (">=", Compare::AtLeast),
    ("<", Compare::Below),
    ("<=", Compare::AtMost),
    ("==", Compare::Equal),
    ("!=", Compare::Unequal),
];
const AGGREGATES: [(&str, Aggregate); 5] = [
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("max", Aggregate::Max),
    ("min", Aggregate::Min),
    ("count", Aggregate::Count),
];
/// Deepest nesting.
const DEEPEST: usize = 32;

/// Reads an alert's expression.
///
/// # Errors
/// Everything that is not in the grammar of the module.
pub fn parse(text: &str) -> Result<Alert, Refusal> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let left = parser.sum()?;
    let sign = parser.peek().clone();
    let compare = COMPARES.iter().find(|(word, _)| sign == Token::Sign(word));
    let Some((_, compare)) = compare else {
        let words: Vec<&str> = COMPARES.iter().map(|(word, _)| *word).collect();
        return parser.refuse(&format!("a comparison with a number: one of {}", words.join(" ")));
    };
    parser.next += 1;
    let minus = parser.eat("-");
    let Token::Number(right) = *parser.peek() else {
        return parser.refuse("a number to compare with");
    };
    parser.next += 1;
    if *parser.peek() != Token::End {
        return parser.refuse("the end: one comparison of one expression with a number");
    }
    Ok(Alert { left, compare: *compare, right: if minus { -right } else { right } })
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn eat(&mut self, sign: &'static str) -> bool {
        let there = *self.peek() == Token::Sign(sign);
        self.next += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Refusal> {
        if self.eat(sign) { Ok(()) } else { self.refuse(&format!("`{sign}`")) }
    }

    fn refuse<T>(&self, allowed: &str) -> Result<T, Refusal> {
        let (column, token) = &self.tokens[self.next];
        let found = match token {
            Token::Word(word) => format!("`{word}`"),
            Token::Number(number) => format!("`{number}`"),
            Token::Text(text) => format!("\"{text}\""),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        };
        Err(refusal(*column, found, allowed))
    }

    fn sum(&mut self) -> Result<Expr, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.refuse(&format!("at most {DEEPEST} levels"));
        }
        let mut left = self.product()?;
        loop {
            let op = if self.eat("+") {
                '+'
            } else if self.eat("-") {
                '-'
            } else {
                break;
            };
            let right = Box::new(self.product()?);
            left = Expr::Binary { op, left: Box::new(left), right };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, Refusal> {
        let mut left = self.value()?;
        loop {
            let op = if self.eat("*") {
                '*'
            } else if self.eat("/") {
                '/'
            } else {
                return Ok(left);
            };
            let right = Box::new(self.value()?);
            left = Expr::Binary { op, left: Box::new(left), right };
        }
    }

    fn value(&mut self) -> Result<Expr, Refusal> {
        if self.eat("(") {
            let inner = self.sum()?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.peek().clone() {
            Token::Number(number) => {
                self.next += 1;
                Ok(Expr::Number(number))
            }
            Token::Word(word) => self.word(&word),
            _ => self.refuse("a number, a metric, sum avg max min count, rate or increase"),
        }
    }

    fn word(&mut self, word: &str) -> Result<Expr, Refusal> {
        if let Some((_, by)) = AGGREGATES.iter().find(|(name, _)| *name == word) {
            self.next += 1;
            return self.aggregate(*by);
        }
        let called = self.tokens.get(self.next + 1).is_some_and(|one| one.1 == Token::Sign("("));
        let per_second = word == "rate";
        if called && (per_second || word == "increase") {
            self.next += 2;
            let of = self.selector()?;
            self.expect("[")?;
            let window = self.time()?;
            self.expect("]")?;
            self.expect(")")?;
            return Ok(Expr::Rate { of, window, per_second });
        }
        if called {
            return self.refuse("sum avg max min count, rate or increase");
        }
        let of = self.selector()?;
        if *self.peek() == Token::Sign("[") {
            return self.refuse("a range of time only in rate or increase");
        }
        Ok(Expr::Selector(of))
    }

    fn aggregate(&mut self, by: Aggregate) -> Result<Expr, Refusal> {
        let mut labels = self.grouping()?;
        self.expect("(")?;
        let of = Box::new(self.sum()?);
        self.expect(")")?;
        if labels.is_none() {
            labels = self.grouping()?;
        }
        Ok(Expr::Aggregate { by, labels: labels.unwrap_or(Grouping::By(Vec::new())), of })
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Refusal> {
        let kind = match self.peek() {
            Token::Word(word) if word == "by" => Grouping::By,
            Token::Word(word) if word == "without" => Grouping::Without,
            _ => return Ok(None),
        };
        self.next += 1;
        self.expect("(")?;
        let mut labels = Vec::new();
        while !self.eat(")") {
            let Token::Word(label) = self.peek().clone() else {
                return self.refuse("a label's name");
            };
            labels.push(label);
            self.next += 1;
            if !self.eat(",") && *self.peek() != Token::Sign(")") {
                return self.refuse("`,` or `)`");
            }
        }
        Ok(Some(kind(labels)))
    }

    fn selector(&mut self) -> Result<Selector, Refusal> {
        let Token::Word(name) = self.peek().clone() else {
            return self.refuse("a metric's name");
        };
        if ["and", "or", "unless", "offset", "bool", "on", "ignoring"].contains(&name.as_str()) {
            return self.refuse("a metric's name; set operators and modifiers are not taken");
        }
        self.next += 1;
        let mut matchers = Vec::new();
        if self.eat("{") {
            while !self.eat("}") {
                matchers.push(self.matcher()?);
                if !self.eat(",") && *self.peek() != Token::Sign("}") {
                    return self.refuse("`,` or `}`");
                }
            }
        }
        Ok(Selector { name, matchers })
    }

    fn matcher(&mut self) -> Result<Matcher, Refusal> {
        let Token::Word(label) = self.peek().clone() else {
            return self.refuse("a label's name");
        };
        self.next += 1;
        let (negated, regular) = match self.peek() {
            Token::Sign("=") => (false, false),
            Token::Sign("!=") => (true, false),
            Token::Sign("=~") => (false, true),
            Token::Sign("!~") => (true, true),
            _ => return self.refuse("one of = != =~ !~"),
        };
        self.next += 1;
        let Token::Text(text) = self.peek().clone() else {
            return self.refuse("a text in quotes");
        };
        let pattern = if regular {
            match text.split('|').map(pieces).collect() {
                Some(pattern) => pattern,
                None => return self.refuse("words with .* and .+, `|` between alternatives"),
            }
        } else {
            vec![vec![Piece::Text(text)]]
        };
        self.next += 1;
        Ok(Matcher { label, negated, pattern })
    }

    fn time(&mut self) -> Result<SimSpan, Refusal> {
        let span = match self.peek() {
            Token::Word(word) => duration(word),
            _ => None,
        };
        let Some(span) = span else { return self.refuse("a time such as 30s, 5m, 1h30m or 1d") };
        self.next += 1;
        Ok(span)
    }
}

/// A pattern without other special characters than `.*` and `.+`.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(".*") {
            found.push(Piece::Any { at_least_one: false });
            rest = after;
        } else if let Some(after) = rest.strip_prefix(".+") {
            found.push(Piece::Any { at_least_one: true });
            rest = after;
        } else {
            // A dot alone means any character; in names it is meant as itself, so it is refused.
            let plain = |c: char| c.is_alphanumeric() || "_-/:".contains(c);
            let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
            if end == 0 {
                let escaped = rest.strip_prefix("\\.")?;
                found.push(Piece::Text(".".to_owned()));
                rest = escaped;
                continue;
            }
            found.push(Piece::Text(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    Some(found)
}

/// A time of Prometheus: `30s`, `5m`, `1h30m`; the units in descending order.
pub(crate) fn duration(text: &str) -> Option<SimSpan> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let mut rest = text;
    let (mut millis, mut before) = (0_u64, None);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number = rest[..digits].parse::<u64>().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = UNITS.iter().position(|(unit, _)| *unit == &rest[..letters])?;
        if before.is_some_and(|before| before >= unit) {
            return None;
        }
        before = Some(unit);
        millis = millis.checked_add(number.checked_mul(UNITS[unit].1)?)?;
        rest = &rest[letters..];
    }
    (millis > 0).then(|| SimSpan::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken() {
        for text in [
            "a > 1",
            "a{} >= -1.5e3",
            "sum by (consumergroup) (a{consumergroup=\"b\", topic!~\"x.*|y\"}) < 3",
            "sum(a) by (b,) == 0",
            "max without (broker) (rate(a_total{x='y'}[1h30m])) != .5",
            "(a + b) * 2 / count(c) - 1 > 0 # why",
            "increase(a[10m]) > 0",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
        let precedence = parse("a + b * 2 > 0").unwrap();
        let Expr::Binary { op: '+', right, .. } = precedence.left else { panic!("a sum") };
        assert!(matches!(*right, Expr::Binary { op: '*', .. }));
    }

    #[test]
    fn what_is_refused_says_where_and_what_is_allowed() {
        let deep = format!("{}a{} > 1", "(".repeat(40), ")".repeat(40));
        for (text, column, found, allowed) in [
            ("", 1, "the end", "a number, a metric"),
            ("a", 2, "the end", "comparison with a number"),
            ("a > b", 5, "`b`", "a number to compare with"),
            ("a > 1 and b > 2", 7, "`and`", "the end"),
            ("histogram_quantile(0.9, a) > 1", 1, "`histogram_quantile`", "rate or increase"),
            ("topk(3, a) > 1", 1, "`topk`", "sum avg max"),
            ("rate(a) > 1", 7, "`)`", "`[`"),
            ("rate(a[5 m]) > 1", 8, "`5`", "a time such as"),
            ("rate(a[5x]) > 1", 8, "`5x`", "a time such as"),
            ("a[5m] > 1", 2, "`[`", "only in rate"),
            ("a offset 5m > 1", 3, "`offset`", "comparison"),
            ("a{b=c} > 1", 5, "`c`", "text in quotes"),
            ("a{b=~\"[a-z]+\"} > 1", 6, "\"[a-z]+\"", "alternatives"),
            ("a{b>\"c\"} > 1", 4, "`>`", "= != =~ !~"),
            ("a{b=\"c > 1", 5, "without its end", "closing quote"),
            ("sum by b (a) > 1", 8, "`b`", "`(`"),
            ("a % 2 > 1", 3, "`%`", "comparison"),
            ("a > 1 ? 2", 7, "`?`", "names, numbers"),
            ("on(a) b > 1", 1, "`on`", "rate or increase"),
            (deep.as_str(), 33, "`(`", "at most 32"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error:?}");
            assert!(error.found.contains(found), "{text}: {error:?}");
            assert!(error.allowed.contains(allowed), "{text}: {error:?}");
        }
    }

    #[test]
    fn times_and_patterns() {
        assert_eq!(duration("1h30m"), Some(SimSpan::from_secs(5_400)));
        assert_eq!(duration("250ms"), Some(SimSpan::from_millis(250)));
        for text in ["", "5", "m5", "1m1h", "1m1m", "0s", "1.5h", "99999999999999y"] {
            assert_eq!(duration(text), None, "{text}");
        }
        let matches = |pattern: &str, value: &str| {
            let text = format!("a{{b=~\"{pattern}\"}} > 1");
            let Expr::Selector(selector) = parse(&text).unwrap().left else { panic!("a selector") };
            selector.matchers[0].matches(value)
        };
        assert!(matches("bill.*|pay", "billing") && matches("bill.*", "bill"));
        assert!(!matches("bill.+", "bill") && !matches("bill", "billing"), "the whole value");
        assert!(matches(".*ing", "billing") && matches(".+-.+", "a-b-c") && !matches("", "x"));
        assert!(matches("a\\\\.b", "a.b") && !matches("a\\\\.b", "axb"));
    }
}
