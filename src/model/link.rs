//! Links between places: how far they are apart, and what they carry.
//!
//! # Rule
//! Two processes of one machine are a loopback apart, machines of one zone a round trip of the
//! zone, others a round trip between zones; a pair of zones may have a link of its own. A link
//! with a bandwidth is one line each way that everything between its zones shares.
//! # Assumes
//! A round trip is the same both ways and does not change during a run.
//! # Breaks
//! Routes that change, and regions whose links are shared by several pairs of zones.
//! # Source
//! Round trips and losses are measured values on cards of `models/networks`.

use crate::units::{ByteRate, SimSpan};

/// Round trips, jitter and loss by distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Links {
    /// Round trip within a zone.
    pub same_zone: SimSpan,
    /// Round trip between zones that have no link of their own.
    pub other_zone: SimSpan,
    /// Round trip within a machine.
    pub loopback: SimSpan,
    /// Mean of an exponential delay that each piece of data has on top, each way.
    pub jitter: SimSpan,
    /// Share of chunks (at most a window) whose last segment is lost: nothing follows it that
    /// would tell, so TCP waits for its time-out. Others are sent again at once, for nothing.
    pub loss: f64,
    /// That time-out.
    pub retransmission: SimSpan,
    /// Pairs of zones with a link of their own.
    pub own: Vec<Link>,
}

/// The link of a pair of zones.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The zones; the link is the same from either.
    pub zones: [String; 2],
    /// Round trip between machines of the two.
    pub round_trip: SimSpan,
    /// What it carries each way; as much as the NICs give without one.
    pub bandwidth: Option<ByteRate>,
}

/// One way over a link of a pair of zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Index among [`Links::own`].
    pub link: usize,
    /// From its second zone to its first.
    pub back: bool,
}

impl Links {
    /// The way from a zone to another, if they have a link of their own.
    pub fn way(&self, from: &str, to: &str) -> Option<Way> {
        let find = |back: bool| {
            let pair = if back { [to, from] } else { [from, to] };
            let link = self.own.iter().position(|one| one.zones == pair)?;
            Some(Way { link, back })
        };
        find(false).or_else(|| find(true))
    }

    /// The round trip between different machines of two zones.
    pub fn round_trip(&self, from: &str, to: &str) -> SimSpan {
        match self.way(from, to) {
            Some(way) => self.own[way.link].round_trip,
            None if from == to => self.same_zone,
            None => self.other_zone,
        }
    }

    /// The links with a bandwidth, each way, under the names of their zones.
    pub fn lines(&self) -> impl Iterator<Item = (Way, String, ByteRate)> + '_ {
        self.own.iter().enumerate().flat_map(|(link, one)| {
            let [a, b] = &one.zones;
            [(false, a, b), (true, b, a)].into_iter().filter_map(move |(back, from, to)| {
                Some((Way { link, back }, format!("zone {from} to {to} link"), one.bandwidth?))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_its_own_wins_over_the_distance() {
        let links = Links {
            same_zone: SimSpan::from_nanos(200_000),
            other_zone: SimSpan::from_millis(1),
            loopback: SimSpan::from_nanos(10_000),
            jitter: SimSpan::ZERO,
            loss: 0.0,
            retransmission: SimSpan::from_millis(200),
            own: vec![Link {
                zones: ["a".into(), "c".into()],
                round_trip: SimSpan::from_millis(9),
                bandwidth: Some(ByteRate::per_sec(1e6)),
            }],
        };
        assert_eq!(links.round_trip("a", "a"), SimSpan::from_nanos(200_000));
        assert_eq!(links.round_trip("a", "b"), SimSpan::from_millis(1));
        assert_eq!(links.round_trip("c", "a"), SimSpan::from_millis(9));
        assert_eq!(links.way("c", "a"), Some(Way { link: 0, back: true }));
        let names: Vec<String> = links.lines().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["zone a to c link", "zone c to a link"]);
    }
}
