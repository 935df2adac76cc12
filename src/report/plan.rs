//! A capacity plan with the sections of the exercise's report.

use super::designs::pretty;
use super::document::{Block, Document};
use super::formats::table::Table;
use crate::study::plan::{
    Figure, MOST_RISK, MskRow, Offer, PlanAnswer, PlanInput, Purchase, QUESTIONS, msk_picks,
};
use crate::units::{count, sig};
use serde_json::{Map, Value, json};

/// What a plan says; parts that were not asked for are absent.
#[derive(Debug, Clone, Default)]
pub struct PlanView {
    /// The answers to the six questions.
    pub input: Option<PlanInput>,
    /// The exercise's arithmetic.
    pub figures: Vec<Figure>,
    /// The vendor's, all machine classes.
    pub msk: Vec<MskRow>,
    /// The simulated answer.
    pub answer: Option<PlanAnswer>,
}

/// Sections of the script's report, each with the heading above it.
const SECTIONS: [(&str, &str); 10] = [
    ("Current Requirements", "Throughput"),
    ("Current Requirements", "Storage"),
    ("Current Requirements", "Network"),
    ("12-Month Projection", "12-Month Projection"),
    ("Recommendations", "Broker Count"),
    ("Recommendations", "Hardware Specs"),
    ("Recommendations", "Partition Strategy"),
    ("Recommendations", "Consumer Requirements"),
    ("Scaling Triggers", "Scaling Triggers"),
    ("Cost Estimation", "Cost Estimation"),
];

fn exact(value: f64) -> String {
    if value >= 1e15 { format!("{value:.6e}") } else { format!("{value:.4}") }
}

fn dollars(value: f64) -> String {
    format!("{value:.2}")
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn purchase(one: &Purchase) -> String {
    format!(
        "{} × {}, {} partitions, {} members",
        one.brokers, one.machine, one.partitions, one.members
    )
}

impl PlanView {
    fn input_table(&self) -> Table {
        let mut table = Table::new(&["question", "answer"]);
        if let Some(input) = &self.input {
            let answers = [
                input.messages_per_second,
                input.message_size,
                input.replication_factor,
                input.retention_hours,
                input.peak_multiplier,
                input.growth_percent,
            ];
            for (question, answer) in QUESTIONS.iter().zip(answers) {
                table.row(&[question.words.to_owned(), answer.to_string()]);
            }
        }
        table
    }

    /// The exercise's figures, and what cutting hides.
    pub fn figures_table(&self, section: Option<&str>) -> Table {
        let mut table = Table::new(&["figure", "the script says", "untruncated", "unit"]);
        let wanted = |one: &&Figure| section.is_none_or(|name| name == one.section);
        for one in self.figures.iter().filter(wanted) {
            table.row(&[
                one.words.to_owned(),
                one.script.to_string(),
                exact(one.untruncated),
                one.unit.to_owned(),
            ]);
        }
        table
    }

    fn msk_table(&self) -> Table {
        let mut table = Table::new(&["machine", "brokers", "bound by", "$ per month", "pick"]);
        let picks = msk_picks(&self.msk);
        for one in &self.msk {
            let pick = picks.iter().any(|pick| pick.instance == one.instance);
            let note = match (pick, one.within_quota) {
                (true, _) => "cheapest of its class",
                (_, false) => "above the quota of brokers",
                _ => "",
            };
            table.row(&[
                one.instance.clone(),
                one.brokers.to_string(),
                one.bound_by.to_owned(),
                dollars(one.monthly.dollars()),
                note.to_owned(),
            ]);
        }
        table
    }

    fn answer_parts(answer: &PlanAnswer) -> Vec<(&'static str, Table)> {
        let mut months = Table::new(&[
            "month",
            "buy",
            "$ per month",
            "brokers",
            "consumers",
            "zones",
            "risk",
            "bound by",
        ]);
        for (month, one) in answer.months.iter().enumerate() {
            let mut cells = vec![month.to_string(), purchase(&one.purchase)];
            cells.push(dollars(one.monthly.dollars()));
            cells.extend(one.parts.map(dollars));
            cells.extend([percent(one.risk), one.bound_by.clone()]);
            months.row(&cells);
        }
        let mut front =
            Table::new(&["in 12 months", "$ per month", "risk", "takes /s", "bound by"]);
        for one in &answer.front {
            front.row(&row(one));
        }
        let mut rules = Table::new(&["instead", "$ per month", "risk", "takes /s", "bound by"]);
        for one in &answer.cheaper {
            let mut cells = row(one);
            cells[0] = format!("now, one less: {}", cells[0]);
            rules.row(&cells);
        }
        if let Some(one) = &answer.by_script {
            let mut cells = row(one);
            cells[0] = format!("the script's, in 12 months: {}", cells[0]);
            rules.row(&cells);
        }
        let mut headroom = Table::new(&["what is left", "takes, × median demand of now"]);
        let words = ["everything", "without one broker", "without one zone"];
        for (words, factor) in words.into_iter().zip(answer.headroom) {
            let factor = factor.map_or("fewer brokers than replicas".to_owned(), sig);
            headroom.row(&[words.to_owned(), factor]);
        }
        vec![
            ("What to buy, by month", months),
            ("Cost against risk", front),
            ("What rules of thumb would have bought", rules),
            ("Headroom", headroom),
        ]
    }

    /// The recommendation in one sentence.
    pub fn words(&self) -> String {
        let Some(answer) = &self.answer else { return String::new() };
        let (Some(first), Some(last)) = (answer.months.first(), answer.months.last()) else {
            return String::new();
        };
        format!(
            "Buy {} now for {} $ per month: the objective is violated with a probability of {}, at \
             most {}; {} is the first to be full. In 12 months: {} for {} $ per month.",
            purchase(&first.purchase),
            dollars(first.monthly.dollars()),
            percent(first.risk),
            percent(MOST_RISK),
            first.bound_by,
            purchase(&last.purchase),
            dollars(last.monthly.dollars()),
        )
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut part = |title: &str, table: &Table| {
            text.push_str(&format!("{title}\n{}\n", table.plain()));
        };
        if !self.figures.is_empty() {
            part("The exercise's calculator", &self.figures_table(None));
        }
        if !self.msk.is_empty() {
            part("AWS MSK by its published sizing", &self.msk_table());
        }
        for (title, table) in self.answer.iter().flat_map(Self::answer_parts) {
            part(title, &table);
        }
        if self.answer.is_some() {
            text.push_str(&format!("{}\n", self.words()));
        }
        text
    }

    /// The same as a page with its figures.
    pub fn document(&self) -> Document {
        let mut blocks =
            vec![Block::Heading("Input Parameters".into()), Block::Table(self.input_table())];
        if self.answer.is_some() {
            blocks.push(Block::Text(self.words()));
            blocks.push(Block::Figures);
        }
        let mut above = "";
        for (heading, section) in SECTIONS.iter().filter(|_| !self.figures.is_empty()) {
            if *heading != above {
                blocks.push(Block::Heading((*heading).to_owned()));
                above = heading;
            }
            if heading != section {
                blocks.push(Block::Part((*section).to_owned()));
            }
            blocks.push(Block::Table(self.figures_table(Some(section))));
        }
        let mut part = |title: &str, table: Table| {
            blocks.extend([Block::Heading(title.to_owned()), Block::Table(table)]);
        };
        if !self.msk.is_empty() {
            part("AWS MSK by its published sizing", self.msk_table());
        }
        for (title, table) in self.answer.iter().flat_map(Self::answer_parts) {
            part(title, table);
        }
        Document {
            title: "Kafka Capacity Planning Report".into(),
            caption: format!("kafsim {}", super::document::VERSION),
            blocks,
        }
    }

    /// The report, in the script's sections.
    pub fn markdown(&self) -> String {
        let mut text = "# Kafka Capacity Planning Report\n\n".to_owned();
        text.push_str(&format!("## Input Parameters\n\n{}\n", self.input_table().markdown()));
        if self.answer.is_some() {
            text.push_str(&format!("**{}**\n\n", self.words()));
        }
        let mut above = "";
        for (heading, section) in SECTIONS.iter().filter(|_| !self.figures.is_empty()) {
            if *heading != above {
                text.push_str(&format!("## {heading}\n\n"));
                above = heading;
            }
            if heading != section {
                text.push_str(&format!("### {section}\n\n"));
            }
            text.push_str(&format!("{}\n", self.figures_table(Some(section)).markdown()));
        }
        if !self.msk.is_empty() {
            let table = self.msk_table().markdown();
            text.push_str(&format!("## AWS MSK by its published sizing\n\n{table}\n"));
        }
        for (title, table) in self.answer.iter().flat_map(Self::answer_parts) {
            text.push_str(&format!("## {title}\n\n{}\n", table.markdown()));
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> String {
        let figures: Map<String, Value> = self
            .figures
            .iter()
            .map(|one| {
                let value = json!({
                    "script": one.script.to_string(),
                    "untruncated": one.untruncated,
                    "unit": one.unit,
                });
                (one.key.to_owned(), value)
            })
            .collect();
        let picks = msk_picks(&self.msk);
        let msk = self.msk.iter().map(|one| {
            json!({
                "class": one.class,
                "instance": one.instance,
                "brokers": one.brokers,
                "bound_by": one.bound_by,
                "within_quota": one.within_quota,
                "usd_per_month": (one.monthly.dollars() * 100.0).round() / 100.0,
                "pick": picks.iter().any(|pick| pick.instance == one.instance),
            })
        });
        let answer = self.answer.as_ref();
        let rows: Vec<Value> = answer
            .iter()
            .flat_map(|one| one.months.iter().enumerate())
            .map(|(month, one)| {
                let mut row = offer(one);
                row.insert("month".into(), json!(month));
                Value::Object(row)
            })
            .collect();
        let list = |offers: &[Offer]| -> Vec<Value> {
            offers.iter().map(|one| Value::Object(offer(one))).collect()
        };
        pretty(&json!({
            "schema": "kafsim/plan/1",
            "kafsim": super::document::VERSION,
            "script": figures,
            "msk": msk.collect::<Vec<Value>>(),
            "rows": rows,
            "front": answer.map(|one| list(&one.front)),
            "cheaper": answer.map(|one| list(&one.cheaper)),
            "by_script": answer.and_then(|one| one.by_script.as_ref()).map(offer),
            "headroom": answer.map(|one| json!({
                "all": one.headroom[0],
                "without_one_broker": one.headroom[1],
                "without_one_zone": one.headroom[2],
            })),
            "recommendation": answer.and_then(|one| one.months.first()).map(|one| json!({
                "design": purchase(&one.purchase),
                "reason": self.words(),
                "confidence": 1.0 - MOST_RISK,
            })),
        }))
    }

    /// One row per figure, machine class and month.
    pub fn csv(&self) -> String {
        let mut table = Table::new(&["part", "what", "value", "untruncated", "unit"]);
        for one in &self.figures {
            table.row(&[
                "script".into(),
                one.key.into(),
                one.script.to_string(),
                one.untruncated.to_string(),
                one.unit.into(),
            ]);
        }
        for one in &self.msk {
            let value = dollars(one.monthly.dollars());
            let what = format!("{} × {}", one.brokers, one.instance);
            table.row(&["msk".into(), what, value, String::new(), "$ per month".into()]);
        }
        for (month, one) in self.answer.iter().flat_map(|one| one.months.iter().enumerate()) {
            table.row(&[
                format!("month {month}"),
                purchase(&one.purchase),
                dollars(one.monthly.dollars()),
                String::new(),
                "$ per month".into(),
            ]);
        }
        table.csv()
    }
}

fn row(one: &Offer) -> Vec<String> {
    vec![
        purchase(&one.purchase),
        dollars(one.monthly.dollars()),
        percent(one.risk),
        count(one.takes.get()),
        one.bound_by.clone(),
    ]
}

fn offer(one: &Offer) -> Map<String, Value> {
    let value = json!({
        "machine": one.purchase.machine,
        "brokers": one.purchase.brokers,
        "partitions": one.purchase.partitions,
        "members": one.purchase.members,
        "usd_per_month": one.monthly.dollars(),
        "usd_brokers": one.parts[0],
        "usd_consumers": one.parts[1],
        "usd_between_zones": one.parts[2],
        "risk": one.risk,
        "takes_records_s": one.takes.get(),
        "bound_by": one.bound_by,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
