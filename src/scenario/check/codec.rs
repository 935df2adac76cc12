//! `compression.type` and its level: a card of `models/codecs`.

use super::Context;
use super::config::Config;
use crate::form::{Fields, Key, Shape, Table};
use crate::model::codec::Codec;
use crate::model::curve::LoadCurve;
use crate::scenario::scenario::{Group, Producer};
use crate::units::{SimSpan, SimTime};

/// Kinds of data, as the cards of codecs tell them apart.
pub(super) const KINDS: &[&str] = &["json", "text", "binary", "letters", "repeated", "random"];

const NS_PER_BYTE: Shape = Shape::Number { min: 0.001, max: 1e6 };
/// A ratio of 1 is uncertain as well: what a codec would make longer is stored as it is.
const RATIO: Shape = Shape::Number { min: 0.001, max: 2.0 };
/// Values of a card of models/codecs.
const CARD: Table = &[
    Key::required("compress_ns_per_byte", NS_PER_BYTE, "CPU per byte compressed, ns"),
    Key::required("decompress_ns_per_byte", NS_PER_BYTE, "CPU per byte decompressed, ns"),
    Key::required("ratio_json", RATIO, "compressed over uncompressed bytes of JSON"),
    Key::required("ratio_text", RATIO, "of natural text and log lines"),
    Key::required("ratio_binary", RATIO, "of binary formats: Avro, Protobuf"),
    Key::required("ratio_letters", RATIO, "of random capital letters"),
    Key::required("ratio_repeated", RATIO, "of one record again and again"),
    Key::required("ratio_random", RATIO, "of random bytes"),
];

/// The codec of a producer's `config`, for a kind of data.
pub(super) fn read(
    config: &Config,
    kind: usize,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Codec> {
    let (word, of_word) = config.text("compression.type")?;
    if word == "none" {
        return Some(Codec::NONE);
    }
    let level = config.text(&format!("compression.{word}.level"));
    let (name, place, key) = match level {
        Some((level, place)) if Some(level) != default_level(word) => {
            (format!("{word}-{level}"), place, format!("compression.{word}.level"))
        }
        _ => (word.to_owned(), of_word, "compression.type".to_owned()),
    };
    let path = config.path_of(&key);
    let card = context.card_at("codecs", &name, place.clone(), &path, fields.check())?;
    let path = format!("card/{}", card.title);
    let mut card = fields.check().open(&card.values, &path, CARD)?;
    let compress = card.number("compress_ns_per_byte");
    let decompress = card.number("decompress_ns_per_byte");
    // All of them are read, so that a card is checked whole.
    let ratios: Vec<Option<f64>> =
        KINDS.iter().map(|kind| card.number(&format!("ratio_{kind}"))).collect();
    Some(Codec {
        ratio: ratios.get(kind).copied().flatten()?.min(1.0),
        compress_ns_per_byte: compress?,
        decompress_ns_per_byte: decompress?,
    })
}

/// Kafka's default level of a codec, which the card of the bare name has.
fn default_level(word: &str) -> Option<&'static str> {
    match word {
        "gzip" => Some("6"),
        "zstd" => Some("3"),
        _ => None,
    }
}

/// Gives every group the mean cost of decompressing a record that it reads, over all who write it.
pub(super) fn price(groups: &mut [Group], producers: &[Producer], duration: SimSpan) {
    let end = SimTime::ZERO.saturating_add(duration);
    for group in groups {
        let (mut records, mut nanos) = (0.0, 0.0);
        for producer in producers {
            let to = producer.to.iter().filter(|(topic, _)| group.reads.contains(topic));
            let share: f64 = to.map(|(_, share)| share).sum();
            let volume = share * producer.load.volume(SimTime::ZERO, end);
            let codec = &producer.settings.codec;
            records += volume;
            nanos += volume * codec.decompress_ns_per_byte * producer.record_size.mean();
        }
        if records > 0.0 {
            group.decompression = SimSpan::from_nanos((nanos / records) as u64);
        }
    }
}
