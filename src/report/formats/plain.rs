//! A document as text for a terminal, at most 100 columns.

use super::table::COLUMNS;
use crate::report::document::{Block, Document};

/// The document; figures are left out.
pub fn page(document: &Document) -> String {
    let mut text = format!("{}\n{}\n", document.title, document.caption);
    for block in &document.blocks {
        match block {
            Block::Heading(heading) => {
                let line = "=".repeat(heading.chars().count());
                text.push_str(&format!("\n{heading}\n{line}\n"));
            }
            Block::Part(heading) => text.push_str(&format!("\n{heading}\n")),
            Block::Text(paragraph) => text.push_str(&wrapped(paragraph, "", "")),
            Block::Points(points) => {
                for point in points {
                    text.push_str(&wrapped(point, "- ", "  "));
                }
            }
            Block::Tasks(points) => {
                for point in points {
                    text.push_str(&wrapped(point, "[ ] ", "    "));
                }
            }
            Block::Code(code) => {
                for line in code.lines() {
                    text.push_str(format!("    {line}").trim_end());
                    text.push('\n');
                }
            }
            Block::Table(table) => text.push_str(&table.plain()),
            Block::Figures => {}
        }
    }
    text
}

/// Words in lines; backticks are for pages that show code in another face.
fn wrapped(text: &str, first: &str, others: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.replace('`', "").split_whitespace() {
        let wide = line.chars().count() + word.chars().count() + 1 > usize::from(COLUMNS);
        if wide && !empty {
            lines.push_str(line.trim_end());
            lines.push('\n');
            others.clone_into(&mut line);
        } else if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_words_whole() {
        let text = wrapped(&"word ".repeat(60), "[ ] ", "    ");
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")), "{text}");
        assert_eq!(text.matches("word").count(), 60);
    }
}
