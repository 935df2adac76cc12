//! Tidy tables with typed columns and units, for CSV and Parquet.

use crate::scenario::cards::hash_of;
use crate::study::sweep::{Answer, MEASURED, Plan, UnitResult, fan_times};

/// A value of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A real number.
    Real(Option<f64>),
    /// True or false.
    Flag(Option<bool>),
}

/// A column: its name and unit; `1` for what has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, unit last.
    pub name: String,
    /// Its unit.
    pub unit: String,
}

/// A table: every row has a cell of the same kind in each column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Rows {
    fn column(&mut self, name: impl Into<String>, unit: &str) {
        self.columns.push(Column { name: name.into(), unit: unit.to_owned() });
    }

    /// As CSV; what is unknown is empty.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _header = writer.write_record(self.columns.iter().map(|column| &column.name));
        for row in &self.rows {
            let _row = writer.write_record(row.iter().map(Cell::text));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.map(|number| number.to_string()).unwrap_or_default(),
            Self::Flag(flag) => flag.map(|flag| flag.to_string()).unwrap_or_default(),
        }
    }
}

fn real(value: f64) -> Cell {
    Cell::Real(Some(value).filter(|value| value.is_finite()))
}

/// A number in a column's name: lower case, words with underscores.
fn slug(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// One row per trial that was used: what chance drew, what came of it.
pub fn trials(plan: &Plan, answer: &Answer) -> Rows {
    let mut table = Rows::default();
    table.column("run_id", "1");
    table.column("scenario_hash", "1");
    for name in ["unit", "trial", "design"] {
        table.column(name, "1");
    }
    table.column("design_name", "1");
    for (path, _) in &plan.designs[0].values {
        table.column(format!("vary_{}", slug(path)), "as written");
    }
    for one in &plan.sweep.uncertain {
        table.column(format!("drawn_{}", slug(&one.name)), "base unit");
    }
    table.column("slo_met", "1");
    for index in 1..=plan.objectives.len() {
        table.column(format!("objective_{index}_met"), "1");
        table.column(format!("objective_{index}_value"), "base unit of the objective");
    }
    for one in &MEASURED {
        table.column(one.key, one.unit);
    }
    let rows = answer.rows.iter().flat_map(|row| row.trials.iter());
    table.rows = rows.map(|one| trial(plan, one)).collect();
    table
}

fn trial(plan: &Plan, one: &UnitResult) -> Vec<Cell> {
    let (trial, design) = plan.place(one.unit);
    let setting = &plan.designs[design];
    // The scenario's hash holds its values; what else decides a run is in the plan's.
    let id = hash_of(format!("{} {} {}", plan.hash, one.scenario, one.unit).as_bytes());
    let mut cells = vec![
        Cell::Text(id),
        Cell::Text(one.scenario.clone()),
        Cell::Whole(one.unit as i64),
        Cell::Whole(trial as i64),
        Cell::Whole(design as i64),
        Cell::Text(setting.name.clone()),
    ];
    cells.extend(setting.values.iter().map(|(_, value)| Cell::Text(value.clone())));
    cells.extend(one.inputs.iter().map(|value| real(*value)));
    cells.push(Cell::Flag(Some(one.all_met())));
    for (met, value) in one.met.iter().zip(&one.values) {
        cells.extend([Cell::Flag(*met), Cell::Real(*value)]);
    }
    cells.extend(one.measured.iter().map(|value| Cell::Real(*value)));
    cells
}

/// One row per design.
pub fn designs(plan: &Plan, answer: &Answer) -> Rows {
    let mut table = Rows::default();
    table.column("design", "1");
    table.column("design_name", "1");
    for (path, _) in &plan.designs[0].values {
        table.column(format!("vary_{}", slug(path)), "as written");
    }
    table.column("trials", "1");
    for name in ["p_violation", "p_violation_low", "p_violation_high"] {
        table.column(name, "1");
    }
    table.column("on_front", "1");
    table.column("verdict", "1");
    for one in &MEASURED {
        for end in ["", "_low", "_high"] {
            table.column(format!("{}{end}", one.key), one.unit);
        }
        for share in &plan.sweep.quantiles {
            table.column(format!("{}_q{}", one.key, slug(&share.to_string())), one.unit);
        }
    }
    for row in &answer.rows {
        let setting = &plan.designs[row.design];
        let mut cells = vec![Cell::Whole(row.design as i64), Cell::Text(setting.name.clone())];
        cells.extend(setting.values.iter().map(|(_, value)| Cell::Text(value.clone())));
        cells.push(Cell::Whole(row.trials.len() as i64));
        let risk = row.violation;
        cells.extend([risk.share, risk.low, risk.high].map(real));
        cells.push(Cell::Flag(Some(row.on_front)));
        let verdict = answer.choice.as_ref().map(|choice| choice.verdicts[row.design].word());
        cells.push(Cell::Text(verdict.unwrap_or_default().to_owned()));
        for (mean, quantiles) in row.means.iter().zip(&row.quantiles) {
            let numbers = mean.map(|one| [one.mean, one.low(), one.high()]);
            let numbers = numbers.map(|all| all.map(real));
            cells.extend(numbers.unwrap_or([Cell::Real(None), Cell::Real(None), Cell::Real(None)]));
            let count = plan.sweep.quantiles.len();
            let all = quantiles.as_ref().map(|all| all.iter().map(|one| real(*one)).collect());
            cells.extend(all.unwrap_or(vec![Cell::Real(None); count]));
        }
        table.rows.push(cells);
    }
    table
}

/// One row per uncertain input.
pub fn effects(plan: &Plan, answer: &Answer) -> Rows {
    let mut table = Rows::default();
    table.column("input", "1");
    for (name, unit) in [
        ("drawn_low", "base unit"),
        ("drawn_high", "base unit"),
        ("p_violation_at_low", "1"),
        ("p_violation_at_high", "1"),
        ("lag_s_max_at_low", "s"),
        ("lag_s_max_at_high", "s"),
        ("sobol_index_violation", "1"),
        ("sobol_index_lag", "1"),
    ] {
        table.column(name, unit);
    }
    for one in &answer.effects {
        let ([low, high], [safe, risky], [short, long]) = (one.ends, one.violation, one.lag_s);
        let numbers = [low, high, safe, risky, short, long, one.index, one.lag_index];
        let mut cells = vec![Cell::Text(plan.sweep.uncertain[one.input].name.clone())];
        cells.extend(numbers.map(real));
        table.rows.push(cells);
    }
    table
}

/// One row per time and quantile of the fan, with the design that it belongs to.
pub fn fan(plan: &Plan, answer: &Answer) -> Rows {
    let mut table = Rows::default();
    table.column("design", "1");
    table.column("t_s", "s");
    table.column("quantile", "1");
    let (series, unit) = plan.fan.as_ref().map_or(("value", "1"), |(name, _)| {
        (name.as_str(), if name == "lag_seconds" { "s" } else { "records" })
    });
    table.column(series, unit);
    for (at, values) in fan_times(plan.duration).iter().zip(&answer.fan) {
        for (share, value) in plan.sweep.quantiles.iter().zip(values) {
            let design = Cell::Text(plan.designs[answer.fanned].name.clone());
            table.rows.push(vec![design, real(at.as_secs_f64()), real(*share), real(*value)]);
        }
    }
    table
}
