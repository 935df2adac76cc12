//! `placement`: replicas where a file says they are.

use super::{Context, hash_of, shorten};
use crate::cluster::{BrokerId, Cluster};
use crate::error::{Place, Problem, nearest_word};
use crate::form::{Check, Fields};
use crate::model::curve::CurveFiles;
use crate::scenario::placement::read_placement;
use std::collections::BTreeMap;

/// Where replicas are.
pub(super) struct Placed {
    /// The file that says so.
    file: String,
    /// Brokers by topic and number, the preferred leader first.
    lists: BTreeMap<(String, u32), Vec<BrokerId>>,
}

/// The file was refused, and the problems are in the list.
pub(super) struct Refused;

/// What the file of `placement` says, by the brokers of the cluster; none for `auto`.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &Context<'_>,
    brokers: Option<&Cluster>,
) -> Result<Option<Placed>, Refused> {
    let word = fields.text("placement").ok_or(Refused)?;
    let Some(node) = fields.raw("placement").filter(|_| word != "auto") else {
        return Ok(None);
    };
    let (text, file) = context.files.text(&word, node).map_err(|error| {
        let found = format!("`{}`: {error}", shorten(&word));
        fields.refuse("placement", found, "`auto`, or a file with the replicas");
        Refused
    })?;
    let list = read_placement(&file, &text).map_err(|error| {
        fields.check().problems.extend(error.problems().iter().cloned());
        Refused
    })?;
    fields.check().note("placement/hash".into(), hash_of(text.as_bytes()), file.clone());
    let ids: BTreeMap<u32, BrokerId> = brokers
        .ok_or(Refused)?
        .brokers
        .iter()
        .enumerate()
        .map(|(index, one)| (one.node_id, BrokerId::from_index(index)))
        .collect();
    let mut placed = Placed { file, lists: BTreeMap::new() };
    let mut sound = true;
    for one in list {
        let name = format!("{}-{}", one.topic, one.partition);
        let mut replicas = Vec::with_capacity(one.replicas.len());
        for id in one.replicas {
            if let Some(broker) = ids.get(&id) {
                replicas.push(*broker);
                continue;
            }
            let nearest = ids.keys().min_by_key(|known| known.abs_diff(id)).map(u32::to_string);
            let known: Vec<&u32> = ids.keys().take(20).collect();
            let words = [format!("the unknown broker {id}"), format!("one of {known:?}")];
            placed.problem(fields.check(), &name, words, nearest);
            sound = false;
        }
        placed.lists.insert((one.topic, one.partition), replicas);
    }
    if sound { Ok(Some(placed)) } else { Err(Refused) }
}

impl Placed {
    fn problem(
        &self,
        check: &mut Check,
        path: &str,
        [found, allowed]: [String; 2],
        nearest: Option<String>,
    ) {
        let (place, path) = (Place::whole(&self.file), path.to_owned());
        check.problems.push(Problem { place, path, found, allowed, nearest });
    }

    /// The lists of one topic's partitions; every one of them must be there, with as many replicas
    /// as the topic has.
    pub(super) fn of_topic(
        &self,
        topic: &str,
        [partitions, replicas]: [u32; 2],
        check: &mut Check,
    ) -> Option<Vec<Vec<BrokerId>>> {
        let own = (topic.to_owned(), 0)..=(topic.to_owned(), u32::MAX);
        let highest = self.lists.range(own).next_back().map(|((_, number), _)| *number);
        if let Some(more) = highest.filter(|more| *more >= partitions) {
            let found = format!("partition {more} of {topic}");
            let allowed = format!("0 to {}, as the scenario says", partitions - 1);
            self.problem(check, topic, [found, allowed], None);
            return None;
        }
        let mut lists = Vec::with_capacity(partitions as usize);
        for number in 0..partitions {
            let list = self.lists.get(&(topic.to_owned(), number));
            let count = list.map_or(0, Vec::len);
            if let Some(list) = list.filter(|_| count == replicas as usize) {
                lists.push(list.clone());
                continue;
            }
            let found = format!("{count} replicas of {topic}-{number}");
            let allowed = format!("{replicas}, as the scenario says");
            let names = self.lists.keys().map(|(name, _)| name.as_str());
            let nearest = nearest_word(topic, names.filter(|name| *name != topic));
            let nearest = nearest.filter(|_| list.is_none()).map(str::to_owned);
            // The first is enough to tell.
            self.problem(check, topic, [found, allowed], nearest);
            return None;
        }
        Some(lists)
    }
}
