//! Commands of Kafka's tools, as a shell takes them.
//!
//! Source: the tools' own options in Apache Kafka 4.1.

/// How the tools are called here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// What `--bootstrap-server` gets; may be a variable of the shell.
    pub bootstrap: String,
    /// What stands before every tool, e.g. `docker exec broker-1`.
    pub prefix: String,
    /// What tools are called behind their name: `.sh` in Kafka's own archive.
    pub ending: String,
}

/// Widest line of a command.
const WIDE: usize = 92;

impl Tools {
    /// A command: the tool, what stands before `--bootstrap-server`, and what follows. Each part
    /// may be several words that stay on one line.
    pub fn call(&self, tool: &str, first: &str, rest: &[String]) -> String {
        let mut line = String::new();
        for word in [self.prefix.as_str(), &format!("{tool}{}", self.ending), first] {
            if !word.is_empty() {
                line.push_str(word);
                line.push(' ');
            }
        }
        line.push_str(&format!("--bootstrap-server {}", self.bootstrap));
        let mut text = String::new();
        for part in rest {
            if line.chars().count() + part.chars().count() > WIDE {
                text.push_str(&format!("{line} \\\n"));
                line = format!("  {part}");
            } else {
                line.push_str(&format!(" {part}"));
            }
        }
        text + &line
    }

    /// `kafka-reassign-partitions` with a file.
    pub fn reassign(&self, file: &str, action: &str) -> String {
        let file = format!("--reassignment-json-file {}", quoted(file));
        self.call("kafka-reassign-partitions", "", &[file, action.to_owned()])
    }

    /// `kafka-topics`.
    pub fn topics(&self, rest: &[String]) -> String {
        self.call("kafka-topics", "", rest)
    }

    /// `kafka-configs` of brokers or topics.
    pub fn configs(&self, kind: &str, name: &str, rest: &str) -> String {
        let name = format!("--entity-name {}", quoted(name));
        let kind = format!("--entity-type {kind}");
        self.call("kafka-configs", "", &[kind, name, rest.to_owned()])
    }

    /// `kafka-consumer-groups` of a group.
    pub fn groups(&self, group: &str, rest: &str) -> String {
        let group = format!("--describe --group {}", quoted(group));
        let rest = if rest.is_empty() { vec![group] } else { vec![group, rest.to_owned()] };
        self.call("kafka-consumer-groups", "", &rest)
    }
}

/// A word for a shell: in single quotes unless it needs none.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let clean: String = word.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", clean.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Tools {
        Tools { bootstrap: "$BOOTSTRAP".into(), prefix: String::new(), ending: String::new() }
    }

    #[test]
    fn a_command_is_one_line_where_it_fits() {
        assert_eq!(
            tools().groups("billing", "--members"),
            "kafka-consumer-groups --bootstrap-server $BOOTSTRAP --describe --group billing \
             --members"
        );
        let long = tools().reassign("wave-1.json", "--execute --throttle 52428800");
        assert_eq!(long.lines().count(), 2, "{long}");
        assert!(long.lines().next().unwrap().ends_with(" \\"), "{long}");
    }

    #[test]
    fn containers_and_archives_call_tools_otherwise() {
        let tools = Tools { prefix: "docker exec b1".into(), ending: ".sh".into(), ..tools() };
        let text = tools.call("kafka-cluster", "unregister", &["--id 3".into()]);
        let said =
            "docker exec b1 kafka-cluster.sh unregister --bootstrap-server $BOOTSTRAP --id 3";
        assert_eq!(text, said);
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(quoted("orders-1"), "orders-1");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
        assert_eq!(quoted("a\nb"), "'a b'");
        assert_eq!(quoted(""), "''");
    }
}
