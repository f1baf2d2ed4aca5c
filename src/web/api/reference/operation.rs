//! One operation on the page: what it does on one side, what it looks like on the other.

use serde_json::Value;

use super::html::Html;
use super::schema::{is_worth_showing, kind, member, members, pretty};

/// An operation of the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    pub(super) description: &'a Value,
}

impl<'a> Operation<'a> {
    fn text(&self, name: &str) -> &'a str {
        self.description.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &'a str {
        self.text("operationId")
    }

    pub(super) fn summary(&self) -> &'a str {
        self.text("summary")
    }

    pub(super) fn tag(&self) -> &'a str {
        self.description.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &'a Value> {
        self.description.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    fn is(&self, name: &str) -> bool {
        self.description.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The content of the body, whatever its media type.
    fn body(&self) -> Option<&'a Value> {
        self.description.pointer("/requestBody/content")?.as_object()?.values().next()
    }

    /// Status and description of the answer when all goes well.
    fn success(&self) -> Option<(&'a str, &'a Value)> {
        let responses = self.description.get("responses")?.as_object()?;
        responses.iter().find(|(status, _)| status.starts_with('2')).map(|(status, answer)| (status.as_str(), answer))
    }

    /// Writes the operation.
    pub(super) fn show(&self, page: &mut Html, document: &Value) {
        page.raw("<article class=\"operation\" id=\"").text(self.id()).raw("\"><div class=\"words\"><h3>");
        page.text(self.summary()).raw("</h3><p class=\"route\"><span class=\"method ").text(self.method).raw("\">");
        page.text(&self.method.to_uppercase()).raw("</span> ").code(self.path).raw("</p>");
        page.markdown(self.text("description"));
        self.callers(page);
        self.parameters(page);
        if let Some(body) = self.body() {
            page.raw("<h4>Body</h4>");
            members(page, &body["schema"], document);
        }
        self.answers(page);
        page.raw("</div><div class=\"looks\">");
        self.request(page, document);
        if let Some((status, answer)) = self.success() {
            let example = answer.pointer("/content/application~1json/example").filter(|example| is_worth_showing(example));
            if let Some(example) = example {
                page.raw("<p class=\"caption\">").text(status).raw("</p>").sample(&pretty(example));
            }
        }
        page.raw("</div></article>");
    }

    fn callers(&self, page: &mut Html) {
        let scope = self.text("x-permission");
        if scope.is_empty() {
            return;
        }
        page.raw("<ul class=\"callers\"><li>Token with ").code(scope).raw("</li>");
        let roles: Vec<&str> = self.list("x-roles").filter_map(Value::as_str).collect();
        page.raw("<li>Session of: ").text(&roles.join(", ")).raw("</li>");
        if self.is("x-reauthentication") {
            page.raw("<li>People give their password again</li>");
        }
        if self.is("x-operators-only") {
            page.raw("<li class=\"operators\">Operators only</li>");
        }
        page.raw("</ul>");
    }

    fn parameters(&self, page: &mut Html) {
        for (place, heading) in [("path", "Path"), ("query", "Query"), ("header", "Header")] {
            let here: Vec<&Value> = self.list("parameters").filter(|one| one["in"] == place).collect();
            if here.is_empty() {
                continue;
            }
            page.raw("<h4>").text(heading).raw("</h4><dl class=\"members\">");
            for parameter in here {
                let mut schema = parameter["schema"].clone();
                schema["description"] = parameter["description"].clone();
                let name = parameter["name"].as_str().unwrap_or_default();
                member(page, name, &schema, parameter["required"] == true && place != "path");
            }
            page.raw("</dl>");
        }
    }

    fn answers(&self, page: &mut Html) {
        let Some(responses) = self.description.get("responses").and_then(Value::as_object) else { return };
        page.raw("<h4>Answers</h4><p class=\"answers\">");
        for (status, answer) in responses {
            if answer.get("$ref").is_some() {
                page.raw("<a href=\"#errors\">").code(status).raw("</a> ");
                continue;
            }
            page.raw("<span>").code(status);
            if let Some(schema) = answer.pointer("/content/application~1json/schema").filter(|_| status.starts_with('2')) {
                page.raw(" ");
                let items = schema.pointer("/properties/data/items");
                page.raw(if items.is_some() { "page of " } else { "" });
                kind(page, items.unwrap_or(schema));
            }
            page.raw("</span> ");
        }
        page.raw("</p>");
    }

    /// Writes a line for a terminal.
    fn request(&self, page: &mut Html, document: &Value) {
        let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
        let mut path = self.path.to_owned();
        for parameter in self.list("parameters").filter(|one| one["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            path = path.replace(&format!("{{{name}}}"), parameter["example"].as_str().unwrap_or_default());
        }
        let mut line = "curl".to_owned();
        if self.method != "get" {
            line.push_str(&format!(" -X {}", self.method.to_uppercase()));
        }
        line.push_str(&format!(" {server}{path}"));
        if !self.text("x-permission").is_empty() {
            line.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
        }
        match self.body().map(|body| &body["example"]) {
            Some(example) if self.path == crate::oauth::metadata::paths::TOKEN => {
                line.push_str(" \\\n  -u key_…:clv_…");
                for (name, value) in example.as_object().into_iter().flatten() {
                    line.push_str(&format!(" \\\n  -d {name}={}", value.as_str().unwrap_or_default()));
                }
            }
            Some(example) => {
                line.push_str(&format!(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{}'", pretty(example)));
            }
            None => {}
        }
        page.raw("<p class=\"caption\">Request</p>").sample(&line);
    }
}
