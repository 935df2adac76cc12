//! Connection settings that a user passes through, some of which are secrets.

use crate::error::{Error, Result};
use rdkafka::ClientConfig;
use std::collections::BTreeMap;
use std::fmt;

/// Settings of librdkafka that may be given with `--config`, and whether their value may be shown.
/// Everything that is not in this list is refused: it would change what the scenario says.
const ALLOWED: [(&str, bool); 21] = [
    ("security.protocol", true),
    ("sasl.mechanism", true),
    ("sasl.mechanisms", true),
    ("sasl.username", false),
    ("sasl.password", false),
    ("sasl.kerberos.service.name", true),
    ("ssl.ca.location", false),
    ("ssl.ca.pem", false),
    ("ssl.certificate.location", false),
    ("ssl.certificate.pem", false),
    ("ssl.key.location", false),
    ("ssl.key.pem", false),
    ("ssl.key.password", false),
    ("ssl.keystore.location", false),
    ("ssl.keystore.password", false),
    ("ssl.endpoint.identification.algorithm", true),
    ("enable.ssl.certificate.verification", true),
    ("broker.address.family", true),
    ("socket.connection.setup.timeout.ms", true),
    ("socket.timeout.ms", true),
    ("client.id", true),
];

/// Connection settings. `Debug` and messages show no value that is not known to be harmless.
#[derive(Clone, Default)]
pub struct Security {
    values: BTreeMap<String, String>,
}

impl Security {
    /// Reads `KEY=VALUE` pairs; a value `@FILE` is the text of that file, so that a secret need not
    /// stand on a command line.
    ///
    /// # Errors
    /// A pair without `=`, a key that is not allowed, a file that cannot be read.
    pub fn new(pairs: &[String]) -> Result<Self> {
        let mut values = BTreeMap::new();
        for pair in pairs {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(Error::usage(
                    "--config needs KEY=VALUE; the text is not repeated here",
                ));
            };
            let key = key.trim();
            if !ALLOWED.iter().any(|(allowed, _)| *allowed == key) {
                let keys: Vec<&str> = ALLOWED.iter().map(|(key, _)| *key).collect();
                return Err(Error::usage(format!(
                    "--config: found the key `{}`; allowed is one of {} (everything else comes \
                     from the scenario)",
                    known_shape(key),
                    keys.join(", ")
                )));
            }
            let value = match value.strip_prefix('@') {
                Some(file) => {
                    let path = std::path::Path::new(file);
                    let text = std::fs::read_to_string(path)
                        .map_err(|error| Error::io("read", path, error))?;
                    text.trim_end_matches(['\r', '\n']).to_owned()
                }
                None => value.to_owned(),
            };
            values.insert(key.to_owned(), value);
        }
        Ok(Self { values })
    }

    /// Puts the settings into a client's configuration.
    pub(super) fn apply(&self, config: &mut ClientConfig) {
        for (key, value) in &self.values {
            config.set(key, value);
        }
    }

    /// The text without any value that may not be shown.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (key, value) in &self.values {
            let shown = ALLOWED.iter().any(|(allowed, shown)| allowed == key && *shown);
            if !shown && !value.is_empty() {
                text = text.replace(value.as_str(), "***");
            }
        }
        text
    }

    /// What may be said of the settings: `security.protocol=SASL_SSL, sasl.password=***`.
    pub fn words(&self) -> String {
        let word = |(key, value): (&String, &String)| {
            let shown = ALLOWED.iter().any(|(allowed, shown)| allowed == key && *shown);
            format!("{key}={}", if shown { value } else { "***" })
        };
        self.values.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

/// A key as far as it looks like one: a secret typed in its place is not repeated.
fn known_shape(key: &str) -> &str {
    let like = |c: char| c.is_ascii_lowercase() || c == '.';
    if key.len() <= 40 && key.contains('.') && key.chars().all(like) { key } else { "***" }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Security({})", self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "c4n4ry-9f3b";

    #[test]
    fn no_value_is_shown_unless_it_is_harmless() {
        let pairs = [format!("sasl.password={CANARY}"), "security.protocol=SASL_SSL".to_owned()];
        let security = Security::new(&pairs).unwrap();
        let words = format!("{security:?} {} {}", security.words(), security.redact(CANARY));
        assert!(!words.contains(CANARY), "{words}");
        assert!(words.contains("security.protocol=SASL_SSL"));
    }

    #[test]
    fn what_the_scenario_says_cannot_be_changed_here() {
        let error = Security::new(&["acks=0".to_owned()]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        for wrong in [CANARY.to_owned(), format!("{CANARY}=x")] {
            let error = Security::new(&[wrong]).unwrap_err();
            assert!(!error.to_string().contains(CANARY), "{error}");
        }
    }
}
