//! Quantities of several designs side by side, with 95 % bars.

use super::Picture;
use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, Colour, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use crate::analysis::Interval;
use crate::error::Result;
use crate::study::{ConsumerStudy, Outcome, PartitionStudy, QUANTITIES, STRATEGY_MEASURES};
use crate::units::count;

/// Throughput and latency of each design.
pub fn comparison_picture(outcomes: &[Outcome]) -> Result<Picture> {
    let title = "Designs side by side, 95 % intervals";
    let names: Vec<String> = outcomes.iter().map(|one| one.design.clone()).collect();
    let of = |index: usize| outcomes.iter().map(|one| one.values[index]).collect::<Vec<_>>();
    let panels = [0, 3, 4].map(|index| (QUANTITIES[index].words, vec![(of(index), BLUE)]));
    let shown = panels.iter().filter(|(_, series)| series[0].0.iter().any(Option::is_some));
    let panels: Vec<_> = shown.cloned().collect();
    picture("comparison", title, &names, &panels, None)
}

/// Throughput against partitions, with the knee.
pub fn partitions_picture(study: &PartitionStudy) -> Result<Picture> {
    let title = "Throughput against partitions, 95 % intervals";
    let names: Vec<String> = study.counts.iter().map(u32::to_string).collect();
    let of = |list: &[Outcome], index: usize| {
        list.iter().map(|one| one.values[index]).collect::<Vec<_>>()
    };
    let panels = vec![
        ("written by one producer, records/s", vec![(of(&study.writing, 0), BLUE)]),
        ("read by as many members as partitions, records/s", vec![(of(&study.reading, 4), ORANGE)]),
    ];
    picture("partitions", title, &names, &panels, Some(study.knee))
}

/// What each consumer strategy costs, and what it survives.
pub fn consumers_picture(study: &ConsumerStudy) -> Result<Picture> {
    let title = "Consumer strategies, 95 % intervals";
    let names: Vec<String> = study.rows.iter().map(|row| row.strategy.name().to_owned()).collect();
    let panels: Vec<(&str, Vec<Series>)> = STRATEGY_MEASURES
        .iter()
        .enumerate()
        .filter_map(|(index, measure)| {
            let words = match measure.key {
                "core_hours" => "core-hours",
                "lag_s_p99" => "age of the lag, p99 over time, s",
                "failover_lag_s" => "oldest record after the death of a member, s",
                _ => return None,
            };
            let values = study.rows.iter().map(|row| row.values[index]).collect();
            Some((words, vec![(values, BLUE)]))
        })
        .collect();
    picture("consumers", title, &names, &panels, None)
}

type Series = (Vec<Option<Interval>>, Colour);

fn picture(
    name: &'static str,
    title: &str,
    names: &[String],
    panels: &[(&str, Vec<Series>)],
    knee: Option<usize>,
) -> Result<Picture> {
    let height = 70.0 + 230.0 * panels.len() as f64;
    let mut scene = Scene::new(WIDTH, height);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, title);
    for (index, (words, series)) in panels.iter().enumerate() {
        panel(&mut scene, 76.0 + 230.0 * index as f64, words, names, series, knee);
    }
    Picture::of(name, title, &scene)
}

const HEIGHT: f64 = 150.0;

fn panel(
    scene: &mut Scene,
    top: f64,
    words: &str,
    names: &[String],
    series: &[Series],
    knee: Option<usize>,
) {
    let ends = series
        .iter()
        .flat_map(|(values, _)| values.iter().flatten())
        .map(|one| if one.half_width.is_finite() { one.high() } else { one.mean });
    let most = ends.fold(f64::MIN_POSITIVE, f64::max) * 1.08;
    let y = |value: f64| top + HEIGHT * (1.0 - (value / most).clamp(0.0, 1.0));
    let room = (WIDTH - LEFT - RIGHT) / names.len().max(1) as f64;
    let x = |index: usize| LEFT + room * (index as f64 + 0.5);
    scene.text((LEFT, top - 12.0), Anchor::Start, LABEL, SOFT, words);
    for tick in ticks(most) {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, count(tick));
    }
    if let Some(knee) = knee {
        let at = x(knee);
        scene.line(vec![(at, top), (at, top + HEIGHT)], SOFT, 1.5, &[3.0, 3.0]);
        scene.text((at + 8.0, top + HEIGHT - 8.0), Anchor::Start, LABEL, SOFT, "knee");
    }
    for (index, name) in names.iter().enumerate() {
        let name = Scene::clipped(name, LABEL, room - 8.0);
        scene.text((x(index), top + HEIGHT + 20.0), Anchor::Middle, LABEL, INK, name);
    }
    for (values, colour) in series {
        let points: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| value.map(|value| (x(index), y(value.mean))))
            .collect();
        if knee.is_some() {
            scene.line(points.clone(), *colour, 2.0, SOLID);
        }
        for (index, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let at = x(index);
            if value.half_width.is_finite() {
                let bar = vec![(at, y(value.low())), (at, y(value.high()))];
                scene.line(bar, *colour, 2.0, SOLID);
            }
            scene.rect(at - 4.0, y(value.mean) - 4.0, 8.0, 8.0, *colour);
        }
    }
}
