//! An object of the documentation against what describes it: a post by the published schema, what a stream carries by
//! the AsyncAPI document, what is asked and answered by nothing but its being JSON. Members that are not described are
//! refused, since a reader would look for them in vain.

use serde_json::Value;

/// Whether `value` is described at all.
///
/// # Errors
/// What is not as described, with its place.
pub fn check(value: &Value) -> Result<bool, String> {
    let streams: Value = serde_saphyr::from_str(include_str!("../../../docs/asyncapi.yaml")).unwrap();
    if let Some(kind) = value.get("type").and_then(Value::as_str) {
        let described = &streams["components"]["messages"][kind]["payload"];
        return if described.is_null() {
            Err(format!("there is no “{kind}”"))
        } else {
            holds(value, described, &streams, kind).map(|()| true)
        };
    }
    if value.get("id").is_some() && value.get("text").is_some() {
        let post: Value = serde_json::from_str(include_str!("../../../docs/post.schema.json")).unwrap();
        // Whoever sends a post says these at least; the schema says so by an `else`.
        for key in ["id", "created_at", "text"] {
            value.get(key).ok_or_else(|| format!("a post without {key}"))?;
        }
        return holds(value, &post, &post, "post").map(|()| true);
    }
    Ok(false)
}

fn holds(value: &Value, schema: &Value, whole: &Value, at: &str) -> Result<(), String> {
    if let Some(path) = schema["$ref"].as_str() {
        let target = whole.pointer(path.trim_start_matches('#')).ok_or_else(|| format!("{path} leads nowhere"))?;
        return holds(value, target, whole, at);
    }
    if let Some(either) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let tried: Vec<String> = either.iter().filter_map(|one| holds(value, one, whole, at).err()).collect();
        return if tried.len() < either.len() { Ok(()) } else { Err(tried.join("; ")) };
    }
    if let Some(fixed) = schema.get("const").filter(|fixed| *fixed != value) {
        return Err(format!("{at} is {value} and not {fixed}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Err(format!("{at} is {value}, which is none of {}", schema["enum"]));
    }
    let kinds: Vec<&str> = schema["type"]
        .as_array()
        .map_or_else(|| schema["type"].as_str().into_iter().collect(), |all| all.iter().filter_map(Value::as_str).collect());
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) {
        return Err(format!("{at} is {value} and no {}", kinds.join(" or ")));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|_| value.is_object()) {
        value.get(key).ok_or_else(|| format!("{at} lacks {key}"))?;
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate().filter(|_| schema.get("items").is_some()) {
        holds(item, &schema["items"], whole, &format!("{at}[{i}]"))?;
    }
    let (known, more) = (schema["properties"].as_object(), schema.get("additionalProperties").filter(|more| more.is_object()));
    for (key, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match known.and_then(|known| known.get(key)).or(more) {
            Some(described) => holds(member, described, whole, &at)?,
            None if known.is_some() => return Err(format!("{at} is not described")),
            None => {}
        }
    }
    Ok(())
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}

#[test]
fn what_is_not_as_described_is_found() {
    let said = |json: &str| check(&serde_json::from_str(json).unwrap());
    assert_eq!(said(r#"{"type":"subscribe","channels":["alerts"]}"#), Ok(true));
    assert_eq!(said(r#"{"query":"a"}"#), Ok(false));
    for (json, why) in [
        (r#"{"type":"subscribe","channels":["alarms"]}"#, "none of"),
        (r#"{"type":"subscribe","topic":["a"]}"#, "not described"),
        (r#"{"type":"subscribe","topics":"a"}"#, "no array"),
        (r#"{"type":"hello","epoch":"a"}"#, "lacks seq"),
        (r#"{"type":"goodbye"}"#, "no “goodbye”"),
        (r#"{"id":"1","text":"a"}"#, "without created_at"),
        (r#"{"id":"1","text":"a","created_at":"2026-07-04T10:00:00Z","author":{"handel":"a"}}"#, "not described"),
    ] {
        assert!(said(json).is_err_and(|said| said.contains(why)), "{json}: {:?}", said(json));
    }
}
