//! What a plan asks: the exercise's six questions.

use super::Decimal;
use crate::error::{Place, Problem, nearest_word};

/// A question of the planner.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Key in files, and with dashes on the command line.
    pub key: &'static str,
    /// The question as the exercise's script asks it.
    pub words: &'static str,
    whole: bool,
    least: &'static str,
    most: &'static str,
}

/// The questions in the script's order.
pub const QUESTIONS: [Question; 6] = [
    question("messages_per_second", "Expected messages/second", true, "1", "1000000000"),
    question("message_size", "Average message size (bytes)", true, "1", "100000000"),
    question("replication_factor", "Replication factor", true, "1", "32"),
    question("retention_hours", "Retention period (hours)", false, "0.01", "100000"),
    question("peak_multiplier", "Peak load multiplier", false, "1", "100"),
    question("growth_percent", "Growth rate (% per month)", false, "0", "100"),
];

const fn question(
    key: &'static str,
    words: &'static str,
    whole: bool,
    least: &'static str,
    most: &'static str,
) -> Question {
    Question { key, words, whole, least, most }
}

/// Most digits after the point: what 128 bits carry through the script's longest product.
const MOST_FRACTION: usize = 4;

impl Question {
    /// The answer, or what is wrong with it. A leading zero is refused where the script's shell
    /// would read an octal number.
    pub fn read(&self, text: &str, place: &Place) -> Result<Decimal, Box<Problem>> {
        let text = text.trim();
        let kind = if self.whole { "a whole number" } else { "a number" };
        let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.len());
        let octal = self.whole && text.len() > 1 && text.starts_with('0');
        let value = Decimal::parse(text)
            .filter(|value| !self.whole || (fraction == 0 && value.is_whole()))
            .filter(|_| !octal && fraction <= MOST_FRACTION)
            .filter(|value| {
                let limit = |text| Decimal::parse(text).map_or(0.0, Decimal::to_f64);
                (limit(self.least)..=limit(self.most)).contains(&value.to_f64())
            });
        let nearest = || {
            let number = text.parse::<f64>().ok()?;
            let limit = |text: &str| text.parse::<f64>().unwrap_or_default();
            let near = number.clamp(limit(self.least), limit(self.most));
            let near = if self.whole { near.round() } else { near };
            (number.is_finite()).then(|| near.to_string())
        };
        value.ok_or_else(|| {
            Box::new(Problem {
                place: place.clone(),
                path: self.key.to_owned(),
                found: if text.is_empty() { "nothing".into() } else { format!("`{text}`") },
                allowed: format!(
                    "{kind} from {} to {}{}",
                    self.least,
                    self.most,
                    if self.whole { "" } else { ", at most four digits after the point" }
                ),
                nearest: nearest(),
            })
        })
    }
}

/// The answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanInput {
    /// Mean messages per second, whole.
    pub messages_per_second: Decimal,
    /// Mean bytes of a message, whole.
    pub message_size: Decimal,
    /// Replicas of each partition, whole.
    pub replication_factor: Decimal,
    /// Hours that messages are kept.
    pub retention_hours: Decimal,
    /// Peak over mean.
    pub peak_multiplier: Decimal,
    /// Growth in percent per month.
    pub growth_percent: Decimal,
}

impl PlanInput {
    /// Checks all answers, `(text, where it stands)` by question; `None` is a question that nobody
    /// answered.
    ///
    /// # Errors
    /// All problems, in the order of the questions.
    pub fn read(answers: &[Option<(String, Place)>; 6], from: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let values = QUESTIONS.iter().zip(answers).map(|(question, answer)| match answer {
            Some((text, place)) => question.read(text, place),
            None => question.read("", &Place::whole(from)),
        });
        let values: Vec<Option<Decimal>> =
            values.map(|value| value.map_err(|problem| problems.push(*problem)).ok()).collect();
        match values[..] {
            [
                Some(messages_per_second),
                Some(message_size),
                Some(replication_factor),
                Some(retention_hours),
                Some(peak_multiplier),
                Some(growth_percent),
            ] => Ok(Self {
                messages_per_second,
                message_size,
                replication_factor,
                retention_hours,
                peak_multiplier,
                growth_percent,
            }),
            _ => Err(problems),
        }
    }

    /// Mean ingress in MiB/s.
    pub(super) fn mib_s(&self) -> f64 {
        self.messages_per_second.to_f64() * self.message_size.to_f64() / 1_048_576.0
    }
}

/// The question with a key; the nearest one when there is none.
pub fn question_named(key: &str) -> Result<usize, Option<&'static str>> {
    let found = QUESTIONS.iter().position(|question| question.key == key);
    found.ok_or_else(|| nearest_word(key, QUESTIONS.iter().map(|question| question.key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_answers_are_told_with_the_nearest_good_one() {
        let place = Place::whole("plan.yaml");
        for (index, text, expected) in [
            (0, "0", "did you mean `1`"),
            (0, "-5", "did you mean `1`"),
            (0, "1.5", "did you mean `2`"),
            (0, "010", "a whole number from 1"),
            (0, "99999999999", "did you mean `1000000000`"),
            (2, "33", "did you mean `32`"),
            (3, "0", "did you mean `0.01`"),
            (4, "0.5", "did you mean `1`"),
            (5, "-1", "did you mean `0`"),
            (5, "1e3", "found `1e3`"),
            (5, "", "found nothing"),
        ] {
            let problem = QUESTIONS[index].read(text, &place).unwrap_err();
            assert!(problem.to_string().contains(expected), "{problem}");
        }
    }
}
