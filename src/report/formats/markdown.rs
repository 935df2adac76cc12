//! Markdown for a pull request, a ticket or a wiki.

use crate::metrics::Run;
use crate::report::document::{Block, Document, document};
use crate::report::figures::Picture;

/// The report; figures are linked from `figures/`.
pub fn render(run: &Run, pictures: &[Picture]) -> String {
    page(&document(run), pictures)
}

/// A document; figures are linked from `figures/`.
pub fn page(document: &Document, pictures: &[Picture]) -> String {
    let mut text = format!("# {}\n\n{}\n\n", escape(&document.title), escape(&document.caption));
    for block in &document.blocks {
        match block {
            Block::Heading(heading) => text.push_str(&format!("## {}\n\n", escape(heading))),
            Block::Text(paragraph) => text.push_str(&format!("{}\n\n", escape(paragraph))),
            Block::Part(heading) => text.push_str(&format!("### {}\n\n", escape(heading))),
            Block::Points(points) | Block::Tasks(points) => {
                let mark = if matches!(block, Block::Tasks(_)) { "- [ ]" } else { "-" };
                for point in points {
                    text.push_str(&format!("{mark} {}\n", escape(point)));
                }
                text.push('\n');
            }
            Block::Code(code) => text.push_str(&format!("```bash\n{}\n```\n\n", code.trim_end())),
            Block::Table(table) => text.push_str(&format!("{}\n", escape(&table.markdown()))),
            Block::Figures => {
                for picture in pictures {
                    let (title, name) = (escape(&picture.title), picture.name);
                    text.push_str(&format!("![{title}](figures/{name}.svg)\n\n"));
                }
            }
        }
    }
    text
}

/// Names come from files: they must not become HTML. Code spans show their text as it is.
fn escape(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let paired = text.matches('`').count().is_multiple_of(2);
    let escaped = parts.map(|(index, part)| {
        if paired && index % 2 == 1 {
            return part.to_owned();
        }
        part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    });
    escaped.collect::<Vec<_>>().join("`")
}
