//! Client quotas at the brokers: a response goes out at once, then its channel stays muted.

use super::broker::per_byte;
use super::session::Reader;
use super::world::{Conn, Owner, World};
use crate::model::quota::{MOST_FOR_REQUESTS, Quota, QuotaSensor};
use crate::units::{SimSpan, SimTime};

/// The sensors of one client id on one broker.
#[derive(Debug, Clone)]
pub(super) struct Meters {
    bytes: Option<QuotaSensor>,
    requests: Option<QuotaSensor>,
}

impl Meters {
    /// One for each broker; none at all without a quota.
    pub(super) fn of(quota: Quota, brokers: usize) -> Vec<Self> {
        if quota == Quota::default() {
            return Vec::new();
        }
        let one = Self {
            bytes: quota.bytes.map(|rate| QuotaSensor::new(rate.get())),
            requests: quota.requests.map(QuotaSensor::new),
        };
        vec![one; brokers]
    }

    /// Seconds of the quota used so far.
    pub(super) fn used(&self) -> f64 {
        let used = |sensor: &Option<QuotaSensor>| sensor.as_ref().map_or(0.0, QuotaSensor::used);
        used(&self.bytes).max(used(&self.requests))
    }

    /// Records a request of so many bytes and so much time of threads: for how long its client is
    /// muted, and whether that is for its bytes.
    fn record(&mut self, now: SimTime, bytes: u64, threads: SimSpan) -> (SimSpan, bool) {
        let over = |sensor: &mut Option<QuotaSensor>, value| {
            sensor.as_mut().map_or(SimSpan::ZERO, |sensor| sensor.record(now, value))
        };
        let for_bytes = over(&mut self.bytes, bytes as f64);
        let for_requests = over(&mut self.requests, threads.as_secs_f64() * 100.0);
        let for_requests = for_requests.min(MOST_FOR_REQUESTS);
        (for_bytes.max(for_requests), for_bytes > for_requests)
    }
}

impl World<'_> {
    /// What a network thread has to do for a request of a client and its response: the quota of
    /// request time counts it (`RequestChannel.Request.recordNetworkThreadTimeCallback`).
    fn network_time(&self, conn: &Conn, bytes: u64, ns_per_byte: f64) -> SimSpan {
        let machine = &self.machines[self.brokers[conn.broker as usize].machine as usize];
        let copying = per_byte(bytes, ns_per_byte + conn.tls_ns_per_byte);
        machine.alone(self.costs.network_request * 2 + copying)
    }

    /// For how long the client of a produce request is muted.
    pub(super) fn throttle_producer(&mut self, request: u32) -> SimSpan {
        let conn = self.conns[self.requests[request].conn as usize];
        let Owner::Producer { client, .. } = conn.owner else { return SimSpan::ZERO };
        let producer = self.clients[client as usize].producer as usize;
        let batches = &self.requests[request].batches;
        let bytes = batches.iter().map(|batch| self.batches[*batch].bytes).sum();
        let network = self.network_time(&conn, bytes, self.costs.socket_in_ns_per_byte);
        let Some(meters) = self.producers[producer].meters.get_mut(conn.broker as usize) else {
            return SimSpan::ZERO;
        };
        let entry = &mut self.requests[request];
        let handled = entry.handled.saturating_since(entry.started);
        let (span, _) = meters.record(self.agenda.now(), bytes, handled + network);
        entry.throttle = span;
        self.measures.throttled += u64::from(!span.is_zero());
        span
    }

    /// For how long the member that a fetch answers is muted. What it would have got stays in the
    /// log: a throttled response is empty.
    pub(super) fn throttle_consumer(&mut self, session: u32, request: u32, bytes: u64) -> SimSpan {
        let Reader::Consumer { member } = self.sessions[session as usize].reader else {
            return SimSpan::ZERO;
        };
        let group = self.members[member as usize].group as usize;
        let conn = self.conns[self.sessions[session as usize].conn as usize];
        let network = self.network_time(&conn, bytes, self.costs.send_ns_per_byte);
        let Some(meters) = self.groups[group].meters.get_mut(conn.broker as usize) else {
            return SimSpan::ZERO;
        };
        let now = self.agenda.now();
        let entry = &mut self.requests[request];
        let handled = entry.handled.saturating_since(entry.started);
        let (span, for_bytes) = meters.record(now, bytes, handled + network);
        entry.throttle = span;
        if span.is_zero() {
            return span;
        }
        self.measures.throttled += 1;
        if let (true, Some(sensor)) = (for_bytes, &mut meters.bytes) {
            sensor.unrecord(now, bytes as f64);
        }
        self.sessions[session as usize].put_back();
        span
    }
}
