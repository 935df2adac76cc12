//! A recorded history: CSV whose rows hold until the next.

use crate::error::{Error, Place, Problem, Result};
use crate::units::SimSpan;

/// Most evaluations of one replay.
const MOST_EVALUATIONS: usize = 10_000_000;

/// The text of a history, with its times read.
#[derive(Debug, Clone)]
pub(super) struct History {
    file: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone)]
struct Row {
    t_s: f64,
    line: usize,
    fields: Vec<String>,
}

impl History {
    pub(super) fn read(file: &str, text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns: Vec<String> = match csv.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(error) => return Err(problem(file, 1, error.to_string(), "a CSV header")),
        };
        if let Some(twice) = twice(&columns) {
            let found = format!("the column `{twice}` a second time");
            return Err(problem(file, 1, found, "each column once"));
        }
        let mut history = Self { file: file.to_owned(), columns, rows: Vec::new() };
        let time = history.column("t_s")?;
        for record in csv.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line) as usize;
                problem(file, line, error.to_string(), "as many fields as the header")
            })?;
            let line = record.position().map_or(0, csv::Position::line) as usize;
            let fields: Vec<String> = record.iter().map(str::to_owned).collect();
            let Some(t_s) = number(file, line, "t_s", &fields[time])? else {
                return Err(problem(file, line, "no t_s".into(), "seconds in every row"));
            };
            if history.rows.last().is_some_and(|last| last.t_s >= t_s) {
                let found = format!("t_s {t_s}");
                return Err(problem(file, line, found, "a t_s later than the row before"));
            }
            history.rows.push(Row { t_s, line, fields });
        }
        if history.rows.is_empty() {
            return Err(problem(file, 0, "no rows".into(), "at least one row"));
        }
        Ok(history)
    }

    /// Rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The time of a row in seconds.
    pub(super) fn t_s(&self, row: usize) -> f64 {
        self.rows[row].t_s
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    pub(super) fn column(&self, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| self.no_column(&format!("a column `{name}`")))
    }

    /// The problem that a column is missing.
    pub(super) fn no_column(&self, allowed: &str) -> Error {
        let found = format!("the columns {}", self.columns.join(", "));
        problem(&self.file, 1, found, allowed)
    }

    /// A column read by a function from text to value, or to what is allowed instead.
    pub(super) fn values<T>(
        &self,
        column: usize,
        read: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> Result<Vec<T>> {
        let value = |row: &Row| {
            let field = &row.fields[column];
            read(field).map_err(|allowed| {
                let found = format!("{} `{field}`", self.columns[column]);
                problem(&self.file, row.line, found, &allowed)
            })
        };
        self.rows.iter().map(value).collect()
    }

    /// A column of numbers of at least 0; an empty field is `None`.
    pub(super) fn numbers(&self, column: usize) -> Result<Vec<Option<f64>>> {
        self.values(column, |field| {
            if field.is_empty() {
                return Ok(None);
            }
            let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
            let allowed = || "a number of at least 0, or nothing".to_owned();
            value.filter(|value| *value >= 0.0).map(Some).ok_or_else(allowed)
        })
    }

    /// A column of sizes; an empty field is `None`.
    pub(super) fn sizes(&self, column: usize) -> Result<Vec<Option<u32>>> {
        self.values(column, |field| {
            if field.is_empty() {
                return Ok(None);
            }
            let value = field.parse::<f64>().ok().filter(|value| value.fract() == 0.0);
            let whole = value.filter(|value| (0.0..=f64::from(i32::MAX)).contains(value));
            let allowed = || "a whole number of at least 0 in every row".to_owned();
            whole.map(|value| Some(value as u32)).ok_or_else(allowed)
        })
    }

    /// A column of sizes without empty fields.
    pub(super) fn all_sizes(&self, column: usize) -> Result<Vec<u32>> {
        let sizes = self.sizes(column)?;
        let all = sizes.iter().zip(&self.rows).map(|(size, row)| {
            size.ok_or_else(|| {
                let found = format!("no {} at t_s {}", self.columns[column], row.t_s);
                problem(&self.file, row.line, found, "a whole number in every row")
            })
        });
        all.collect()
    }

    /// Instants of evaluation: number, seconds, and the row that holds then.
    pub(super) fn evaluations(&self, period: SimSpan) -> Result<Vec<(u64, f64, usize)>> {
        let (first, last) = (self.rows[0].t_s, self.rows[self.rows.len() - 1].t_s);
        let period = period.as_secs_f64();
        if (last - first) / period > MOST_EVALUATIONS as f64 {
            let found = format!("{} s in steps of {period} s", last - first);
            let allowed = format!("at most {MOST_EVALUATIONS} evaluations");
            return Err(problem(&self.file, 0, found, &allowed));
        }
        let mut instants = Vec::new();
        let mut row = 0;
        for k in 0_u32.. {
            let t_s = first + f64::from(k) * period;
            if t_s > last {
                break;
            }
            while self.rows.get(row + 1).is_some_and(|next| next.t_s <= t_s) {
                row += 1;
            }
            instants.push((u64::from(k), t_s, row));
        }
        Ok(instants)
    }
}

fn twice(columns: &[String]) -> Option<&String> {
    let mut sorted: Vec<&String> = columns.iter().collect();
    sorted.sort();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn number(file: &str, line: usize, column: &str, field: &str) -> Result<Option<f64>> {
    if field.is_empty() {
        return Ok(None);
    }
    match field.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
        _ => {
            let found = format!("{column} `{field}`");
            Err(problem(file, line, found, "a number of at least 0, or nothing"))
        }
    }
}

fn problem(file: &str, line: usize, found: String, allowed: &str) -> Error {
    let place = Place { file: file.into(), line, column: usize::from(line > 0) };
    let (path, allowed) = (String::new(), allowed.to_owned());
    Error::input(vec![Problem { place, path, found, allowed, nearest: None }])
}
