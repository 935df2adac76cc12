//! Which worker is this? From the command line, or from what a batch system says.

use kafsim::error::{Error, Result};
use kafsim::study::sweep::Shard;

/// Where batch systems say which worker this is: the index, the number of workers, the first index.
/// The number is missing where a system does not tell it; `--shards` does then.
struct System {
    name: &'static str,
    index: &'static str,
    count: Option<&'static str>,
    first: First,
}

/// The first index.
enum First {
    Is(u64),
    /// A variable holds it.
    In(&'static str),
}

/// Inner ones first: ranks inside an array job, tasks inside an allocation.
const SYSTEMS: [System; 10] = [
    System {
        name: "Open MPI",
        index: "OMPI_COMM_WORLD_RANK",
        count: Some("OMPI_COMM_WORLD_SIZE"),
        first: First::Is(0),
    },
    System { name: "MPI (PMI)", index: "PMI_RANK", count: Some("PMI_SIZE"), first: First::Is(0) },
    System {
        name: "Slurm array",
        index: "SLURM_ARRAY_TASK_ID",
        count: Some("SLURM_ARRAY_TASK_COUNT"),
        first: First::In("SLURM_ARRAY_TASK_MIN"),
    },
    System {
        name: "Kubernetes indexed Job",
        index: "JOB_COMPLETION_INDEX",
        count: None,
        first: First::Is(0),
    },
    System {
        name: "AWS Batch array",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
        first: First::Is(0),
    },
    System {
        name: "Google Cloud Batch",
        index: "BATCH_TASK_INDEX",
        count: Some("BATCH_TASK_COUNT"),
        first: First::Is(0),
    },
    System { name: "PBS array", index: "PBS_ARRAY_INDEX", count: None, first: First::Is(1) },
    System {
        name: "Grid Engine array",
        index: "SGE_TASK_ID",
        count: Some("SGE_TASK_LAST"),
        first: First::Is(1),
    },
    System {
        name: "LSF array",
        index: "LSB_JOBINDEX",
        count: Some("LSB_JOBINDEX_END"),
        first: First::Is(1),
    },
    System { name: "GNU parallel", index: "PARALLEL_SEQ", count: None, first: First::Is(1) },
];

/// Reads `I/N`, or `auto` from the environment.
///
/// # Errors
/// What was found and what is allowed.
pub(super) fn shard(
    text: &str,
    count: Option<u64>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Shard> {
    if text != "auto" {
        let wrong = || Error::usage(format!("found `--shard {text}`; allowed is I/N or `auto`"));
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let (index, count) = (index.parse().ok(), count.parse().ok());
        return numbered(index.ok_or_else(wrong)?, 1, count.ok_or_else(wrong)?, text);
    }
    let found = |system: &&System| environment(system.index).is_some_and(|text| is_number(&text));
    let Some(system) = SYSTEMS.iter().find(found) else {
        let known: Vec<&str> = SYSTEMS.iter().map(|system| system.index).collect();
        return Err(Error::usage(format!(
            "found no worker's number in the environment; `--shard auto` reads {}",
            known.join(", ")
        )));
    };
    let number = |name: &str| {
        let text = environment(name)?;
        text.parse::<u64>().ok()
    };
    let index = number(system.index).unwrap_or_default();
    let first = match system.first {
        First::Is(first) => first,
        First::In(name) => number(name).unwrap_or(0),
    };
    let told = system.count.and_then(number);
    let Some(count) = count.or(told) else {
        return Err(Error::usage(format!(
            "found {}={index} ({}), which does not tell how many workers there are; allowed is \
             `--shard auto --shards N`",
            system.index, system.name
        )));
    };
    numbered(index, first, count, &format!("{} {index} of {count}", system.name))
}

/// Grid Engine says `undefined` outside an array.
fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

fn numbered(index: u64, first: u64, count: u64, words: &str) -> Result<Shard> {
    match index.checked_sub(first) {
        Some(index) if index < count => Ok(Shard { index, count }),
        _ => Err(Error::usage(format!(
            "found shard {words}; allowed is a number from {first} to {}",
            first + count.saturating_sub(1)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(count: Option<u64>, variables: &[(&str, &str)]) -> Result<(u64, u64)> {
        let environment = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        shard("auto", count, &environment).map(|shard| (shard.index, shard.count))
    }

    #[test]
    fn every_batch_system_is_read() {
        for (count, variables, expected) in [
            (None, &[("OMPI_COMM_WORLD_RANK", "2"), ("OMPI_COMM_WORLD_SIZE", "4")][..], (2, 4)),
            (None, &[("PMI_RANK", "0"), ("PMI_SIZE", "3")], (0, 3)),
            (
                None,
                &[
                    ("SLURM_ARRAY_TASK_ID", "12"),
                    ("SLURM_ARRAY_TASK_MIN", "10"),
                    ("SLURM_ARRAY_TASK_COUNT", "5"),
                ],
                (2, 5),
            ),
            (Some(7), &[("JOB_COMPLETION_INDEX", "6")], (6, 7)),
            (
                None,
                &[("AWS_BATCH_JOB_ARRAY_INDEX", "1"), ("AWS_BATCH_JOB_ARRAY_SIZE", "2")],
                (1, 2),
            ),
            (None, &[("BATCH_TASK_INDEX", "1"), ("BATCH_TASK_COUNT", "9")], (1, 9)),
            (Some(4), &[("PBS_ARRAY_INDEX", "4")], (3, 4)),
            (None, &[("SGE_TASK_ID", "2"), ("SGE_TASK_LAST", "3")], (1, 3)),
            (None, &[("LSB_JOBINDEX", "1"), ("LSB_JOBINDEX_END", "3")], (0, 3)),
            (Some(3), &[("PARALLEL_SEQ", "3")], (2, 3)),
            (Some(3), &[("SGE_TASK_ID", "undefined"), ("PARALLEL_SEQ", "1")], (0, 3)),
        ] {
            assert_eq!(auto(count, variables).ok(), Some(expected), "{variables:?}");
        }
    }

    #[test]
    fn what_does_not_name_a_worker_is_refused() {
        for (count, variables) in [
            (None, &[][..]),
            (None, &[("JOB_COMPLETION_INDEX", "0")]),
            (Some(3), &[("JOB_COMPLETION_INDEX", "3")]),
            (Some(3), &[("PARALLEL_SEQ", "0")]),
        ] {
            assert!(auto(count, variables).is_err_and(|e| e.exit_code() == 2), "{variables:?}");
        }
        let none = |_: &str| None;
        for text in ["0/3", "4/3", "1", "a/b", "1/0", "", "-1/3"] {
            assert!(shard(text, None, &none).is_err(), "{text}");
        }
        assert_eq!(shard("3/3", None, &none).ok(), Some(Shard { index: 2, count: 3 }));
    }
}
