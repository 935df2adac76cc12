//! Consumers that fetch from a follower in their rack (KIP-392).
//!
//! A follower hands out what is committed as far as it knows: each response to its own fetches
//! tells it the leader's high watermark, which is its own once it has appended that far. A fetch
//! that waits in the leader's purgatory is not answered for the sake of a high watermark, so where
//! little is written such a consumer sees a record up to `replica.fetch.wait.max.ms` later than at
//! the leader.
//!
//! Source: Kafka's `DelayedFetch.tryComplete`, `ReplicaFetcherThread.processPartitionData`.

use super::session::Reader;
use super::world::World;

impl World<'_> {
    /// The leader answers a follower's fetch: the high watermarks are in the response.
    pub(super) fn tell_high_watermarks(&mut self, session: u32) {
        let one = &self.sessions[session as usize];
        if !one.follows() {
            return;
        }
        for slot in &one.slots {
            let log = &mut self.logs[slot.partition as usize];
            if let Some(them) = &mut log.elsewhere {
                them.followers[slot.follower as usize].told = log.high;
            }
        }
    }

    /// A follower has appended what it fetched: who reads from it may read on.
    pub(super) fn learn_high_watermarks(&mut self, session: u32) {
        let Reader::Follower { broker } = self.sessions[session as usize].reader else { return };
        let passed = self.machines[self.brokers[broker as usize].machine as usize].passed();
        let slots = std::mem::take(&mut self.sessions[session as usize].slots);
        for slot in &slots {
            let log = &mut self.logs[slot.partition as usize];
            let Some(mut them) = log.elsewhere.take() else { continue };
            let known = &mut them.followers[slot.follower as usize];
            let high = known.told.min(slot.position);
            if high > known.high {
                known.high = high;
                known.shift = log.passed_before(high).map_or(known.shift, |there| passed - there);
                for (reader, place) in &them.readers {
                    if self.sessions[*reader as usize].slots[*place as usize].follower
                        == slot.follower
                    {
                        self.offer_to(*reader, *place);
                    }
                }
            }
            self.logs[slot.partition as usize].elsewhere = Some(them);
        }
        self.sessions[session as usize].slots = slots;
        self.wake_sessions(broker);
    }

    /// A consumer's session may have something to read.
    fn offer_to(&mut self, session: u32, slot: u32) {
        let one = &mut self.sessions[session as usize];
        one.offer(slot);
        if one.parked && !one.touched {
            one.touched = true;
            self.touched.push(session);
        }
    }
}
