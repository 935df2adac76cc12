//! One HTML file: no network, no JavaScript, light and dark.

use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::report::document::{Block, Document, document};
use crate::report::figures::Picture;
use minijinja::{AutoEscape, Environment, Value, context};

const TEMPLATE: &str = include_str!("report.html.jinja");

/// The report with its figures inside.
pub fn render(run: &Run, pictures: &[Picture]) -> Result<String> {
    page(&document(run), pictures)
}

/// A document with its figures inside.
pub fn page(document: &Document, pictures: &[Picture]) -> Result<String> {
    let blocks: Vec<Value> = document.blocks.iter().map(|block| value(block, pictures)).collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .render_str(
            TEMPLATE,
            context! {
                title => document.title.clone(),
                caption => document.caption.clone(),
                blocks => blocks,
            },
        )
        .map_err(|error| Error::runtime(format!("cannot write the report: {error}")))
}

fn value(block: &Block, pictures: &[Picture]) -> Value {
    match block {
        Block::Heading(text) => context! { kind => "heading", text => text },
        Block::Part(text) => context! { kind => "part", text => text },
        Block::Text(text) => context! { kind => "text", parts => stretches(text) },
        Block::Points(points) | Block::Tasks(points) => {
            let kind = if matches!(block, Block::Tasks(_)) { "tasks" } else { "points" };
            let points: Vec<Vec<String>> = points.iter().map(|point| stretches(point)).collect();
            context! { kind => kind, points => points }
        }
        Block::Code(text) => context! { kind => "code", text => text },
        Block::Table(table) => {
            context! { kind => "table", header => table.header.clone(), rows => table.rows.clone() }
        }
        Block::Figures => {
            // Figures are made here and hold no text but outlines and escaped labels.
            let figures: Vec<Value> = pictures
                .iter()
                .map(|one| {
                    let svg = Value::from_safe_string(one.svg.clone());
                    context! { title => one.title.clone(), svg => svg }
                })
                .collect();
            context! { kind => "figures", figures => figures }
        }
    }
}

/// Prose and code in turn, beginning with prose: what stands between backticks is code.
fn stretches(text: &str) -> Vec<String> {
    if text.matches('`').count().is_multiple_of(2) {
        text.split('`').map(str::to_owned).collect()
    } else {
        vec![text.to_owned()]
    }
}
