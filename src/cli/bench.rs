//! `kafsim bench` and `kafsim cleanup`.

use super::Source;
use super::guest::Guest;
use super::output::Output;
use clap::Args;
use std::path::PathBuf;
#[cfg(not(feature = "live"))]
use {kafsim::error::Result, std::process::ExitCode};

/// `kafsim bench SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) guest: Guest,
    /// Where the topics of this run are noted before they are created
    /// [default: a new file in the folder for temporary files]
    #[arg(long, value_name = "FILE")]
    pub(super) journal: Option<PathBuf>,
    /// Print what would be done, and contact nobody
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Longest run
    #[arg(long, value_name = "SPAN", default_value = "2 min")]
    pub(super) max_duration: String,
    /// Most records sent
    #[arg(long, value_name = "N", default_value = "5 M")]
    pub(super) max_records: String,
    /// Most bytes sent, before replication
    #[arg(long, value_name = "BYTES", default_value = "2 GiB")]
    pub(super) max_bytes: String,
    /// Run a command at an instant of the run, on a cluster of one's own on this machine; the run
    /// goes on whatever the cluster does then; may be repeated
    #[arg(long, value_name = "SPAN=COMMAND")]
    pub(super) act: Vec<String>,
    /// Name of the rig in the row that `kafsim validate` reads [default: the scenario's name]
    #[arg(long, value_name = "NAME")]
    pub(super) rig: Option<String>,
}

/// `kafsim cleanup --journal FILE`.
#[derive(Debug, Args)]
pub(crate) struct Cleanup {
    /// The journal of the run
    #[arg(long, value_name = "FILE")]
    pub(super) journal: PathBuf,
    /// Addresses of the cluster [default: those in the journal]
    #[arg(long, value_name = "HOST:PORT,…")]
    pub(super) bootstrap: Option<String>,
    /// TLS or SASL setting of librdkafka; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) config: Vec<String>,
}

#[cfg(not(feature = "live"))]
impl Bench {
    #[expect(clippy::unused_self, reason = "the same call as in a build with the feature")]
    pub(crate) fn run(self) -> Result<ExitCode> {
        Err(without())
    }
}

#[cfg(not(feature = "live"))]
impl Cleanup {
    #[expect(clippy::unused_self, reason = "the same call as in a build with the feature")]
    pub(crate) fn run(self) -> Result<ExitCode> {
        Err(without())
    }
}

/// The simulator needs no C compiler, so this part is built only when asked for.
#[cfg(not(feature = "live"))]
pub(super) fn without() -> kafsim::error::Error {
    kafsim::error::Error::usage(
        "this kafsim was built without the live mode; build it with `cargo build --release \
         --features live` (a C compiler and make are needed), or with `--features live-tls` for \
         TLS and SASL",
    )
}
