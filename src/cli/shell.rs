//! `kafsim completions` and `kafsim man`.

use super::{Cli, print};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use kafsim::error::{Error, Result};
use std::process::ExitCode;

/// `kafsim completions SHELL`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// `kafsim man`.
#[derive(Debug, Args)]
pub(crate) struct Man {}

impl Completions {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kafsim", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    pub(crate) fn run() -> Result<ExitCode> {
        let command = Cli::command();
        let mut page = Vec::new();
        let mut render = |command: clap::Command| {
            let rendered = clap_mangen::Man::new(command).render(&mut page);
            rendered.map_err(|error| Error::runtime(format!("cannot write the page: {error}")))
        };
        render(command.clone())?;
        for sub in command.get_subcommands() {
            render(sub.clone().display_name(format!("kafsim-{}", sub.get_name())))?;
        }
        print(&String::from_utf8_lossy(&page))?;
        Ok(ExitCode::SUCCESS)
    }
}
