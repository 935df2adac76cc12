//! Tables for people.

use comfy_table::{ColumnConstraint, ContentArrangement, Width, presets};

/// Widest text.
pub const COLUMNS: u16 = 100;
/// Spaces beside each cell, both sides.
const PADDING: u16 = 2;

/// A table of texts.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its header.
    pub header: Vec<String>,
    /// Its rows; short ones are filled up.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(header: &[&str]) -> Self {
        let header = header.iter().map(|text| (*text).to_owned()).collect();
        Self { header, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[String]) {
        let mut row: Vec<String> = cells.iter().map(|cell| one_line(cell)).collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// As text of at most 100 columns; long cells wrap.
    pub fn plain(&self) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(COLUMNS)
            .set_header(&self.header)
            .add_rows(&self.rows);
        for (column, width) in self.widths().into_iter().flatten().enumerate() {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            }
        }
        let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// Widths of columns, spaces beside cells included: no word is broken, rows are called by their
    /// first cell, which stays whole where that leaves room for the words of the others, and what
    /// is left is shared max-min fairly, so that short cells stay whole and sentences wrap. `None`
    /// where the words alone are too wide.
    fn widths(&self) -> Option<Vec<u16>> {
        let cells = |column: usize| {
            let rows = self.rows.iter().filter_map(move |row| row.get(column));
            self.header.get(column).into_iter().chain(rows)
        };
        let width = |text: &str| text.chars().count() as u16 + PADDING;
        let all = 0..self.header.len();
        let whole: Vec<u16> =
            all.clone().map(|at| cells(at).map(|cell| width(cell)).max().unwrap_or(0)).collect();
        let mut widths: Vec<u16> = all
            .map(|at| cells(at).flat_map(|cell| cell.split_whitespace()).map(width))
            .map(|words| words.max().unwrap_or(PADDING))
            .collect();
        let mut left = COLUMNS.checked_sub(widths.iter().sum())?;
        if let (Some(first), Some(name)) = (widths.first_mut(), whole.first()) {
            let more = name.saturating_sub(*first);
            if more <= left {
                *first += more;
                left -= more;
            }
        }
        for _ in 0..left {
            let short = (0..widths.len()).filter(|at| widths[*at] < whole[*at]);
            let Some(narrowest) = short.min_by_key(|at| widths[*at]) else { break };
            widths[narrowest] += 1;
        }
        Some(widths)
    }

    /// As CSV; fields with a comma or a quote are quoted.
    pub fn csv(&self) -> String {
        let field = |text: &String| {
            if text.contains([',', '"']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.clone()
            }
        };
        let line = |cells: &[String]| {
            format!("{}\n", cells.iter().map(field).collect::<Vec<_>>().join(","))
        };
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.header) + &rows
    }

    /// As GitHub-flavoured Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> =
                cells.iter().map(|cell| cell.replace('\\', "\\\\").replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = line(&self.header);
        text.push_str(&format!("|{}\n", "---|".repeat(self.header.len())));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    }
}

/// Cells have no line breaks and no control characters.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_where_there_is_room() {
        let mut table = Table::new(&["what is bought", "bound by", "why"]);
        let why = "because disks are full long before anything else of the cluster is ".repeat(3);
        let name = "30 × lab-4c-16g, 96 partitions, 2 members";
        table.row(&[name.to_owned(), "disk-capacity".to_owned(), why]);
        let text = table.plain();
        assert!(text.contains("disk-capacity"), "{text}");
        assert!(text.contains(name), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{text}");
    }

    #[test]
    fn short_cells_stay_whole_and_a_sentence_takes_what_is_left() {
        let mut table = Table::new(&["at", "change", "why", "effective after", "gained"]);
        let why = "all metrics are below their lower thresholds, but 3 is the least it may have";
        let cells = ["00:02–05:02", "3 stays", why, "1 min 14 s", "84.7 k → 106 k /s"];
        table.row(&cells.map(str::to_owned));
        let text = table.plain();
        for whole in ["3 stays", "effective after", "1 min 14 s", "84.7 k → 106 k /s"] {
            assert!(text.contains(whole), "{text}");
        }
        // 76 characters in the 33 that are left, without their padding.
        assert_eq!(text.lines().count(), 1 + 3, "{text}");
    }

    #[test]
    fn a_long_name_wraps_before_words_of_others_break() {
        let mut table = Table::new(&["what is bought instead", "$ per month", "bound by"]);
        let name = "the script's, in 12 months: 19 × lab-4c-16g, 57 partitions, 57 members, all";
        table.row(&[name.to_owned(), "10992.77".to_owned(), "disk capacity-of-all".to_owned()]);
        let text = table.plain();
        assert!(text.contains("10992.77") && text.contains("capacity-of-all"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{text}");
    }

    #[test]
    fn a_word_wider_than_the_text_is_broken() {
        let mut table = Table::new(&["name", "value"]);
        table.row(&["a".to_owned(), "x".repeat(150)]);
        let text = table.plain();
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{text}");
    }
}
