//! A guest asks before it comes in, and leaves nothing behind.

use super::Security;
use super::bench::Options;
use super::cluster::{Admin, Cluster, Layout, Target, loopback, rdkafka_words};
use super::journal::{Journal, Left};
use crate::error::{Error, Result};

/// Consent is needed before anything is sent to another machine.
pub(super) fn consent(target: &Target, options: &Options) -> Result<()> {
    let Target::Bootstrap(addresses) = target else { return Ok(()) };
    if loopback(addresses) || options.yes || options.cluster_id.is_some() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{addresses} is not on this machine; nothing was sent to it. Say which cluster is meant \
         with --cluster-id ID, or that any is with --yes"
    )))
}

/// The cluster is the one that is meant, and its brokers are where consent was given for.
pub(super) fn admit(cluster: &Cluster, options: &Options) -> Result<Layout> {
    cluster.admin().map_or_else(|| Ok(Layout::default()), |admin| admit_admin(admin, options))
}

/// The same of a cluster that only answers questions so far.
pub(super) fn admit_admin(admin: &Admin, options: &Options) -> Result<Layout> {
    if let Some(wanted) = &options.cluster_id {
        let found = admin.cluster_id().unwrap_or_else(|| "none".to_owned());
        if found != *wanted {
            return Err(Error::refused(format!(
                "the cluster's id is {found}, not {wanted}; nothing was created"
            )));
        }
    }
    let layout = admin.layout().map_err(|error| {
        Error::refused(format!("the cluster stopped answering: {}", rdkafka_words(&error)))
    })?;
    let consented = options.yes || options.cluster_id.is_some();
    let far = layout.brokers.values().find(|(host, port)| !loopback(&format!("{host}:{port}")));
    if let Some((host, port)) = far.filter(|_| !consented) {
        return Err(Error::refused(format!(
            "the cluster's broker {host}:{port} is not on this machine; nothing was created. Say \
             which cluster is meant with --cluster-id ID, or that any is with --yes"
        )));
    }
    Ok(layout)
}

/// Deletes what the journal says was created; returns what could not be deleted.
pub(super) fn clean(cluster: &Cluster, journal: &mut Journal, security: &Security) -> Vec<String> {
    let mut left = Vec::new();
    let Ok(known) = Left::read(journal.path()) else {
        return vec![format!("the journal {} cannot be read", journal.path().display())];
    };
    for group in known.groups {
        if let Some(admin) = cluster.admin() {
            // A group that nobody joined does not exist.
            let _absent = admin.delete_group(&group);
        }
        let _full = journal.left(&group);
    }
    for topic in known.topics {
        match cluster.delete_topic(&topic) {
            Ok(()) => {
                let _full = journal.deleted(&topic);
            }
            Err(error) => {
                left.push(security.redact(&format!("{topic} ({})", rdkafka_words(&error))));
            }
        }
    }
    left
}
