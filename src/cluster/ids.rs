//! Indices that cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id of a position in its vector.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            /// The position in its vector.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    /// A host.
    HostId "h",
    /// A broker, as a dense index; operators know it by [`Broker::node_id`](super::Broker).
    BrokerId "b",
    /// A topic.
    TopicId "t",
    /// A partition of any topic, as a dense index over all topics.
    PartitionId "p",
    /// A consumer group.
    GroupId "g",
    /// A producer of the scenario (one or several client processes).
    ProducerId "w",
}
