//! F3: what the answer promises is on the disk before the answer leaves. `kill -9` proves nothing of this, for the
//! kernel keeps what a dead process wrote; so the order of system calls is looked at.

use std::process::Command;

use crate::support::tools::program;
use crate::support::{App, Backend, Output};

/// What matters of a line of `strace -f -y`.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    WalWrite,
    WalSync,
    /// To standard output.
    Answer,
}

fn call(line: &str) -> Option<Call> {
    // 1234 pwrite64(5</tmp/…/claviger.db-wal>, …   or   1234 write(1<pipe:[1]>, …
    let call = line.split_once(' ').map(|(_, call)| call.trim_start())?;
    let (name, arguments) = call.split_once('(')?;
    let file = arguments.split(['>', ',', ')']).next()?;
    let on_wal = file.ends_with("-wal");
    match name {
        "pwrite64" | "write" if on_wal => Some(Call::WalWrite),
        "fdatasync" | "fsync" if on_wal => Some(Call::WalSync),
        "write" if file == "1" || file.starts_with("1<") => Some(Call::Answer),
        _ => None,
    }
}

#[test]
fn f3_the_log_is_synced_before_the_answer_is_written() {
    let strace = program("strace", "strace");
    let (site, fixture) = App::site_only(Backend::Sqlite);
    let organization = fixture.organization.as_str();
    let k1 = fixture.k1.client_id.as_str();
    for (n, args) in [
        &["keys", "create", "--organization", organization, "--name", "N", "--grant", "a"][..],
        &["keys", "regenerate", k1],
        &["keys", "edit", k1, "--grant", "a"],
        &["keys", "disable", k1],
        &["organizations", "create", "New"],
        &["signing-keys", "rotate"],
    ]
    .into_iter()
    .enumerate()
    {
        let trace = site.dir.join(&format!("trace-{n}"));
        let plain = site.command();
        let mut command = Command::new(&strace);
        command.args(["-f", "-y", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o"]).arg(&trace);
        command.arg(plain.get_program()).args(args).arg("--json").env_clear().current_dir(site.dir.path());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        Output::of(&mut command, "").succeeded();
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls: Vec<Call> = text.lines().filter_map(call).collect();
        let answer = calls.iter().position(|call| *call == Call::Answer).unwrap_or_else(|| panic!("no answer: {text}"));
        let last_write = calls[..answer].iter().rposition(|call| *call == Call::WalWrite);
        let last_write = last_write.unwrap_or_else(|| panic!("{args:?} wrote nothing: {text}"));
        assert!(calls[last_write..answer].contains(&Call::WalSync), "{args:?}: answered before the sync: {calls:?}");
        // Only the checkpoint of a last connection that closes may come later.
        let after = &calls[answer..];
        assert!(!after.contains(&Call::WalWrite), "{args:?}: written after the answer: {calls:?}");
    }
}

/// The same promise on PostgreSQL is the server's `synchronous_commit`; the sessions of the product must not lower it.
#[test]
fn f3_sessions_commit_synchronously_on_postgres() {
    let app = App::start(Backend::Postgres, &[]);
    app.site.sql("alter database postgres set synchronous_commit = on");
    let database = app.site.database_url.rsplit('/').next().unwrap();
    // A database that was made careless by its owner.
    app.site.sql(&format!("alter database {database} set synchronous_commit = off"));
    app.site.sql(
        "create table seen (setting text);
         create function note() returns trigger language plpgsql as
         $$ begin insert into seen values (current_setting('synchronous_commit')); return new; end $$;
         do $$ declare t text; begin
           for t in select tablename from pg_tables where schemaname = 'public' and tablename <> 'seen' loop
             execute format('create trigger note after insert on %I for each row execute function note()', t);
           end loop;
         end $$;",
    );
    app.key_with_grants(&["a"]);
    let seen = app.site.sql("select distinct setting from seen");
    assert_eq!(seen.trim(), "on");
}
