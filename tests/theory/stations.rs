//! Stations against queueing theory.

use kafsim::analysis::{little, replications};
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::engine::kernel::{Agenda, FifoStation};
use kafsim::units::{SimSpan, SimTime};

/// Mean service time in seconds; utilisation follows from the arrival rate.
const SERVICE: f64 = 1e-3;

enum Event {
    Arrival,
    Departure,
}

/// M/M/1 with arrival and departure events; (arrival, departure) of each customer.
fn mm1(utilisation: f64, customers: usize, chance: Chance) -> Vec<(SimTime, SimTime)> {
    let (mut gaps, mut work) = (chance.stream("source", "gap"), chance.stream("server", "work"));
    let gap = SERVICE / utilisation;
    let mut agenda = Agenda::new();
    let mut waiting = std::collections::VecDeque::new();
    let mut done = Vec::with_capacity(customers);
    agenda.schedule(SimTime::ZERO, Event::Arrival);
    let mut arrived = 0;
    while done.len() < customers {
        let Some((now, event)) = agenda.take() else { break };
        match event {
            Event::Arrival => {
                arrived += 1;
                waiting.push_back(now);
                if waiting.len() == 1 {
                    agenda.schedule(now + exponential(&mut work, SERVICE), Event::Departure);
                }
                if arrived < customers {
                    agenda.schedule(now + exponential(&mut gaps, gap), Event::Arrival);
                }
            }
            Event::Departure => {
                done.extend(waiting.pop_front().map(|arrival| (arrival, now)));
                if !waiting.is_empty() {
                    agenda.schedule(now + exponential(&mut work, SERVICE), Event::Departure);
                }
            }
        }
    }
    done
}

fn exponential(stream: &mut Stream, mean: f64) -> SimSpan {
    SimSpan::from_secs_f64(stream.exp1() * mean)
}

/// Mean waits over replications of a FIFO station, after a warm-up.
fn waits(servers: usize, utilisation: f64, service: impl Fn(&mut Stream) -> f64) -> Vec<f64> {
    let (customers, warm_up) = (150_000, 20_000);
    (0..20)
        .map(|replication| {
            let chance = Chance::new(Seed::new(11), replication);
            let mut gaps = chance.stream("source", "gap");
            let mut work = chance.stream("server", "work");
            let mut station = FifoStation::new(servers);
            let mut now = SimTime::ZERO;
            let mut total = 0.0;
            for customer in 0..customers {
                now += exponential(&mut gaps, SERVICE / utilisation / servers as f64);
                let served = station.serve(now, SimSpan::from_secs_f64(service(&mut work)));
                if customer >= warm_up {
                    total += (served.start - now).as_secs_f64();
                }
            }
            total / f64::from(customers - warm_up)
        })
        .collect()
}

fn covers(waits: &[f64], theory: f64) {
    let interval = replications(waits, 0.99);
    assert!(interval.contains(theory), "{theory} is not in {interval:?}");
    assert!(interval.relative_half_width() < 0.08, "{interval:?} proves little");
}

/// Erlang's C: the probability that a customer waits.
fn erlang_c(servers: u32, utilisation: f64) -> f64 {
    let load = f64::from(servers) * utilisation;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..servers {
        term *= load / f64::from(k);
        sum += term;
    }
    let last = term * load / f64::from(servers) / (1.0 - utilisation);
    last / (sum + last)
}

#[test]
fn mm1_through_the_agenda() {
    let means: Vec<f64> = (0..20)
        .map(|replication| {
            let served = mm1(0.7, 40_000, Chance::new(Seed::new(5), replication));
            let law = little(&served).expect("customers came");
            assert!(law.relative_error() < 1e-9, "Little's law is an identity: {law:?}");
            let steady = &served[8_000..];
            let total: f64 = steady.iter().map(|(a, d)| (*d - *a).as_secs_f64()).sum();
            total / steady.len() as f64
        })
        .collect();
    covers(&means, SERVICE / (1.0 - 0.7));
}

#[test]
fn mm1_departures_are_those_of_the_station() {
    let chance = Chance::new(Seed::new(5), 0);
    let served = mm1(0.8, 5_000, chance);
    let mut work = chance.stream("server", "work");
    let mut station = FifoStation::new(1);
    for (arrival, departure) in served {
        assert_eq!(station.serve(arrival, exponential(&mut work, SERVICE)).end, departure);
    }
}

#[test]
fn mmc_waits_as_erlang_says() {
    for (servers, utilisation) in [(2, 0.6), (5, 0.8), (20, 0.85)] {
        let found = waits(servers, utilisation, |work| work.exp1() * SERVICE);
        let c = servers as f64;
        let wait = erlang_c(servers as u32, utilisation) * SERVICE / (c * (1.0 - utilisation));
        covers(&found, wait);
    }
}

#[test]
fn md1_waits_half_as_long_as_mm1() {
    let found = waits(1, 0.8, |_| SERVICE);
    covers(&found, SERVICE * 0.8 / (2.0 * (1.0 - 0.8)));
}

#[test]
fn mg1_waits_as_pollaczek_and_khinchine_say() {
    // Lognormal service with mean 1 ms and squared coefficient of variation 0.25, then uniform.
    let sigma2: f64 = libm::log(1.25);
    let lognormal =
        move |work: &mut Stream| SERVICE * libm::exp(sigma2.sqrt() * work.normal() - sigma2 / 2.0);
    let wait = |scv: f64, rho: f64| SERVICE * rho * (1.0 + scv) / (2.0 * (1.0 - rho));
    covers(&waits(1, 0.75, lognormal), wait(0.25, 0.75));
    let uniform = |work: &mut Stream| SERVICE * 2.0 * work.uniform();
    covers(&waits(1, 0.6, uniform), wait(1.0 / 3.0, 0.6));
}

#[test]
fn the_utilisation_law_holds() {
    let chance = Chance::new(Seed::new(8), 0);
    let (mut gaps, mut work) = (chance.stream("source", "gap"), chance.stream("server", "work"));
    let mut station = FifoStation::new(3);
    let (mut now, mut total) = (SimTime::ZERO, SimSpan::ZERO);
    for _ in 0..10_000 {
        now += exponential(&mut gaps, SERVICE / 2.0);
        let service = exponential(&mut work, SERVICE);
        total += service;
        station.serve(now, service);
    }
    assert_eq!(station.busy(), total);
    let utilisation = total.ratio_to((now - SimTime::ZERO) * 3);
    assert!((utilisation - 2.0 / 3.0).abs() < 0.02, "{utilisation}");
}

#[test]
fn nominal_95_percent_intervals_cover_in_93_to_97_percent_of_experiments() {
    for (utilisation, customers) in [(0.5, 1_500), (0.8, 6_000)] {
        let theory = SERVICE * utilisation / (1.0 - utilisation);
        let covered = (0..1_000)
            .filter(|experiment| {
                let means: Vec<f64> = (0..10)
                    .map(|replication| {
                        let chance = Chance::new(Seed::new(1_000 + experiment), replication);
                        stationary_wait(utilisation, customers, chance)
                    })
                    .collect();
                replications(&means, 0.95).contains(theory)
            })
            .count();
        assert!((930..=970).contains(&covered), "{covered} of 1000 at {utilisation}");
    }
}

/// The mean wait of M/M/1 customers by Lindley's recursion, begun in the stationary state.
fn stationary_wait(utilisation: f64, customers: u32, chance: Chance) -> f64 {
    let mut draws = chance.stream("queue", "lindley");
    let gap = SERVICE / utilisation;
    let busy = draws.uniform() < utilisation;
    let mut wait = if busy { draws.exp1() * SERVICE / (1.0 - utilisation) } else { 0.0 };
    let mut total = 0.0;
    for _ in 0..customers {
        total += wait;
        wait = (wait + draws.exp1() * SERVICE - draws.exp1() * gap).max(0.0);
    }
    total / f64::from(customers)
}

#[test]
fn a_tandem_passes_on_a_poisson_stream() {
    // Burke (1956): departures of M/M/1 are a Poisson process, so the second station is M/M/1 too.
    let rate = 0.7 / SERVICE;
    let waits: Vec<f64> = (0..20)
        .map(|replication| {
            let chance = Chance::new(Seed::new(17), replication);
            let mut gaps = chance.stream("source", "gap");
            let mut work = chance.stream("servers", "work");
            let [mut first, mut second] = [FifoStation::new(1), FifoStation::new(1)];
            let (mut now, mut total) = (SimTime::ZERO, 0.0);
            for customer in 0..100_000 {
                now += exponential(&mut gaps, 1.0 / rate);
                let middle = first.serve(now, exponential(&mut work, SERVICE)).end;
                let served = second.serve(middle, exponential(&mut work, SERVICE));
                if customer >= 20_000 {
                    total += (served.end - now).as_secs_f64();
                }
            }
            total / 80_000.0
        })
        .collect();
    covers(&waits, 2.0 * SERVICE / (1.0 - 0.7));
}

/// Exact mean value analysis of a closed network (Reiser and Lavenberg 1980): throughput of `n`
/// customers over single servers with these mean service times and a think time.
fn mva(n: u32, services: &[f64], think: f64) -> f64 {
    let mut queues = vec![0.0; services.len()];
    let mut throughput = 0.0;
    for customers in 1..=n {
        let times: Vec<f64> =
            services.iter().zip(&queues).map(|(service, queue)| service * (1.0 + queue)).collect();
        throughput = f64::from(customers) / (think + times.iter().sum::<f64>());
        queues = times.iter().map(|time| throughput * time).collect();
    }
    throughput
}

#[test]
fn a_closed_network_has_the_throughput_of_mean_value_analysis() {
    let (services, think) = ([SERVICE, 1.5 * SERVICE], 4.0 * SERVICE);
    for customers in [1, 3, 8] {
        let rates: Vec<f64> = (0..20)
            .map(|replication| {
                let chance = Chance::new(Seed::new(23), replication);
                let mut work = chance.stream("network", "work");
                let mut stations = services.map(|_| FifoStation::new(1));
                // An event is a customer that arrives at a station, or leaves the last one.
                let mut agenda = Agenda::new();
                for _ in 0..customers {
                    agenda.schedule(SimTime::ZERO + exponential(&mut work, think), 0_usize);
                }
                let (mut cycles, mut from, until) = (0_u32, SimTime::ZERO, 60_000);
                while cycles < until {
                    let (now, station) = agenda.take().expect("customers stay");
                    if station == services.len() {
                        cycles += 1;
                        if cycles == until / 10 {
                            from = now;
                        }
                        agenda.schedule(now + exponential(&mut work, think), 0);
                        continue;
                    }
                    let span = exponential(&mut work, services[station]);
                    let end = stations[station].serve(now, span).end;
                    agenda.schedule(end, station + 1);
                }
                f64::from(until - until / 10) / (agenda.now() - from).as_secs_f64()
            })
            .collect();
        covers(&rates, mva(customers, &services, think));
    }
}

/// Mean and 99 % quantile of the time in a station of so many cores that all jobs share evenly, as
/// a fair scheduler has it, and in first-come first-served order; services of a request's kind.
fn shared_and_in_order(cores: usize, utilisation: f64) -> [[f64; 2]; 2] {
    let chance = Chance::new(Seed::new(12), 0);
    let mut gaps = chance.stream("source", "gap");
    let mut work = chance.stream("server", "work");
    let mut station = FifoStation::new(cores);
    let [mut shared, mut in_order] = [Vec::new(), Vec::new()];
    let mut present: Vec<(f64, f64)> = Vec::new();
    let mut now = 0.0;
    for _ in 0..200_000 {
        let arrival = now + gaps.exp1() * SERVICE / utilisation / cores as f64;
        // Until then, jobs that are done leave one by one and the rest speeds up.
        while let Some(least) = present.iter().map(|(left, _)| *left).min_by(f64::total_cmp) {
            let speed = (cores as f64 / present.len() as f64).min(1.0);
            let span = (arrival - now).min(least / speed);
            now += span;
            for (left, _) in &mut present {
                *left -= span * speed;
            }
            let leaves = |(left, _): &&(f64, f64)| *left <= 1e-15;
            shared.extend(present.iter().filter(leaves).map(|(_, since)| now - since));
            present.retain(|one| !leaves(&one));
            if now >= arrival {
                break;
            }
        }
        now = arrival;
        // A coefficient of variation of 0.2.
        let service = SERVICE * (1.0 + 0.2 * 3_f64.sqrt() * (2.0 * work.uniform() - 1.0));
        present.push((service, now));
        let at = SimTime::ZERO + SimSpan::from_secs_f64(now);
        let served = station.serve(at, SimSpan::from_secs_f64(service));
        in_order.push((served.end - at).as_secs_f64());
    }
    [shared, in_order].map(|mut times| {
        times.sort_by(f64::total_cmp);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        [mean, times[times.len() * 99 / 100]]
    })
}

#[test]
fn first_come_first_served_is_near_a_fair_scheduler_below_saturation() {
    // What the request-level engine's cores miss of the kernel's scheduler, as its text states.
    let mut worst = [0.0_f64; 2];
    for (cores, utilisation) in [(8, 0.5), (8, 0.7), (8, 0.8), (2, 0.5), (2, 0.7)] {
        let [shared, in_order] = shared_and_in_order(cores, utilisation);
        let ratios = [0, 1].map(|index| in_order[index] / shared[index]);
        println!("{cores} cores at {utilisation}: mean × {:.3}, p99 × {:.3}", ratios[0], ratios[1]);
        assert!(ratios[0] <= 1.01, "sharing keeps nobody waiting, but all are longer at it");
        worst = [worst[0].max(1.0 / ratios[0]), worst[1].max(1.0 / ratios[1])];
    }
    assert!(worst[0] < 1.4 && worst[1] < 2.0, "{worst:?}");
}
