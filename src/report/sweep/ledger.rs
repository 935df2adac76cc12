//! Where results of units are kept: a file that survives its writer, or memory.

use crate::error::{Error, Place, Problem, Result};
use crate::study::sweep::{Ledger, Plan, Shard, UnitResult, lines};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Results in memory only.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<BTreeMap<u64, UnitResult>>);

impl Ledger for MemoryLedger {
    fn keep(&self, result: &UnitResult) -> Result<()> {
        locked(&self.0)?.insert(result.unit, result.clone());
        Ok(())
    }
    fn known(&self) -> Result<BTreeMap<u64, UnitResult>> {
        Ok(locked(&self.0)?.clone())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> Result<std::sync::MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| Error::runtime("a worker ended in a panic"))
}

/// Results in a shard's file, to which each is appended in one piece as soon as it is made.
#[derive(Debug)]
pub struct FileLedger<'p> {
    plan: &'p Plan,
    path: PathBuf,
    folder: PathBuf,
    alone: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    bytes: u64,
    own: BTreeMap<u64, UnitResult>,
}

impl<'p> FileLedger<'p> {
    /// Opens a shard's file in a folder. With `resume` what it holds is kept, without a half line
    /// at its end; otherwise it begins anew.
    ///
    /// # Errors
    /// A file of another plan, or one that is damaged, names itself; nothing of it is changed.
    pub fn open(plan: &'p Plan, folder: &Path, shard: Shard, resume: bool) -> Result<Self> {
        let path = folder.join(file_name(shard));
        let mut own = BTreeMap::new();
        let mut bytes = 0;
        if resume && path.exists() {
            let (found, whole) = results(plan, &path)?;
            own = found;
            bytes = whole;
        }
        let open = || -> std::io::Result<File> {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            // What follows the last whole line is cut off.
            file.set_len(bytes)?;
            Ok(file)
        };
        let file = open().map_err(|error| Error::io("write", &path, error))?;
        let alone = shard.count == 1;
        let state = Mutex::new(State { file, bytes, own });
        let ledger = Self { plan, path, folder: folder.to_owned(), alone, state };
        if bytes == 0 {
            ledger.append(&mut *locked(&ledger.state)?, &lines::heading(&plan.hash))?;
        }
        Ok(ledger)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// The disk does not.
    pub fn settle(&self) -> Result<()> {
        let state = locked(&self.state)?;
        state.file.sync_data().map_err(|error| Error::io("write", &self.path, error))
    }

    /// Appends a line, or leaves the file as it was.
    fn append(&self, state: &mut State, line: &str) -> Result<()> {
        match state.file.write_all(line.as_bytes()) {
            Ok(()) => {
                state.bytes += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // A half line is harmless; without it the file is whole for any reader.
                let _cut = state.file.set_len(state.bytes);
                Err(Error::io("write", &self.path, error))
            }
        }
    }
}

impl Ledger for FileLedger<'_> {
    fn keep(&self, result: &UnitResult) -> Result<()> {
        let mut state = locked(&self.state)?;
        self.append(&mut state, &lines::line(result))?;
        state.own.insert(result.unit, result.clone());
        Ok(())
    }

    fn known(&self) -> Result<BTreeMap<u64, UnitResult>> {
        self.settle()?;
        let own = locked(&self.state)?.own.clone();
        if self.alone {
            return Ok(own);
        }
        let mut known = gather(self.plan, &self.folder)?;
        known.extend(own);
        Ok(known)
    }
}

/// The name of a shard's file.
fn file_name(shard: Shard) -> String {
    format!("units-{}-of-{}.tsv", shard.index + 1, shard.count)
}

/// All results in a folder, whoever made them.
///
/// # Errors
/// A file of another plan, a damaged file, two results of one unit that differ.
pub fn gather(plan: &Plan, folder: &Path) -> Result<BTreeMap<u64, UnitResult>> {
    let list = fs::read_dir(folder).map_err(|error| Error::io("read", folder, error))?;
    let mut files: Vec<PathBuf> = list.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("units-") && path.extension().is_some_and(|ending| ending == "tsv")
    });
    files.sort();
    let mut all: BTreeMap<u64, UnitResult> = BTreeMap::new();
    for path in files {
        for (unit, result) in results(plan, &path)?.0 {
            if all.get(&unit).is_some_and(|other| *other != result) {
                let found = format!("another result of unit {unit} than in the files before");
                return Err(refused(&path, 0, found, "the results of one program"));
            }
            all.insert(unit, result);
        }
    }
    Ok(all)
}

/// The results of a file, and how many bytes of it are whole lines.
fn results(plan: &Plan, path: &Path) -> Result<(BTreeMap<u64, UnitResult>, u64)> {
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
    let lines = lines::read(&bytes).map_err(|(line, what)| {
        refused(path, line, what, "what `kafsim sweep run` wrote; delete the file to begin anew")
    })?;
    if let Some(hash) = lines.plan.filter(|hash| *hash != plan.hash) {
        let allowed = format!("results of this plan, {}", plan.hash);
        return Err(refused(path, 1, format!("results of another plan, {hash}"), &allowed));
    }
    if let Some(strange) = lines.results.iter().find(|result| !lines::fits(plan, result)) {
        let found = format!("unit {}, which is not of this plan's shape", strange.unit);
        return Err(refused(path, 0, found, "the plan's units"));
    }
    let results = lines.results.into_iter().map(|result| (result.unit, result)).collect();
    Ok((results, lines.whole_bytes as u64))
}

fn refused(path: &Path, line: usize, found: String, allowed: &str) -> Error {
    let file = path.display().to_string();
    let place = Place { file: file.as_str().into(), line, column: usize::from(line > 0) };
    let (path, allowed) = (String::new(), allowed.to_owned());
    Error::input(vec![Problem { place, path, found, allowed, nearest: None }])
}
