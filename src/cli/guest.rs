//! What every command that talks to a cluster accepts.

use clap::Args;

/// Where the cluster is, and with what right it is visited.
#[derive(Debug, Clone, Args)]
pub(crate) struct Guest {
    /// Addresses of a real cluster; `mock` is librdkafka's own, inside this process
    #[arg(long, value_name = "HOST:PORT,…")]
    pub(super) bootstrap: Option<String>,
    /// Consent to a cluster that is not on this machine
    #[arg(long)]
    pub(super) yes: bool,
    /// The id that the cluster must have; consents to one that is not on this machine
    #[arg(long, value_name = "ID")]
    pub(super) cluster_id: Option<String>,
    /// TLS or SASL setting of librdkafka; KEY=@FILE reads the value from a file; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) config: Vec<String>,
}

/// What a measured experiment is told besides.
#[derive(Debug, Clone, Args)]
pub(crate) struct Experiment {
    /// Longest time that measuring may take
    #[arg(long, value_name = "SPAN", default_value = "15 min")]
    pub(super) budget: String,
    /// File that remembers measured steps; a later call goes on where it ends
    /// [default: steps.ndjson in the folder of --out]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<std::path::PathBuf>,
    /// Print what would be measured, and contact nobody
    #[arg(long)]
    pub(super) dry_run: bool,
}
