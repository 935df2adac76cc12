//! The one public error, and the problems that a file can have.

mod problem;

pub use problem::{Place, Problem, nearest_word};

use std::fmt;
use std::path::{Path, PathBuf};

/// Everything that can go wrong, by what the user can do about it.
#[derive(Debug)]
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Usage(String),
    Input(Vec<Problem>),
    Runtime(String),
    Refused(String),
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

/// What a fallible function of kafsim returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The command line asks for something that does not exist or contradicts itself.
    pub fn usage(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Usage(message.into())))
    }
    /// A file or value is wrong; all problems that were found, in the order of the file.
    pub fn input(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "an input error names at least one problem");
        Self(Box::new(Kind::Input(problems)))
    }
    /// The input was right and the work failed all the same.
    pub fn runtime(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Runtime(message.into())))
    }
    /// A live cluster refused, or the work would not be safe.
    pub fn refused(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Refused(message.into())))
    }
    /// An operating-system error while `doing` something (`"write"`) with a path.
    pub fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self(Box::new(Kind::Io { doing, path: path.to_owned(), source }))
    }
    /// The problems of an input error, otherwise none.
    pub fn problems(&self) -> &[Problem] {
        match &*self.0 {
            Kind::Input(problems) => problems,
            _ => &[],
        }
    }
    /// The exit code of the process: 1 for a failure at run time, 2 for usage and input, 4 when a
    /// live cluster refused or was not safe.
    pub fn exit_code(&self) -> u8 {
        match &*self.0 {
            Kind::Usage(_) | Kind::Input(_) => 2,
            Kind::Runtime(_) | Kind::Io { .. } => 1,
            Kind::Refused(_) => 4,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Usage(message) | Kind::Runtime(message) | Kind::Refused(message) => {
                f.write_str(message)
            }
            Kind::Input(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
            Kind::Io { doing, path, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_input_from_failure() {
        assert_eq!(Error::usage("no such command").exit_code(), 2);
        assert_eq!(Error::runtime("out of memory").exit_code(), 1);
        let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = Error::io("read", Path::new("a.yaml"), gone);
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().starts_with("cannot read a.yaml:"), "{error}");
    }
}
