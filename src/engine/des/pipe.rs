//! Pipes: one direction of a TCP connection.
//!
//! A message is cut into chunks of at most one window. A chunk queues at the sender's NIC with all
//! others (so an acknowledgement waits behind what is already queued), passes, and queues at the
//! receiver's. The next chunk of a message goes out when the receiver has taken the one before, a
//! round trip later at the earliest: B bytes take the larger of B / bandwidth and ⌈B / window⌉
//! round trips. A reader that does not read (a muted channel, a consumer between two polls) leaves
//! up to one window in its kernel, and the sender's own buffer holds what follows.

use super::broker::per_byte;
use super::event::Event;
use super::world::World;
use crate::units::{SimSpan, SimTime};
use std::collections::VecDeque;

/// One direction of a connection.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    pub from: u32,
    pub to: u32,
    /// The line of a link between; `NONE` where there is none.
    line: u32,
    pub one_way: SimSpan,
    /// Bytes that may be on the way or unread at the receiver.
    pub window: u64,
    /// What a byte takes where a cloud limits single connections, else zero; and when the bytes
    /// that have been sent will be through.
    flow_ns_per_byte: f64,
    flow_free: SimTime,
    /// Messages that have not left completely.
    queue: VecDeque<Outgoing>,
    /// Bytes of those messages that have not left.
    pub unsent: u64,
    /// Bytes that left and that the receiver's kernel has not acknowledged.
    in_net: u64,
    /// Acknowledgements under way: when they arrive, and for how many bytes.
    acks: VecDeque<(SimTime, u64)>,
    pump_at: SimTime,
    /// When the first byte of the latest chunk arrives.
    latest: SimTime,
    /// Messages at the receiver that nobody has read, in order.
    landed: VecDeque<Landed>,
    unread: u64,
    /// The reader reads from this instant on.
    pub muted_until: SimTime,
    /// An `Unmute` is on the agenda.
    unmuting: bool,
}

#[derive(Debug, Clone, Copy)]
struct Outgoing {
    message: u32,
    left: u64,
    size: u64,
    not_before: SimTime,
}

#[derive(Debug, Clone, Copy)]
struct Landed {
    message: u32,
    unread: u64,
    complete: bool,
}

/// Arrivals of less than this after the first byte count as one instant.
const INSTANT: SimSpan = SimSpan::from_nanos(2_000);

impl Pipe {
    /// `limit` is the most bytes per second that a connection carries, if there is such a limit.
    pub(super) fn new(
        [from, to]: [u32; 2],
        line: u32,
        one_way: SimSpan,
        window: u64,
        limit: Option<f64>,
    ) -> Self {
        Self {
            from,
            to,
            line,
            one_way,
            window,
            flow_ns_per_byte: limit.map_or(0.0, |rate| 1e9 / rate),
            flow_free: SimTime::ZERO,
            queue: VecDeque::new(),
            unsent: 0,
            in_net: 0,
            acks: VecDeque::new(),
            pump_at: SimTime::MAX,
            latest: SimTime::ZERO,
            landed: VecDeque::new(),
            unread: 0,
            muted_until: SimTime::ZERO,
            unmuting: false,
        }
    }

    /// Bytes on the way or unread.
    pub(super) fn held(&self) -> u64 {
        self.in_net + self.unread
    }

    /// Bytes whose first one leaves the NIC at `start` and whose last one at `left`: when they do
    /// under the limit of a single connection.
    fn shape(&mut self, [start, left]: [SimTime; 2], bytes: u64) -> (SimTime, SimTime) {
        if self.flow_ns_per_byte <= 0.0 {
            return (start, left);
        }
        let start = start.max(self.flow_free);
        self.flow_free = start + per_byte(bytes, self.flow_ns_per_byte);
        (start, left.max(self.flow_free))
    }

    /// One end is gone: nothing leaves any more, and nobody reads what still arrives.
    pub(super) fn sever(&mut self) {
        self.queue.clear();
        self.landed.clear();
        (self.unsent, self.unread) = (0, 0);
        self.muted_until = SimTime::MAX;
    }

    fn reads(&self, now: SimTime) -> bool {
        now >= self.muted_until
    }

    /// Whether something has arrived that nobody reads, or waits to be sent for lack of a window.
    fn waits(&self) -> bool {
        !self.landed.is_empty() || !self.queue.is_empty()
    }
}

impl World<'_> {
    /// Writes a message into a pipe; its first byte leaves at `not_before` at the earliest.
    pub(super) fn send(&mut self, pipe: u32, message: u32, bytes: u64, not_before: SimTime) {
        let one = &mut self.pipes[pipe as usize];
        one.queue.push_back(Outgoing { message, left: bytes, size: bytes, not_before });
        one.unsent += bytes;
        self.pump(pipe);
    }

    /// Sends as many chunks as the window allows.
    pub(super) fn pump(&mut self, pipe: u32) {
        let now = self.agenda.now();
        let links = &self.scenario.links;
        let jitter = links.jitter;
        let one = &mut self.pipes[pipe as usize];
        while let Some((at, bytes)) = one.acks.front().copied()
            && at <= now
        {
            one.in_net -= bytes;
            one.acks.pop_front();
        }
        while let Some(front) = one.queue.front_mut() {
            let chunk = front.left.min(one.window);
            if one.in_net + one.unread + chunk > one.window {
                if let Some((at, _)) = one.acks.front().copied()
                    && at < one.pump_at
                {
                    one.pump_at = at;
                    self.agenda.schedule(at, Event::Pump { pipe });
                }
                return;
            }
            let last = chunk == front.left;
            let (message, not_before, size) = (front.message, front.not_before, front.size);
            front.left -= chunk;
            if last {
                one.queue.pop_front();
            }
            one.unsent -= chunk;
            one.in_net += chunk;
            let (start, left) = if one.from == one.to {
                (now, now)
            } else {
                self.machines[one.from as usize].egress.take(now, chunk)
            };
            let (start, left) = match self.lines.get_mut(one.line as usize) {
                Some(line) => {
                    let (begin, end) = line.take(start, chunk);
                    (begin, left.max(end))
                }
                None => (start, left),
            };
            let (start, left) = one.shape([start, left], chunk);
            let mut delay = one.one_way;
            if !jitter.is_zero() && one.from != one.to {
                let more = jitter.as_nanos() as f64 * self.chance.exp1();
                delay += SimSpan::from_nanos(more as u64);
            }
            self.before_loss -= 1.0;
            if self.before_loss <= 0.0 {
                // Nothing follows that would tell of the loss: TCP waits for its time-out.
                self.before_loss = self.chance.exp1() / links.loss;
                delay += links.retransmission;
            }
            // TCP hands over in order: nothing overtakes what left before it.
            let first = (start.max(not_before) + delay).max(one.latest);
            one.latest = first;
            let left = left.max(not_before) + delay;
            // A message of one piece is looked at when its last byte can be there.
            let whole = last && chunk == size;
            let event = Event::Chunk { pipe, bytes: chunk as u32, message, last, left };
            self.agenda.schedule(if whole { first.max(left) } else { first }, event);
        }
    }

    /// The window may have room again.
    pub(super) fn pump_due(&mut self, pipe: u32) {
        self.pipes[pipe as usize].pump_at = SimTime::MAX;
        self.pump(pipe);
        self.written(pipe);
    }

    /// The first byte of a chunk arrives; `left` is when its last byte can be there.
    pub(super) fn chunk(&mut self, pipe: u32, bytes: u64, message: u32, last: bool, left: SimTime) {
        let now = self.agenda.now();
        let one = &mut self.pipes[pipe as usize];
        let (start, end) = if one.from == one.to {
            (now, now)
        } else {
            // A message of one piece has been coming in since its first byte.
            let ingress = &mut self.machines[one.to as usize].ingress;
            let since = if left <= now { ingress.begin_of(now, bytes) } else { now };
            ingress.take(since, bytes)
        };
        let end = end.max(left);
        if one.reads(now) && one.landed.is_empty() {
            one.acks.push_back((start + one.one_way, bytes));
            if !one.queue.is_empty() {
                self.pump(pipe);
            }
            if !last {
                self.received_part(pipe, bytes);
            } else if end <= now + INSTANT {
                self.deliver(pipe, message);
            } else {
                self.agenda.schedule(end, Event::Deliver { pipe, message });
            }
            return;
        }
        one.in_net -= bytes;
        one.unread += bytes;
        match one.landed.back_mut() {
            Some(landed) if landed.message == message => {
                landed.unread += bytes;
                landed.complete = last;
            }
            _ => one.landed.push_back(Landed { message, unread: bytes, complete: last }),
        }
        self.unmute_later(pipe);
    }

    /// Makes sure that the reader looks at what waits for it as soon as it reads again.
    fn unmute_later(&mut self, pipe: u32) {
        let now = self.agenda.now();
        let one = &mut self.pipes[pipe as usize];
        if one.muted_until < SimTime::MAX && !one.unmuting && one.waits() {
            one.unmuting = true;
            let at = one.muted_until.max(now);
            self.agenda.schedule(at, Event::Unmute { pipe });
        }
    }

    /// The reader stops reading until an instant, `SimTime::MAX` when that is not known.
    pub(super) fn mute(&mut self, pipe: u32, until: SimTime) {
        self.pipes[pipe as usize].muted_until = until;
        self.unmute_later(pipe);
    }

    /// The reader reads again: what waits in its kernel is taken at once, up to one message.
    pub(super) fn unmute(&mut self, pipe: u32) {
        let now = self.agenda.now();
        let one = &mut self.pipes[pipe as usize];
        one.unmuting = false;
        if !one.reads(now) {
            self.unmute_later(pipe);
            return;
        }
        let Some(landed) = one.landed.front_mut() else {
            self.pump(pipe);
            self.written(pipe);
            return;
        };
        let (bytes, message, complete) = (landed.unread, landed.message, landed.complete);
        landed.unread = 0;
        one.unread -= bytes;
        // The window opens at once; the news travels to the sender.
        one.in_net += bytes;
        one.acks.push_back((now + one.one_way, bytes));
        if complete {
            one.landed.pop_front();
        } else {
            // What follows of this message is read as it comes.
            one.landed.pop_front();
            self.received_part(pipe, bytes);
        }
        self.pump(pipe);
        if complete {
            self.deliver(pipe, message);
        }
        self.written(pipe);
    }

    /// A complete message reaches the process behind the pipe, or waits while that does not read.
    pub(super) fn deliver(&mut self, pipe: u32, message: u32) {
        let now = self.agenda.now();
        let one = &mut self.pipes[pipe as usize];
        if !one.reads(now) {
            // It was read into the process's buffers before the channel was muted.
            let read = |landed: &&Landed| landed.complete && landed.unread == 0;
            let ahead = one.landed.iter().take_while(read).count();
            one.landed.insert(ahead, Landed { message, unread: 0, complete: true });
            self.unmute_later(pipe);
            return;
        }
        self.arrived(pipe, message);
        // Whoever read this message reads what lies behind it, unless it stopped reading.
        self.unmute_later(pipe);
    }
}
