//! Writes that keep their thread waiting: forced to the disk by `flush.messages=1`, or slowed down
//! by the kernel because dirty pages are too many. How long that takes is known only when it
//! happens, so the thread is held and one event follows the other.

use super::event::Event;
use super::session::Reader;
use super::world::World;

impl World<'_> {
    /// A handler writes one batch after another; then the request is handled.
    pub(super) fn force(&mut self, request: u32, batch: u32) {
        let now = self.agenda.now();
        if self.conns[self.requests[request].conn as usize].broken {
            return;
        }
        let Some(place) = self.requests[request].batches.get(batch as usize).copied() else {
            self.release(request);
            return;
        };
        let (partition, bytes) = (self.batches[place].partition, self.batches[place].stored);
        let log = &mut self.logs[partition as usize];
        let (broker, disk) = log.disks[0];
        if log.lock > now {
            // Another handler writes to this log.
            let free = log.lock;
            self.agenda.schedule(free, Event::Force { request, batch });
            return;
        }
        let machine = self.brokers[broker as usize].machine as usize;
        let flush = log.flush;
        let storage = &mut self.machines[machine].disks[disk as usize];
        let done = if flush { storage.sync(now, bytes) } else { now + storage.write(now, bytes) };
        self.logs[partition as usize].lock = done;
        self.agenda.schedule(done, Event::Force { request, batch: batch + 1 });
    }

    /// Everything is on the disk: the handler is free for the next request.
    fn release(&mut self, request: u32) {
        let now = self.agenda.now();
        let conn = self.requests[request].conn;
        let broker = self.conns[conn as usize].broker;
        if let Some(handler) = self.requests[request].handler.take() {
            let one = &mut self.brokers[broker as usize];
            one.handlers[handler as usize] = now;
            let span = now - self.requests[request].started.min(now);
            one.handlers_busy += span;
            one.handlers_held += span;
        }
        self.handled(request);
        if let Some((next, work)) = self.brokers[broker as usize].queue.pop_front() {
            self.dispatch(next, broker, now, work);
        }
    }

    /// A replica fetcher writes one partition after another; then it fetches again.
    pub(super) fn force_fetched(&mut self, session: u32, part: u32) {
        let now = self.agenda.now();
        let one = &self.sessions[session as usize];
        let (Some(carried), Reader::Follower { broker }) =
            (one.carried.get(part as usize).copied(), one.reader)
        else {
            self.fetched(session);
            return;
        };
        let partition = one.slots[carried.slot as usize].partition;
        let log = &self.logs[partition as usize];
        let disk = log.disks.iter().find(|(holder, _)| *holder == broker).map(|(_, disk)| *disk);
        let machine = self.brokers[broker as usize].machine as usize;
        let done = match disk {
            Some(disk) => {
                let storage = &mut self.machines[machine].disks[disk as usize];
                if log.flush {
                    storage.sync(now, carried.bytes)
                } else {
                    now + storage.write(now, carried.bytes)
                }
            }
            None => now,
        };
        self.agenda.schedule(done, Event::ForceFetched { session, part: part + 1 });
    }
}
