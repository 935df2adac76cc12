//! One HTML file: no network, no JavaScript, light and dark.

use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::report::document::{Block, document};
use crate::report::figures::Picture;
use minijinja::{AutoEscape, Environment, Value, context};

const TEMPLATE: &str = include_str!("report.html.jinja");

/// The report with its figures inside.
pub fn render(run: &Run, pictures: &[Picture]) -> Result<String> {
    let document = document(run);
    let blocks: Vec<Value> = document.blocks.iter().map(|block| value(block, pictures)).collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .render_str(
            TEMPLATE,
            context! {
                title => document.title,
                caption => document.caption,
                blocks => blocks,
            },
        )
        .map_err(|error| Error::runtime(format!("cannot write the report: {error}")))
}

fn value(block: &Block, pictures: &[Picture]) -> Value {
    match block {
        Block::Heading(text) => context! { kind => "heading", text => text },
        Block::Text(text) => context! { kind => "text", text => text },
        Block::Points(points) => context! { kind => "points", points => points },
        Block::Table(table) => {
            context! { kind => "table", header => table.header.clone(), rows => table.rows.clone() }
        }
        Block::Figures => {
            // Figures are made here and hold no text but outlines and escaped labels.
            let figures: Vec<Value> = pictures
                .iter()
                .map(|one| {
                    context! { title => one.title.clone(), svg => Value::from_safe_string(one.svg.clone()) }
                })
                .collect();
            context! { kind => "figures", figures => figures }
        }
    }
}
