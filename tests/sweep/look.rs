//! Tables and figures of a sweep.

use super::Desk;
use kafsim::chance::Seed;
use kafsim::report::figures;
use kafsim::report::sweep::MemoryLedger;
use kafsim::scenario::LoadOptions;
use kafsim::study::sweep::{Ledger, Shard, load, merge, plan, run};
use parquet::file::reader::{FileReader, SerializedFileReader};

#[test]
fn figures_have_no_text_over_text_and_none_outside() {
    let desk = Desk::new();
    let file = desk.path("sweep.yaml").display().to_string();
    let sweep = load(&file, &LoadOptions::default()).expect("it is right");
    let plan = plan(sweep, Seed::new(1)).expect("it is right");
    let ledger = MemoryLedger::default();
    run(&plan, Shard::ALL, &ledger, &|_, _| ()).expect("it runs");
    let answer = merge(&plan, &ledger.known().expect("results"));
    assert_eq!(figures::sweep_faults(&plan, &answer), Vec::<String>::new());
    let pictures = figures::sweep_pictures(&plan, &answer).expect("figures");
    let names: Vec<&str> = pictures.iter().map(|one| one.name).collect();
    assert_eq!(names, ["risk", "pareto", "tornado", "fan"]);
}

/// The Parquet file says the same as the CSV file, with types and units.
#[test]
fn parquet_and_csv_say_the_same() {
    let desk = Desk::new();
    assert!(desk.sweep(&[], "out", &[]).status.success());
    for name in ["trials", "designs", "effects", "fan"] {
        let mut csv = csv::Reader::from_path(desk.path(&format!("out/{name}.csv"))).expect("CSV");
        let head: Vec<String> = csv.headers().expect("a head").iter().map(str::to_owned).collect();
        let file = std::fs::File::open(desk.path(&format!("out/{name}.parquet"))).expect("a file");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let notes = reader.metadata().file_metadata().key_value_metadata().expect("notes");
        assert!(notes.iter().any(|note| note.key == "kafsim.units"));
        let rows: Vec<_> = reader.get_row_iter(None).expect("rows").collect();
        let mut count = 0;
        for (row, line) in rows.into_iter().zip(csv.records()) {
            let (row, line) = (row.expect("a row"), line.expect("a line"));
            for (index, (key, field)) in row.get_column_iter().enumerate() {
                assert_eq!(*key, head[index]);
                let text = field.to_string();
                let said = &line[index];
                let same = match said.parse::<f64>() {
                    Ok(number) => text.trim_matches('"').parse::<f64>().ok() == Some(number),
                    Err(_) if said.is_empty() => ["null", "\"\""].contains(&text.as_str()),
                    Err(_) => text.trim_matches('"') == said,
                };
                assert!(same, "{name}, {key}: {text} and {said}");
            }
            count += 1;
        }
        assert!(count >= 3, "{name} has {count} rows");
    }
}
