//! `compression.type` and its level: a card of `models/codecs`.

use super::Context;
use super::config::Config;
use crate::cluster::{Compression, Topic};
use crate::error::Place;
use crate::form::{Check, Fields, Key, Shape, Table};
use crate::model::codec::Codec;
use crate::model::curve::LoadCurve;
use crate::scenario::cards::Card;
use crate::scenario::group::Group;
use crate::scenario::scenario::Producer;
use crate::units::{SimSpan, SimTime};

/// Kinds of data, as the cards of codecs tell them apart.
pub(super) const KINDS: &[&str] = &["json", "text", "binary", "letters", "repeated", "random"];

/// What a topic may ask for beside `producer`, which keeps what comes.
const OF_TOPIC: [&str; 6] = ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"];
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
    let (word, _) = config.text("compression.type")?;
    if word == "none" {
        return Some(Codec::NONE);
    }
    let (name, place, path) = card_of(word, config)?;
    let card = context.card_at("codecs", &name, place, &path, fields.check())?;
    from_card(&card, kind, fields.check())
}

/// `compression.type` of a topic: whether its leaders compress anew, and with which card. `None`
/// when it is wrong.
pub(super) fn of_topic(
    config: &Config,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Option<Compression>> {
    let word = match config.text("compression.type") {
        None | Some(("producer", _)) => return Some(None),
        Some((word, _)) => word,
    };
    if word == "uncompressed" {
        let none = "none".to_owned();
        return Some(Some(Compression { kind: none.clone(), card: none }));
    }
    let (card, place, path) = card_of(word, config)?;
    if !OF_TOPIC.contains(&word) {
        fields.check().wrong_word(&place, &path, word, OF_TOPIC.iter().copied());
        return None;
    }
    context.card_at("codecs", &card, place, &path, fields.check())?;
    Some(Some(Compression { kind: word.to_owned(), card }))
}

/// The codec in the log of each topic of a producer, whose own is this one. Kinds are compared,
/// not levels, as leaders do.
pub(super) fn stored<'t>(
    topics: impl Iterator<Item = &'t Topic>,
    own: (&str, Codec),
    kind: usize,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Vec<Codec>> {
    let mut codecs = Vec::new();
    for topic in topics {
        codecs.push(match &topic.settings.compression {
            None => own.1,
            Some(asked) if asked.kind == own.0 => own.1,
            Some(asked) if asked.card == "none" => Codec::NONE,
            Some(asked) => {
                let card = context.card_named("codecs", &asked.card, "to", fields)?;
                from_card(&card, kind, fields.check())?
            }
        });
    }
    Some(codecs)
}

/// The card of a codec and its level, and where the scenario asks for it.
fn card_of(word: &str, config: &Config) -> Option<(String, Place, String)> {
    let key = format!("compression.{word}.level");
    if let Some((level, place)) = config.text(&key)
        && Some(level) != default_level(word)
    {
        return Some((format!("{word}-{level}"), place.clone(), config.path_of(&key)));
    }
    let (_, place) = config.text("compression.type")?;
    Some((word.to_owned(), place.clone(), config.path_of("compression.type")))
}

/// What a card says of a kind of data.
fn from_card(card: &Card, kind: usize, check: &mut Check) -> Option<Codec> {
    let path = format!("card/{}", card.title);
    let mut card = check.open(&card.values, &path, CARD)?;
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
            let all = producer.load.volume(SimTime::ZERO, end);
            for ((topic, share), codec) in producer.to.iter().zip(&producer.stored) {
                if group.reads.contains(topic) {
                    records += share * all;
                    let each = codec.decompress_ns_per_byte * producer.record_size.mean();
                    nanos += share * all * each;
                }
            }
        }
        if records > 0.0 {
            group.decompression = SimSpan::from_nanos((nanos / records) as u64);
        }
    }
}
