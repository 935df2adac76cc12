//! Tables for people.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

/// Widest text.
pub const COLUMNS: u16 = 100;

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
        // Rows are called by their first cell: it stays whole.
        if let Some(first) = table.column_mut(0) {
            first.set_constraint(ColumnConstraint::ContentWidth);
        }
        let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if text.is_empty() {
            text.push('\n');
        }
        text
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
