//! Pages of docs/ say what happens: their files are written, their commands run, and what they show
//! is printed.
//!
//! A block of a page is a file (its name stands after the language), commands (`sh`, lines that
//! begin with `kafsim `), or what the commands before it print (`text`): its lines in their order,
//! a line of `…` stands for any.

use crate::support::root;
use assert_cmd::Command;
use std::path::Path;

struct Block {
    kind: String,
    name: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(head), false) => {
                let (kind, name) = head.split_once(' ').unwrap_or((head, ""));
                found.push(Block { kind: kind.into(), name: name.into(), text: String::new() });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                if let Some(last) = found.last_mut() {
                    last.text += line;
                    last.text.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    assert!(!open, "a block without its end");
    found
}

/// Runs a command of a page; arguments may stand in single quotes.
fn run(folder: &Path, line: &str) -> String {
    let mut arguments = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            arguments.push(part.to_owned());
        } else {
            arguments.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    let mut command = Command::cargo_bin("kafsim").expect("the binary");
    let output = command.current_dir(folder).args(&arguments[1..]).output().expect("runs");
    let code = output.status.code();
    assert!(code == Some(0), "{line}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Copies the models, so that a page's paths are those of a checkout.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("a copy");
        }
    }
}

#[test]
fn pages_say_what_happens() {
    let mut pages = 0;
    for entry in std::fs::read_dir(root().join("docs")).expect("pages").flatten() {
        let page = std::fs::read_to_string(entry.path()).expect("a page");
        let name = entry.file_name().to_string_lossy().into_owned();
        let folder = tempfile::tempdir().expect("a folder");
        copy(&root().join("models"), &folder.path().join("models"));
        let mut printed = String::new();
        let (mut commands, mut shown) = (0, 0);
        for block in blocks(&page) {
            match block.kind.as_str() {
                "sh" => {
                    printed.clear();
                    for line in block.text.lines().filter(|line| line.starts_with("kafsim ")) {
                        printed += &run(folder.path(), line);
                        commands += 1;
                    }
                }
                "text" => {
                    let mut rest = printed.lines();
                    for line in block.text.lines().filter(|line| line.trim() != "…") {
                        let there = rest.any(|one| one.trim_end() == line.trim_end());
                        assert!(there, "{name} shows `{line}`, printed is\n{printed}");
                        shown += 1;
                    }
                }
                _ if !block.name.is_empty() => {
                    std::fs::write(folder.path().join(&block.name), &block.text).expect("a file");
                }
                _ => {}
            }
        }
        assert!(commands > 0 && shown > 0, "{name} shows nothing that could be tried");
        pages += 1;
    }
    assert!(pages > 0);
}
