//! The reference page: the description of the API as HTML, without any script.

#![allow(
    clippy::indexing_slicing,
    reason = "reading what is not in a JSON value answers null, and what is written to are objects made here"
)]

mod html;
mod operation;
mod schema;

use serde_json::{Map, Value};

use self::html::{Html, anchor};
use self::operation::Operation;

/// How the page looks.
pub(super) const STYLE: &str = include_str!("style.css");

/// The methods in the order in which they are shown.
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// The page of an OpenAPI document.
pub(super) fn page(document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let groups = groups(document);
    let mut page = Html::default();
    page.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\"><title>Claviger API reference</title>");
    page.raw("<link rel=\"stylesheet\" href=\"docs.css\"></head><body>");
    page.raw("<a class=\"skip\" href=\"#main\">To the content</a>");
    contents(&mut page, document, &groups);
    page.raw("<main id=\"main\"><header><p class=\"over\">API reference · version ");
    page.text(text("/info/version"));
    page.raw("</p><h1>Claviger</h1>");
    page.markdown(text("/info/description"));
    start(&mut page, text("/servers/0/url"));
    page.raw("</header>");
    for (name, description, operations) in &groups {
        page.raw("<section class=\"group\" id=\"").text(&anchor(name)).raw("\"><h2>").text(name).raw("</h2>");
        page.markdown(description);
        for operation in operations {
            operation.show(&mut page, document);
        }
        page.raw("</section>");
    }
    mistakes(&mut page, document);
    page.raw("<section class=\"group\" id=\"objects\"><h2>Objects</h2><p>What bodies and answers are made of.</p>");
    for (name, schema) in document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten() {
        page.raw("<article class=\"object\" id=\"object-").text(name).raw("\"><h3>").text(name).raw("</h3>");
        page.markdown(schema.get("description").and_then(Value::as_str).unwrap_or_default());
        schema::members(&mut page, schema, document);
        page.raw("</article>");
    }
    page.raw("</section><footer><p>Made from <a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p></footer>");
    page.raw("</main></body></html>");
    page.finish()
}

/// Name, description and operations of each group.
type Group<'a> = (&'a str, &'a str, Vec<Operation<'a>>);

fn groups(document: &Value) -> Vec<Group<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut all: Vec<Operation<'_>> = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        all.extend(METHODS.iter().filter_map(|method| Some(Operation { path, method, description: item.get(*method)? })));
    }
    let tags = document.get("tags").and_then(Value::as_array);
    let groups = tags.into_iter().flatten().map(|tag| {
        let of = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
        let operations = all.iter().copied().filter(|operation| operation.tag() == of("name")).collect();
        (of("name"), of("description"), operations)
    });
    groups.collect()
}

fn contents(page: &mut Html, document: &Value, groups: &[Group<'_>]) {
    page.raw("<nav aria-label=\"Contents\"><p class=\"brand\"><a href=\"#main\">Claviger</a></p><ul>");
    for (name, _, operations) in groups {
        page.raw("<li><a class=\"chapter\" href=\"#").text(&anchor(name)).raw("\">").text(name).raw("</a><ul>");
        for operation in operations {
            page.raw("<li><a href=\"#").text(operation.id()).raw("\">").text(operation.summary()).raw("</a></li>");
        }
        page.raw("</ul></li>");
    }
    page.raw("<li><a class=\"chapter\" href=\"#errors\">Errors</a></li>");
    page.raw("<li><a class=\"chapter\" href=\"#objects\">Objects</a><ul>");
    let names = document.pointer("/components/schemas").and_then(Value::as_object).map(Map::keys);
    for name in names.into_iter().flatten() {
        page.raw("<li><a href=\"#object-").text(name).raw("\">").text(name).raw("</a></li>");
    }
    page.raw("</ul></li></ul></nav>");
}

fn mistakes(page: &mut Html, document: &Value) {
    page.raw("<section class=\"group\" id=\"errors\"><h2>Errors</h2><dl class=\"members\">");
    let responses = document.pointer("/components/responses").and_then(Value::as_object);
    let mut rows: Vec<(&Value, &Value)> = responses
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|answer| Some((answer.pointer("/content/application~1problem+json/example")?, answer.get("description")?)))
        .collect();
    rows.sort_by_key(|(example, _)| example["status"].as_u64());
    for (example, description) in rows {
        page.raw("<div><dt>").code(&example["status"].to_string()).raw(" <span class=\"type\">such as ");
        page.code(example["code"].as_str().unwrap_or_default()).raw("</span></dt><dd>");
        page.line(description.as_str().unwrap_or_default()).raw("</dd></div>");
    }
    page.raw("</dl></section>");
}

fn start(page: &mut Html, server: &str) {
    page.raw("<h2>First steps</h2><p>Take a token with a key that holds the scopes, then send it along:</p>");
    page.sample(&format!(
        "TOKEN=$(curl -s -u key_…:clv_… -d grant_type=client_credentials {server}/connect/token | jq -r .access_token)\n\
         curl -H \"Authorization: Bearer $TOKEN\" {server}/api/v1/api-keys"
    ));
}

#[cfg(test)]
mod tests {
    use crate::web::api::openapi;

    #[test]
    fn the_page_has_every_operation_and_nothing_that_runs() {
        let document = openapi::document("https://auth.example.com/\"><script>");
        let page = super::page(&document);
        for (path, item) in document["paths"].as_object().unwrap() {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(page.contains(&format!("<article class=\"operation\" id=\"{id}\">")), "{id}");
            }
        }
        for word in ["<script", " on", "style=", "javascript:"] {
            assert!(!page.contains(&format!("<a{word}")) && !page.contains(&format!("\"{word}=")), "{word}");
        }
        assert!(!page.contains("<script") && !page.contains(" style="));
    }

    #[test]
    fn every_link_leads_somewhere() {
        let page = super::page(&openapi::document("https://auth.example.com"));
        for (at, _) in page.match_indices("href=\"#") {
            let name = page[at + 7..].split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }
}
