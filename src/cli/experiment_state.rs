//! Remembers what an experiment has measured: a line of JSON per measurement, on the disk before
//! the next one begins.

use kafsim::error::{Error, Result};
use kafsim::study::experiment::MEASURED;
use kafsim::study::validate::Row;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The file, and what stands in it.
#[derive(Debug)]
pub(super) struct State {
    file: File,
    path: PathBuf,
    notes: Vec<Note>,
}

/// One measurement of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub step: String,
    pub repeat: u32,
    /// Whether the cluster was measured and not the generator.
    pub valid: bool,
    /// Measured columns.
    pub values: Vec<(String, String)>,
    /// What its reader should know.
    pub warnings: Vec<String>,
}

impl State {
    /// Opens the file of an experiment, or begins it; a last line that a crash has cut is dropped.
    ///
    /// # Errors
    /// The file belongs to another experiment, or is none, or cannot be written.
    pub(super) fn open(path: &Path, plan: &str, cluster: &str) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        let head: Option<Value> = lines.next().and_then(|line| serde_json::from_str(line).ok());
        let wrong = |why: &str| {
            let allowed = "name another file with --state, or remove this one";
            Err(Error::usage(format!("{}: {why}; {allowed}", path.display())))
        };
        match &head {
            None if whole > 0 => return wrong("found no state of an experiment"),
            Some(head) if head["kafsim"] != "experiment/1" => {
                return wrong("found no state of an experiment");
            }
            Some(head) if head["plan"] != plan => {
                return wrong("found measurements of another plan, or predictions of other cards");
            }
            Some(head) if head["cluster"] != cluster => {
                return wrong("found measurements of another cluster");
            }
            _ => {}
        }
        let notes: Option<Vec<Note>> = lines.map(Note::read).collect();
        let Some(notes) = notes else { return wrong("found a line that is no measurement") };
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let mut file = file.map_err(|error| Error::io("open", path, error))?;
        let cut = file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(|error| Error::io("write to", path, error))?;
        let mut state = Self { file, path: path.to_owned(), notes };
        if head.is_none() {
            let head = json!({"kafsim": "experiment/1", "plan": plan, "cluster": cluster});
            state.write(&head)?;
        }
        Ok(state)
    }

    /// What is known of a step's repeat.
    pub(super) fn find(&self, step: &str, repeat: u32) -> Option<&Note> {
        self.notes.iter().find(|note| note.step == step && note.repeat == repeat)
    }

    /// The valid measurements of a step as rows.
    pub(super) fn rows(&self, step: &Row) -> Vec<Row> {
        let mine = self.notes.iter().filter(|note| note.step == step.id && note.valid);
        let row = |note: &Note| {
            let mut row = step.clone();
            note.values.iter().for_each(|(column, value)| row.set(column, value));
            row
        };
        mine.map(row).collect()
    }

    /// Adds a measurement; returns when it is on the disk.
    pub(super) fn add(&mut self, note: Note) -> Result<()> {
        self.write(&note.json())?;
        self.notes.push(note);
        Ok(())
    }

    fn write(&mut self, entry: &Value) -> Result<()> {
        let line = format!("{entry}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| Error::io("write to", &self.path, error))
    }
}

impl Note {
    fn json(&self) -> Value {
        let values: Map<String, Value> =
            self.values.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        json!({
            "step": self.step,
            "repeat": self.repeat,
            "valid": self.valid,
            "values": values,
            "warnings": self.warnings,
        })
    }

    fn read(line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok()?;
        let known = |key: &str| key == "source" || MEASURED.iter().any(|(name, _)| *name == key);
        let value = |(key, value): (&String, &Value)| {
            let text = value.as_str().filter(|_| known(key))?;
            Some((key.clone(), text.to_owned()))
        };
        let values: Option<Vec<(String, String)>> =
            entry["values"].as_object()?.iter().map(value).collect();
        let warnings = entry["warnings"].as_array()?.iter();
        Some(Self {
            step: entry["step"].as_str()?.to_owned(),
            repeat: u32::try_from(entry["repeat"].as_u64()?).ok()?,
            valid: entry["valid"].as_bool()?,
            values: values?,
            warnings: warnings.filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(repeat: u32) -> Note {
        Note {
            step: "a".into(),
            repeat,
            valid: true,
            values: vec![("records_s".into(), "12.5".into())],
            warnings: vec!["cold".into()],
        }
    }

    #[test]
    fn what_was_measured_is_remembered_and_a_cut_line_is_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steps");
        let mut state = State::open(&path, "p", "c").unwrap();
        state.add(note(1)).unwrap();
        state.add(note(2)).unwrap();
        drop(state);
        let whole = std::fs::read(&path).unwrap();
        // Wherever a crash cuts the file, what stands before is kept, and writing goes on.
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut state = State::open(&path, "p", "c").unwrap();
            let lines = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(state.notes.len(), lines.saturating_sub(1), "{cut}");
            state.add(note(9)).unwrap();
            let again = State::open(&path, "p", "c").unwrap();
            assert_eq!(again.find("a", 9), Some(&note(9)));
            assert_eq!(again.notes.len(), lines.saturating_sub(1) + 1);
        }
    }

    #[test]
    fn another_experiments_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steps");
        drop(State::open(&path, "p", "c").unwrap());
        let before = std::fs::read(&path).unwrap();
        for (plan, cluster) in [("other", "c"), ("p", "other")] {
            assert_eq!(State::open(&path, plan, cluster).unwrap_err().exit_code(), 2);
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::write(&path, "something else\n").unwrap();
        assert!(State::open(&path, "p", "c").is_err());
    }
}
