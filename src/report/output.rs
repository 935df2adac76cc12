//! The complete set of files of a run.

use super::document::Document;
use super::figures::{self, Picture};
use super::formats::{csv, html, json, markdown, openmetrics};
use crate::error::{Error, Result};
use crate::metrics::Run;
use std::fs;
use std::path::{Path, PathBuf};

/// The file whose presence marks a complete set.
const LAST: &str = "summary.json";

/// Makes a folder and tries to write to it, before any work.
pub fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
    let probe = folder.join(".tmp-probe");
    fs::write(&probe, b"").map_err(|error| Error::io("write to", folder, error))?;
    fs::remove_file(&probe).map_err(|error| Error::io("write to", folder, error))
}

/// Writes report, data and figures. Every file is written beside its final name and renamed;
/// `summary.json` is removed first and written last, so that its presence marks a complete set.
/// Returns the files in the order of writing.
pub fn write(folder: &Path, run: &Run, pictures: &[Picture]) -> Result<Vec<PathBuf>> {
    let last = folder.join(LAST);
    match fs::remove_file(&last) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("replace", &last, error));
        }
        _ => {}
    }
    // Figures of an earlier run would contradict this one.
    for name in figures::names() {
        for ending in ["svg", "png"] {
            let _absent = fs::remove_file(folder.join("figures").join(format!("{name}.{ending}")));
        }
    }
    let mut written = write_pictures(&folder.join("figures"), pictures)?;
    let files = [
        ("report.md", markdown::render(run, pictures)),
        ("report.html", html::render(run, pictures)?),
        ("timeseries.csv", csv::timeseries(run)),
        ("latency.csv", csv::latency(run)),
        ("decisions.csv", csv::decisions(run)),
        ("events.csv", csv::events(run)),
        ("resources.csv", csv::resources(run)),
        ("metrics.om", openmetrics::render(run)),
        (LAST, json::text(run)),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        place(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a page as `report.html`, its Markdown with links to its figures as `report.md`, and the
/// figures.
///
/// # Errors
/// A file that cannot be written.
pub fn write_page(folder: &Path, page: &Document, text: &str, pictures: &[Picture]) -> Result<()> {
    if !pictures.is_empty() {
        write_pictures(&folder.join("figures"), pictures)?;
    }
    let links =
        pictures.iter().map(|one| format!("\n![{}](figures/{}.svg)\n", one.title, one.name));
    let text = format!("{text}{}", links.collect::<String>());
    place(&folder.join("report.md"), text.as_bytes())?;
    place(&folder.join("report.html"), html::page(page, pictures)?.as_bytes())
}

/// Writes figures as SVG and PNG.
pub fn write_pictures(folder: &Path, pictures: &[Picture]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
    let mut written = Vec::new();
    for picture in pictures {
        for (ending, bytes) in [("svg", picture.svg.as_bytes()), ("png", &picture.png)] {
            let path = folder.join(format!("{}.{ending}", picture.name));
            place(&path, bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Writes beside the final name and renames: a reader sees the old file or the new one.
pub fn place(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp-new");
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _half = fs::remove_file(&beside);
        Error::io("write", path, error)
    })
}
