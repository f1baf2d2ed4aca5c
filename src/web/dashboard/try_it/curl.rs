//! The same request as a line for a shell; the secret comes from the environment.

use super::ask::Wish;

/// The line.
pub(super) fn line(wish: &Wish, token_endpoint: &str) -> String {
    let mut parts = vec!["curl".to_owned()];
    if wish.in_form {
        parts.push(format!("--data-urlencode {}", quoted(&format!("client_id={}", wish.client_id))));
        parts.push("--data-urlencode \"client_secret=$CLIENT_SECRET\"".to_owned());
    } else if is_plain(&wish.client_id) {
        parts.push(format!("-u \"{}:$CLIENT_SECRET\"", wish.client_id));
    } else {
        parts.push(format!("-u {}\"$CLIENT_SECRET\"", quoted(&format!("{}:", wish.client_id))));
    }
    for (name, value) in wish.parameters() {
        let pair = format!("{name}={value}");
        parts.push(if is_plain(value) { format!("-d {pair}") } else { format!("--data-urlencode {}", quoted(&pair)) });
    }
    parts.push(quoted(token_endpoint));
    parts.join(" \\\n  ").replacen(" \\\n  ", " ", 1)
}

/// Whether no shell and no form makes anything else of it.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// As one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=@".contains(&b);
    if !text.is_empty() && text.bytes().all(is_word) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(client_id: &str, scope: &str) -> Wish {
        Wish { client_id: client_id.to_owned(), scope: scope.to_owned(), ..Wish::default() }
    }

    #[test]
    fn the_line_can_be_pasted_and_has_no_secret() {
        assert_eq!(
            line(&wish("key_01", "payments:read fx"), "https://auth.example.com/connect/token"),
            "curl -u \"key_01:$CLIENT_SECRET\" \\\n  -d grant_type=client_credentials \\\n  \
             --data-urlencode 'scope=payments:read fx' \\\n  https://auth.example.com/connect/token"
        );
        let in_form = Wish { in_form: true, ..wish("key_01", "") };
        assert!(
            line(&in_form, "x").starts_with("curl --data-urlencode client_id=key_01 \\\n  --data-urlencode \"client_secret=$")
        );
    }

    #[test]
    fn nothing_typed_becomes_a_command() {
        let evil = line(&wish("a'; rm -rf $HOME `x` \"", "$(id)'\n"), "x");
        assert!(evil.contains("-u 'a'\\''; rm -rf $HOME `x` \":'\"$CLIENT_SECRET\""), "{evil}");
        assert!(evil.contains("--data-urlencode 'scope=$(id)'\\''\n'"), "{evil}");
    }
}
