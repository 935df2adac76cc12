//! Everything that can happen.

/// What happens next; closed, so that the loop is one match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The first byte of a chunk reaches the receiving machine.
    Chunk { pipe: u32, bytes: u32, message: u32, last: bool, left: crate::units::SimTime },
    /// A pipe may have room in its window again.
    Pump { pipe: u32 },
    /// A message is complete at the receiver.
    Deliver { pipe: u32, message: u32 },
    /// A broker takes the next request from a connection that it had muted.
    Unmute { pipe: u32 },
    /// A request handler is done with a request.
    Handled { request: u32 },
    /// A request handler forces the next batch of a request to the disk.
    Force { request: u32, batch: u32 },
    /// A replica fetcher forces the next partition that it fetched to the disk.
    ForceFetched { session: u32, part: u32 },
    /// Produce requests may have waited for followers for too long.
    ProduceTimeouts { ring: u32 },
    /// A parked fetch has waited long enough.
    FetchTimeouts { ring: u32 },
    /// A replica fetcher has appended what it fetched.
    Fetched { session: u32 },
    /// A producer's application thread reaches its next turn: a batch opens, is full, or the pace
    /// changes.
    Application { client: u32, turn: u32 },
    /// A producer's sender thread runs.
    Sender { client: u32, turn: u32 },
    /// A producer's sender thread has handled a response.
    Acknowledge { request: u32 },
    /// `max.block.ms` may have passed.
    MaxBlock { client: u32, since: crate::units::SimTime },
    /// A consumer calls `poll`.
    Poll { member: u32 },
    /// A member that waits has to commit.
    CommitDue { member: u32 },
    /// A load curve turns.
    Curve { producer: u32 },
    /// Brokers look for replicas that lag.
    InSync,
    /// The page cache is set to the state it would have reached.
    Settle,
    /// Something that follows from a fault.
    Errand { number: u32 },
    /// Series get a point.
    Sample,
}
