//! `kafsim plan`.

use super::{Format, print};
use clap::{Args, ValueEnum};
use kafsim::chance::Seed;
use kafsim::error::{Error, Place, Problem, Result};
use kafsim::report::figures::{Picture, plan_picture};
use kafsim::report::{output, plan::PlanView};
use kafsim::scenario::cards::Cards;
use kafsim::scenario::{LoadOptions, read, source};
use kafsim::study::plan::{
    MskInput, PlanInput, QUESTIONS, SearchInput, msk_rows, question_named, script_figures, search,
};
use kafsim::units::{Quantity, RecordRate};
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

type Answers = [Option<(String, Place)>; 6];

/// `kafsim plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// File with the answers: one `key: value` per question, keys as the options with underscores;
    /// `-` for standard input
    file: Option<String>,
    /// Mean messages per second
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    messages_per_second: Option<String>,
    /// Mean bytes of a message
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    message_size: Option<String>,
    /// Replicas of each partition
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    replication_factor: Option<String>,
    /// Hours that messages are kept
    #[arg(long, value_name = "HOURS", allow_negative_numbers = true)]
    retention_hours: Option<String>,
    /// Peak over mean
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    peak_multiplier: Option<String>,
    /// Growth per month in percent
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    growth_percent: Option<String>,
    /// Which answers are given
    #[arg(long, value_enum, default_value_t = Method::All)]
    method: Method,
    /// Mean messages per second: 80 % of cases lie in this [default: 0.8 to 1.25 times]
    #[arg(long, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    demand: Option<String>,
    /// Consumer groups that read everything
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    readers: u32,
    /// What a consumer does with a record, as in a scenario
    #[arg(long, value_name = "MAP", default_value = "{cpu_per_record: 40 us}")]
    work: String,
    /// Cards of machines to choose from, with a price each
    #[arg(long, value_name = "CARD,CARD,…", value_delimiter = ',')]
    machines: Vec<String>,
    /// A further objective; the producer is `all`, the groups `reader-1` …; may be repeated
    #[arg(long, value_name = "OBJECTIVE")]
    slo: Vec<String>,
    /// MSK: hours on the brokers' own disks; the rest is tiered [default: all]
    #[arg(long, value_name = "HOURS")]
    local_hours: Option<f64>,
    /// MSK: partitions, replicas included
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    partitions: u64,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    cards: Vec<PathBuf>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for the report, or `none` [default: reports/capacity-plan]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// No messages on standard error
    #[arg(long)]
    quiet: bool,
}

/// Which answers are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The exercise's arithmetic as bc computes it
    Seed,
    /// AWS MSK by its published sizing
    Msk,
    /// Simulated
    Simulate,
    /// All three
    All,
}

impl Plan {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let (answers, from) = self.answers()?;
        let input = PlanInput::read(&answers, from).map_err(Error::input)?;
        if self.local_hours.is_some_and(|hours| !hours.is_finite() || hours <= 0.0) {
            return Err(Error::usage("--local-hours: allowed is a number above 0"));
        }
        let options = LoadOptions { cards: self.cards.clone(), ..LoadOptions::default() };
        let cards = Cards::new(self.cards.clone(), BTreeMap::new());
        let wants = |method: Method| self.method == method || self.method == Method::All;
        let asked = self.asked(&input, &cards)?;
        let folder = super::output::folder(self.out.as_deref(), "capacity-plan")?;
        let mut view = PlanView { input: Some(input), ..PlanView::default() };
        if wants(Method::Seed) {
            view.figures = script_figures(&input);
        }
        if wants(Method::Msk) {
            let msk = MskInput::of(&input, self.readers, self.partitions, self.local_hours);
            view.msk = msk_rows(&msk, &cards)?;
        }
        if wants(Method::Simulate) {
            if !self.quiet {
                eprintln!("simulating purchases for 13 months …");
            }
            let answer = search(&input, &asked, &options, Seed::new(self.seed))?;
            if !self.quiet {
                eprintln!("{} simulations", answer.runs);
            }
            view.answer = Some(answer);
        }
        if let Some(folder) = &folder {
            let pictures: Vec<Picture> =
                view.answer.iter().map(plan_picture).collect::<Result<_>>()?;
            output::write_page(folder, &view.document(), &view.markdown(), &pictures)?;
            output::place(&folder.join("summary.json"), view.json().as_bytes())?;
        }
        print(&match self.format {
            Format::Text => view.text(),
            Format::Json => view.json(),
            Format::Csv => view.csv(),
            Format::Markdown => view.markdown(),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn asked(&self, input: &PlanInput, cards: &Cards) -> Result<SearchInput> {
        let mut asked = SearchInput::of(input, cards)?;
        asked.readers = self.readers;
        asked.work.clone_from(&self.work);
        asked.slo.clone_from(&self.slo);
        if !self.machines.is_empty() {
            asked.machines.clone_from(&self.machines);
        }
        if let Some(text) = &self.demand {
            let bad = |why: String| {
                let allowed = "allowed is LOW..HIGH in messages/s, e.g. `8000..12000`";
                Error::usage(format!("--demand {text}: {why}; {allowed}"))
            };
            let (low, high) = text.split_once("..").ok_or_else(|| bad("found no `..`".into()))?;
            let rate = |text: &str| {
                let found: Option<f64> = text.trim().parse().ok();
                let found = found.filter(|rate| rate.is_finite() && *rate > 0.0);
                let rate = found.and_then(|rate| RecordRate::from_base(rate).ok());
                rate.ok_or_else(|| bad(format!("found `{text}`")))
            };
            let [low, high] = [rate(low)?, rate(high)?];
            if low > high {
                return Err(bad(format!(
                    "the low end is above the high end; the nearest is {}..{}",
                    high.get(),
                    low.get()
                )));
            }
            asked.demand = [low, high];
        }
        Ok(asked)
    }

    /// Answers from the command line, then the file, then the person in front of the terminal.
    fn answers(&self) -> Result<(Answers, &'static str)> {
        let given = [
            &self.messages_per_second,
            &self.message_size,
            &self.replication_factor,
            &self.retention_hours,
            &self.peak_multiplier,
            &self.growth_percent,
        ];
        let mut answers: Answers = given.map(|text| {
            let place = Place::whole("command line");
            text.clone().map(|text| (text, place))
        });
        if let Some(file) = &self.file {
            for (answer, found) in answers.iter_mut().zip(from_file(file)?) {
                *answer = answer.take().or(found);
            }
        }
        let bare = self.file.is_none() && answers.iter().all(Option::is_none);
        if bare && std::io::stdin().is_terminal() {
            return Ok((ask()?, "terminal"));
        }
        Ok((answers, "command line"))
    }
}

fn from_file(file: &str) -> Result<Answers> {
    let tree = read::read_text(file, &source::open(file)?)?;
    let mut answers = Answers::default();
    let mut problems = Vec::new();
    for entry in tree.entries() {
        match (question_named(&entry.key), entry.node.text()) {
            (Ok(index), Some(text)) => {
                answers[index] = Some((text.to_owned(), entry.node.place.clone()));
            }
            (Ok(index), None) => problems.push(Problem {
                place: entry.node.place.clone(),
                path: QUESTIONS[index].key.to_owned(),
                found: entry.node.describe(),
                allowed: "a number".into(),
                nearest: None,
            }),
            (Err(nearest), _) => problems.push(Problem {
                place: entry.place.clone(),
                path: String::new(),
                found: format!("the key `{}`", entry.key),
                allowed: format!("one of {}", QUESTIONS.map(|question| question.key).join(", ")),
                nearest: nearest.map(str::to_owned),
            }),
        }
    }
    if problems.is_empty() { Ok(answers) } else { Err(Error::input(problems)) }
}

/// The script's questions; a bad answer is told and asked for again.
fn ask() -> Result<Answers> {
    let failed = |error| Error::io("read", Path::new("standard input"), error);
    let place = Place { file: Arc::from("terminal"), line: 0, column: 0 };
    let mut lines = std::io::stdin().lock().lines();
    let mut answers = Answers::default();
    eprintln!("Kafka Capacity Planning Calculator\n==================================");
    for (question, answer) in QUESTIONS.iter().zip(&mut answers) {
        loop {
            eprint!("{}: ", question.words);
            std::io::stderr().flush().map_err(failed)?;
            let Some(line) = lines.next() else {
                return Err(Error::usage(format!("no answer to `{}`", question.words)));
            };
            let line = line.map_err(failed)?;
            match question.read(&line, &place) {
                Ok(_) => {
                    *answer = Some((line.trim().to_owned(), place.clone()));
                    break;
                }
                Err(problem) => eprintln!("{problem}"),
            }
        }
    }
    Ok(answers)
}
