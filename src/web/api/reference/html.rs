//! A page while it is written: text is escaped, the little Markdown of the descriptions understood.

/// A page.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds HTML as it is.
    pub(super) fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Adds text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Adds text in a monospaced font.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// Adds lines to be copied. They may be wider than the page, so they can be reached and scrolled by keyboard.
    pub(super) fn sample(&mut self, text: &str) -> &mut Self {
        self.raw("<pre tabindex=\"0\"><code>").text(text).raw("</code></pre>")
    }

    /// Adds paragraphs with `code` and **strong** words.
    pub(super) fn markdown(&mut self, text: &str) -> &mut Self {
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            self.raw("<p>").line(paragraph).raw("</p>");
        }
        self
    }

    /// The same within a paragraph.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        for (at, part) in text.split('`').enumerate() {
            if at % 2 == 1 {
                self.code(part);
                continue;
            }
            for (at, part) in part.split("**").enumerate() {
                if at % 2 == 1 {
                    self.raw("<strong>").text(part).raw("</strong>");
                } else {
                    self.text(part);
                }
            }
        }
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// What a heading is linked by.
pub(super) fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut page = Html::default();
        page.markdown("a `<b>` **c&d**\n\ne");
        assert_eq!(page.finish(), "<p>a <code>&lt;b&gt;</code> <strong>c&amp;d</strong></p><p>e</p>");
    }
}
