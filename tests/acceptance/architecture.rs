//! The house rules that the compiler does not know: which way imports point, and who may name which crate.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the bottom up, and what each may import besides itself.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("clock", &["domain"]),
    ("domain", &[]),
    ("crypto", &["domain"]),
    ("oauth", &["crypto", "domain"]),
    ("store", &["domain"]),
    ("outbound", &["domain"]),
    ("directory", &["store", "oauth", "crypto", "domain", "clock"]),
    ("app", &["directory", "outbound", "store", "oauth", "crypto", "domain", "clock"]),
    ("config", &["app", "directory", "outbound", "store", "crypto", "domain"]),
    ("client", &["oauth", "crypto", "domain"]),
    ("web", &["app", "directory", "store", "oauth", "crypto", "domain", "clock", "config"]),
    ("cli", &["web", "client", "app", "directory", "outbound", "store", "oauth", "crypto", "domain", "clock", "config"]),
];

/// A source file without its comments and its unit tests.
struct Source {
    /// The path below `src`, with `/`.
    path: String,
    code: String,
}

impl Source {
    /// The folder or file directly below `src` that it belongs to.
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 5, "no sources under {}", root.display());
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            Source { path, code: code_of(&text) }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Leaves out comments, and everything from the unit tests on: these stand last in a file.
fn code_of(text: &str) -> String {
    let tests = text.lines().position(|line| line.trim() == "#[cfg(test)]");
    let lines = text.lines().take(tests.unwrap_or(usize::MAX));
    lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code)).collect::<Vec<_>>().join("\n")
}

/// The rooms that `code` names as `crate::room`, also within `crate::{…}`.
fn imports(code: &str) -> Vec<String> {
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `mycrate::x` or `$crate::x` of a macro: the first is another crate, the second is ours.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut expecting = true;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => expecting = true,
                        c if expecting && !c.is_whitespace() => {
                            found.push(word(&group[at..]));
                            expecting = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn imports_are_found_in_every_spelling() {
    let code = "use crate::domain::{a, b};\nuse crate::{store::{x, y}, app};\nlet z = crate::web::z(); mycrate::no::x";
    assert_eq!(imports(code), ["domain", "store", "app", "web"]);
    assert_eq!(code_of("a // crate::x\nb\n#[cfg(test)]\nmod tests { crate::y }"), "a \nb");
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for source in sources() {
        if matches!(source.room(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(room, _)| *room == source.room()) else {
            wrong.push(format!("{}: a room that the plan does not have", source.path));
            continue;
        };
        for import in imports(&source.code) {
            let known = MAY_IMPORT.iter().any(|(room, _)| *room == import);
            if known && import != source.room() && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Fails for each file that contains one of the words outside of the places that may.
#[track_caller]
fn only_in(words: &[&str], places: &[&str]) {
    let named = |code: &str, word: &str| {
        code.match_indices(word).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let part_of_a_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !part_of_a_name(before) && !part_of_a_name(after)
        })
    };
    let mut wrong = Vec::new();
    for source in sources() {
        if places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        wrong.extend(words.iter().filter(|word| named(&source.code, word)).map(|word| format!("{} names {word}", source.path)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn diesel_lives_in_the_store() {
    only_in(&["diesel", "diesel_migrations", "r2d2", "libsqlite3_sys", "pq_sys"], &["store/"]);
}

#[test]
fn cryptography_lives_in_crypto() {
    only_in(&["jsonwebtoken", "ring", "aws_lc_rs", "argon2", "bcrypt", "x509_cert"], &["crypto/", "web/tls"]);
}

#[test]
fn what_is_sent_to_others_leaves_through_one_room() {
    only_in(&["lettre"], &["outbound/"]);
    only_in(&["reqwest"], &["outbound/", "client/", "client.rs", "cli/"]);
    // Whoever asks for a page or a connection elsewhere has not been looked at.
    only_in(&["lookup_host"], &["outbound/resolver"]);
}

#[test]
fn tokens_are_taken_as_resource_servers_take_them_at_few_places() {
    only_in(&["claviger_resource_server"], &["app/bearer", "crypto/mod", "web/api/", "web/oauth/documents", "web/routes"]);
    // Its verifier fetches over HTTP what this server has in memory.
    only_in(&["Verifier", "verifier::"], &[]);
}

#[test]
fn pages_ask_the_api_and_hold_no_rules_of_their_own() {
    let pages: Vec<Source> = sources().into_iter().filter(|source| source.path.starts_with("web/dashboard/")).collect();
    assert!(pages.len() > 5);
    let wrong: Vec<&str> = pages
        .iter()
        .filter(|page| imports(&page.code).iter().any(|room| room == "store"))
        .map(|page| page.path.as_str())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_protocol_does_no_io() {
    let words = ["std::fs", "std::net::TcpStream", "tokio", "actix_web", "reqwest", "log::", "metrics"];
    let rooms = ["domain/", "crypto/", "oauth/"];
    let elsewhere: Vec<String> = sources()
        .iter()
        .map(|source| source.path.clone())
        .filter(|path| !rooms.iter().any(|room| path.starts_with(room)))
        .collect();
    only_in(&words[..6], &elsewhere.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_time_comes_from_the_clock() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != "clock.rs") {
        for (number, line) in source.code.lines().enumerate() {
            let asks = ["SystemTime::now", "OffsetDateTime::now", "UtcDateTime::now", "UNIX_EPOCH.elapsed"];
            if asks.iter().any(|ask| line.contains(ask)) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn secrets_are_never_compared_with_an_equals_sign() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code: String = source.code.split_whitespace().collect::<Vec<_>>().join(" ");
        for comparison in
            [".expose() ==", ".expose() !=", "== secret.", "== *secret", "== digest", "digest ==", "!= digest", "digest !="]
        {
            if code.contains(comparison) {
                wrong.push(format!("{} has `{comparison}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
