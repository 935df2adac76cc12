//! What the live mode talks to: a real cluster, or librdkafka's mock inside this process.

use super::Security;
use super::clock::pause;
use crate::error::{Error, Result};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::statistics::Statistics;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a scenario is played on.
#[derive(Debug, Clone)]
pub enum Target {
    /// The mock cluster of librdkafka, inside this process.
    Mock(MockPlan),
    /// A cluster at these addresses (`host:port`, separated by commas).
    Bootstrap(String),
}

/// What the mock does besides serving.
#[derive(Debug, Clone, Default)]
pub struct MockPlan {
    /// Errors with which the next produce requests are answered, by Kafka's number, in order.
    pub produce_errors: Vec<i16>,
    /// Delay of every answer.
    pub round_trip: Duration,
}

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words of an error of librdkafka, without its nesting.
pub(super) fn rdkafka_words(error: &KafkaError) -> String {
    let code = error.rdkafka_error_code();
    code.map_or_else(|| error.to_string(), |code| code.to_string())
}

/// Keeps the last thing that librdkafka complained about.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<String>);

impl ClientContext for Complaints {
    fn error(&self, error: KafkaError, reason: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            format!("{}: {reason}", rdkafka_words(&error));
    }
    fn stats(&self, _statistics: Statistics) {}
}

/// The operator's side of a cluster.
pub(super) struct Admin {
    client: AdminClient<Complaints>,
    runtime: tokio::runtime::Runtime,
    /// The addresses.
    pub bootstrap: String,
}

/// Brokers by id with their address, and the in-sync replicas of every partition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layout {
    pub brokers: BTreeMap<i32, (String, u16)>,
    /// By topic and partition.
    pub partitions: BTreeMap<(String, i32), Replicas>,
}

/// Who holds a partition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Replicas {
    pub leader: i32,
    pub all: Vec<i32>,
    pub in_sync: Vec<i32>,
}

impl Admin {
    /// A client that has had an answer.
    ///
    /// # Errors
    /// Nobody answers, or not to us: refused.
    pub(super) fn connect(bootstrap: &str, security: &Security) -> Result<Self> {
        let mut config = ClientConfig::new();
        security.apply(&mut config);
        config.set("bootstrap.servers", bootstrap);
        let wrong = |error: KafkaError| {
            Error::usage(security.redact(&format!("librdkafka refuses the settings: {error}")))
        };
        let client: AdminClient<Complaints> =
            rdkafka::config::FromClientConfigAndContext::from_config_and_context(
                &config,
                Complaints::default(),
            )
            .map_err(wrong)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::runtime(format!("no runtime: {error}")))?;
        let admin = Self { client, runtime, bootstrap: bootstrap.to_owned() };
        admin.client.inner().fetch_metadata(None, PATIENCE).map_err(|error| {
            let context = admin.client.inner().context();
            let last = context.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let why = if last.is_empty() { rdkafka_words(&error) } else { last };
            Error::refused(security.redact(&format!(
                "no Kafka cluster answers at {bootstrap}: {why}. Nothing was created."
            )))
        })?;
        Ok(admin)
    }

    /// The id of the cluster.
    pub(super) fn cluster_id(&self) -> Option<String> {
        self.client.inner().fetch_cluster_id(PATIENCE)
    }

    /// Brokers and partitions as they stand.
    pub(super) fn layout(&self) -> Result<Layout, KafkaError> {
        let metadata = self.client.inner().fetch_metadata(None, PATIENCE)?;
        let brokers = metadata.brokers().iter();
        let mut layout = Layout {
            brokers: brokers.map(|b| (b.id(), (b.host().to_owned(), b.port() as u16))).collect(),
            ..Layout::default()
        };
        for topic in metadata.topics() {
            for one in topic.partitions() {
                let replicas = Replicas {
                    leader: one.leader(),
                    all: one.replicas().to_vec(),
                    in_sync: one.isr().to_vec(),
                };
                layout.partitions.insert((topic.name().to_owned(), one.id()), replicas);
            }
        }
        Ok(layout)
    }

    /// Creates a topic and waits until all its partitions have leaders.
    pub(super) fn create_topic(
        &self,
        name: &str,
        [partitions, factor]: [u32; 2],
        config: &[(&str, String)],
    ) -> Result<(), KafkaError> {
        let replication = TopicReplication::Fixed(factor as i32);
        let mut topic = NewTopic::new(name, partitions as i32, replication);
        for (key, value) in config {
            topic = topic.set(key, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let made = self.runtime.block_on(self.client.create_topics([&topic], &options))?;
        one_result(made)?;
        for _ in 0..100 {
            let metadata = self.client.inner().fetch_metadata(Some(name), PATIENCE)?;
            let found = metadata.topics().iter().find(|topic| topic.name() == name);
            let ready = found.is_some_and(|topic| {
                topic.partitions().len() == partitions as usize
                    && topic.partitions().iter().all(|one| one.leader() >= 0)
            });
            if ready {
                return Ok(());
            }
            pause(Duration::from_millis(100));
        }
        Err(KafkaError::AdminOp(RDKafkaErrorCode::LeaderNotAvailable))
    }

    /// Deletes a topic; one that does not exist is as good as deleted.
    pub(super) fn delete_topic(&self, name: &str) -> Result<(), KafkaError> {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let gone = self.runtime.block_on(self.client.delete_topics(&[name], &options))?;
        match one_result(gone) {
            Err(KafkaError::AdminOp(
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic,
            )) => Ok(()),
            other => other,
        }
    }

    /// Deletes a group with its offsets.
    pub(super) fn delete_group(&self, name: &str) -> Result<(), KafkaError> {
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let gone = self.runtime.block_on(self.client.delete_groups(&[name], &options))?;
        one_result(gone)
    }
}

fn one_result(results: Vec<Result<String, (String, RDKafkaErrorCode)>>) -> Result<(), KafkaError> {
    match results.into_iter().next() {
        Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
        _ => Ok(()),
    }
}

/// A connected target.
pub(super) enum Cluster {
    Mock { mock: MockCluster<'static, DefaultProducerContext>, brokers: u32 },
    Real(Admin),
}

impl Cluster {
    /// Starts the mock with so many brokers, or connects.
    pub(super) fn open(target: &Target, brokers: u32, security: &Security) -> Result<Self> {
        match target {
            Target::Bootstrap(addresses) => Admin::connect(addresses, security).map(Self::Real),
            Target::Mock(plan) => {
                let failed = |error: KafkaError| Error::runtime(format!("no mock: {error}"));
                let mock = MockCluster::new(brokers as i32).map_err(failed)?;
                for broker in 1..=brokers as i32 {
                    if !plan.round_trip.is_zero() {
                        mock.broker_round_trip_time(broker, plan.round_trip).map_err(failed)?;
                    }
                }
                let errors: Vec<RDKafkaRespErr> =
                    plan.produce_errors.iter().map(|number| response(*number)).collect();
                if !errors.is_empty() {
                    mock.request_errors(RDKafkaApiKey::Produce, &errors);
                }
                Ok(Self::Mock { mock, brokers })
            }
        }
    }

    /// Addresses for clients.
    pub(super) fn bootstrap(&self) -> String {
        match self {
            Self::Mock { mock, .. } => mock.bootstrap_servers(),
            Self::Real(admin) => admin.bootstrap.clone(),
        }
    }

    /// What the journal keeps: the mock's ports mean nothing after its end.
    pub(super) fn journal_address(&self) -> String {
        match self {
            Self::Mock { .. } => "mock".to_owned(),
            Self::Real(admin) => admin.bootstrap.clone(),
        }
    }

    /// How many brokers there are.
    pub(super) fn brokers(&self) -> Result<u32> {
        match self {
            Self::Mock { brokers, .. } => Ok(*brokers),
            Self::Real(admin) => {
                let layout = admin.layout().map_err(|error| {
                    Error::refused(format!("the cluster stopped answering: {error}"))
                })?;
                Ok(layout.brokers.len() as u32)
            }
        }
    }

    /// The real cluster, if it is one.
    pub(super) fn admin(&self) -> Option<&Admin> {
        match self {
            Self::Mock { .. } => None,
            Self::Real(admin) => Some(admin),
        }
    }

    pub(super) fn create_topic(
        &self,
        name: &str,
        shape: [u32; 2],
        config: &[(&str, String)],
    ) -> Result<(), KafkaError> {
        match self {
            Self::Mock { mock, .. } => mock.create_topic(name, shape[0] as i32, shape[1] as i32),
            Self::Real(admin) => admin.create_topic(name, shape, config),
        }
    }

    pub(super) fn delete_topic(&self, name: &str) -> Result<(), KafkaError> {
        // The mock cannot delete; it ends with this process.
        self.admin().map_or(Ok(()), |admin| admin.delete_topic(name))
    }
}

/// Kafka's error numbers that a script may name; everything else is "unknown".
fn response(number: i16) -> RDKafkaRespErr {
    use RDKafkaRespErr as E;
    match number {
        3 => E::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        5 => E::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        6 => E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        7 => E::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        10 => E::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        17 => E::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        19 => E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        29 => E::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        _ => E::RD_KAFKA_RESP_ERR_UNKNOWN,
    }
}

/// Whether every address is on the loopback interface; a name counts by what it resolves to.
pub(super) fn loopback(bootstrap: &str) -> bool {
    bootstrap.split(',').all(|address| {
        let address = address.trim();
        if let Ok(ip) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
            return ip.is_loopback();
        }
        let found = address.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        found.is_ok_and(|found| !found.is_empty() && found.iter().all(|one| one.ip().is_loopback()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        assert!(loopback("127.0.0.1:9092,127.0.0.2:9092") && loopback("[::1]:9092"));
        for far in ["10.0.0.1:9092", "127.0.0.1:9092,192.0.2.7:9092", "", "no.such.host.invalid:1"]
        {
            assert!(!loopback(far), "{far}");
        }
    }
}
