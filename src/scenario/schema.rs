//! The JSON Schema of a scenario file, made from the same tables that read it.

use super::check::SCENARIO;
use crate::form::{Key, Need, Shape, Table};
use crate::model::curve::curve_kinds;
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let mut root = object(SCENARIO);
    if let Value::Object(map) = &mut root {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("kafsim scenario"));
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            let meaning = "a file to start from: scalars replace, maps merge, lists replace";
            properties.insert("extends".into(), json!({"type": "string", "description": meaning}));
        }
        // A file that extends another may leave out what that one says.
        if let Some(required) = map.remove("required") {
            let extends = json!({"required": ["extends"]});
            map.insert("anyOf".into(), json!([extends, {"required": required}]));
        }
        let timeline: Vec<Value> = super::check::timeline_actions()
            .iter()
            .map(|(word, table)| tagged("do", word, table))
            .collect();
        let definitions = json!({
            "curve": {"oneOf": curves()},
            "timeline": {"oneOf": timeline},
        });
        map.insert("$defs".into(), definitions);
    }
    root
}

fn curves() -> Vec<Value> {
    let mut kinds: Vec<Value> =
        curve_kinds().iter().map(|(word, table)| tagged("curve", word, table)).collect();
    let pattern = r"(/|\.yaml$)";
    kinds.push(json!({
        "type": "object",
        "properties": {"curve": {"type": "string", "pattern": pattern}},
        "required": ["curve"],
    }));
    kinds
}

/// An object whose tag has one word; `rate` and `trace` may stand without their tag.
fn tagged(tag: &str, word: &str, table: Table) -> Value {
    let mut value = object(table);
    if let Value::Object(map) = &mut value {
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            properties.insert(tag.into(), json!({"const": word}));
        }
        if !matches!(word, "constant" | "trace") {
            let required = map.entry("required").or_insert_with(|| json!([]));
            if let Value::Array(required) = required
                && !required.contains(&json!(tag))
            {
                required.push(json!(tag));
            }
        }
    }
    value
}

fn object(table: Table) -> Value {
    let properties: Map<String, Value> =
        table.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> =
        table.iter().filter(|key| matches!(key.need, Need::Required)).map(|key| key.name).collect();
    let mut value = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let (Value::Object(map), false) = (&mut value, required.is_empty()) {
        map.insert("required".into(), json!(required));
    }
    value
}

fn property(key: &Key) -> Value {
    let mut value = shape(&key.shape);
    if let Value::Object(map) = &mut value {
        map.insert("description".into(), json!(key.meaning));
        if let Need::Default(text) = key.need {
            map.insert("default".into(), json!(text));
        }
    }
    value
}

fn shape(shape_: &Shape) -> Value {
    match shape_ {
        Shape::Text => json!({"type": ["string", "number"]}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Count { min, max: u64::MAX } => json!({"type": "integer", "minimum": min}),
        Shape::Count { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Number { min, max } if max.is_infinite() => {
            json!({"type": "number", "minimum": min})
        }
        Shape::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        Shape::Quantity { example, .. } | Shape::Distribution { example, .. } => {
            json!({"type": ["string", "number"], "examples": [example]})
        }
        Shape::Word(words) => json!({"enum": words}),
        Shape::List(item) => json!({"type": "array", "items": shape(item)}),
        Shape::Map(table) => object(table),
        Shape::Named(item) => json!({"type": "object", "additionalProperties": shape(item)}),
        Shape::Tagged { tag, kinds } => {
            let kinds: Vec<Value> =
                kinds.iter().map(|(word, table)| tagged(tag, word, table)).collect();
            json!({"oneOf": kinds})
        }
        Shape::Recursive(name) => json!({"$ref": format!("#/$defs/{name}")}),
        Shape::Foreign("timeline") => json!({"$ref": "#/$defs/timeline"}),
        Shape::Foreign(_) => json!({"type": ["object", "array"]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_lists_what_the_tables_list() {
        let schema = schema();
        let topic = &schema["properties"]["topics"]["additionalProperties"];
        assert_eq!(topic["properties"]["partitions"]["minimum"], json!(1));
        assert_eq!(topic["required"], json!(["partitions"]));
        let load = &schema["properties"]["producers"]["additionalProperties"]["properties"]["load"];
        assert_eq!(load["$ref"], json!("#/$defs/curve"));
        let curves = schema["$defs"]["curve"]["oneOf"].as_array().unwrap();
        assert_eq!(curves.len(), curve_kinds().len() + 1);
        assert_eq!(schema["properties"]["schema"]["enum"], json!(["kafsim/scenario/1"]));
    }
}
