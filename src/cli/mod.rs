//! The command line.
use kafsim::chance::Seed;
use kafsim::scenario::{LoadOptions, load};
use std::process::ExitCode;
pub(crate) fn run() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let file = args.last().cloned().unwrap_or_default();
    match load(&file, &LoadOptions { sets: args[1..args.len() - 1].to_vec(), ..Default::default() })
    {
        Err(e) => {
            println!("{e}");
            ExitCode::from(e.exit_code())
        }
        Ok(c) => {
            let t = std::time::Instant::now();
            let run = kafsim::study::simulate(&c.scenario, Seed::new(1));
            eprintln!("{:?}", t.elapsed());
            for (n, p) in &run.producers {
                println!("{n} {p:?}");
            }
            for (n, p) in &run.groups {
                println!("{n} {p:?}");
            }
            for (n, p) in &run.brokers {
                println!("{n} {p:?}");
            }
            for d in &run.decisions {
                println!(
                    "{} {} {}->{} {} failed {} after {:?} cap {:?} {:?}",
                    d.at.as_secs_f64() / 3600.,
                    d.target,
                    d.from,
                    d.to,
                    d.words,
                    d.failed,
                    d.effective_after.map(|s| s.to_prose()),
                    d.capacity_before,
                    d.capacity_after
                );
            }
            for d in &run.operations {
                println!("{:?}", d);
            }
            for d in run.events.iter() {
                println!("{} {} {} {}", d.at.as_secs_f64() / 3600., d.kind, d.entity, d.words);
            }
            for d in &run.alerts {
                println!("{:?}", d);
            }
            for d in &run.bottleneck.by_resource {
                println!("{:?}", d);
            }
            println!("{:?} {:?} {:?}", run.slo, run.remarks, run.cost);
            ExitCode::SUCCESS
        }
    }
}
