//! The tables of secrets and of their uses.

use std::collections::HashMap;
use std::net::IpAddr;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use super::schema::{api_keys, api_secret_uses, api_secrets};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::api_key::ApiKey;
use crate::domain::client_secret::{SealedHash, SecretDigest, SecretHint, SecretProof, StoredSecret};
use crate::domain::id::{ClientId, SecretId};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_secrets)]
struct Row {
    id: String,
    client_id: String,
    digest: Vec<u8>,
    hint: String,
    created_at: i64,
    expires_at: Option<i64>,
    foreign_hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for StoredSecret {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let digest = <[u8; 32]>::try_from(row.digest)
            .map_err(|_| StoreError::corrupt("api_secrets", &row.id, "the digest does not have 32 bytes"))?;
        let proof = match row.foreign_hash {
            Some(sealed) => SecretProof::Foreign(SealedHash::from_bytes(sealed)),
            None => SecretProof::Digest(SecretDigest::from_bytes(digest)),
        };
        Ok(Self {
            id: row.id.parse().map_err(|detail| StoreError::corrupt("api_secrets", &row.id, detail))?,
            hint: SecretHint::from_stored(row.hint),
            proof,
            created_at: Timestamp::from_unix(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_unix),
        })
    }
}

/// The digest of a secret that nobody here has seen yet: no secret has it.
const NO_DIGEST: [u8; 32] = [0; 32];

impl Row {
    fn of(key: ClientId, secret: &StoredSecret) -> Self {
        let (digest, foreign_hash) = match &secret.proof {
            SecretProof::Digest(digest) => (digest.as_bytes().to_vec(), None),
            SecretProof::Foreign(sealed) => (NO_DIGEST.to_vec(), Some(sealed.as_bytes().to_vec())),
        };
        Self {
            id: secret.id.to_string(),
            client_id: key.to_string(),
            digest,
            hint: secret.hint.as_str().to_owned(),
            created_at: secret.created_at.unix(),
            expires_at: secret.expires_at.map(Timestamp::unix),
            foreign_hash,
        }
    }
}

pub(super) type Stored = Vec<StoredSecret>;

/// When and from where a secret was last used, and for how many tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretUse {
    /// `None`: never.
    pub last_used_at: Option<Timestamp>,
    /// The client's address then.
    pub last_used_ip: Option<IpAddr>,
    /// Tokens issued for it so far.
    pub tokens_issued: i64,
}

/// Adds a secret to a key.
///
/// # Errors
/// [`StoreError`].
pub fn insert(transaction: &mut WriteTransaction<'_>, key: ClientId, secret: &StoredSecret) -> Result<(), StoreError> {
    let row = Row::of(key, secret);
    diesel::insert_into(api_secrets::table).values(&row).execute(transaction.connection)?;
    diesel::insert_into(api_secret_uses::table)
        .values((api_secret_uses::secret_id.eq(&row.id), api_secret_uses::tokens_issued.eq(0)))
        .execute(transaction.connection)?;
    Ok(())
}

/// Adds the secrets of many keys, in few statements.
///
/// # Errors
/// [`StoreError`].
pub(super) fn insert_all(transaction: &mut WriteTransaction<'_>, keys: &[ApiKey]) -> Result<(), StoreError> {
    let rows: Vec<Row> = keys.iter().flat_map(|key| key.secrets.iter().map(|secret| Row::of(key.client_id, secret))).collect();
    insert_rows!(transaction, api_secrets::table, rows);
    let uses: Vec<_> =
        rows.iter().map(|row| (api_secret_uses::secret_id.eq(&row.id), api_secret_uses::tokens_issued.eq(0))).collect();
    insert_rows!(transaction, api_secret_uses::table, uses);
    Ok(())
}

/// Puts our own digest in the place of another server's hash. False when there is no such hash (any more): another node
/// was quicker, or the secret is gone.
///
/// # Errors
/// [`StoreError`].
pub fn replace_foreign_hash(
    transaction: &mut WriteTransaction<'_>,
    id: SecretId,
    digest: &SecretDigest,
) -> Result<bool, StoreError> {
    let still_foreign = api_secrets::table.find(id.to_string()).filter(api_secrets::foreign_hash.is_not_null());
    let rows = diesel::update(still_foreign)
        .set((api_secrets::digest.eq(digest.as_bytes().to_vec()), api_secrets::foreign_hash.eq(None::<Vec<u8>>)))
        .execute(transaction.connection)?;
    Ok(rows > 0)
}

/// Removes a secret of a key; when it was last used stays known of the key.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, key: ClientId, id: SecretId) -> Result<(), StoreError> {
    delete_row(transaction.connection, &key.to_string(), &id.to_string())
}

fn delete_row(connection: &mut DbConnection, client_id: &str, id: &str) -> Result<(), StoreError> {
    let last: Option<(Option<i64>, Option<String>)> = api_secret_uses::table
        .find(id)
        .select((api_secret_uses::last_used_at, api_secret_uses::last_used_ip))
        .first(connection)
        .optional()?;
    if let Some((Some(at), ip)) = last {
        let earlier = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
        diesel::update(api_keys::table.find(client_id).filter(earlier))
            .set((api_keys::last_used_at.eq(at), api_keys::last_used_ip.eq(ip)))
            .execute(connection)?;
    }
    diesel::delete(api_secrets::table.find(id)).execute(connection)?;
    Ok(())
}

/// Lets a secret end at `expires_at`.
///
/// # Errors
/// [`StoreError`].
pub fn expire(transaction: &mut WriteTransaction<'_>, id: SecretId, expires_at: Timestamp) -> Result<(), StoreError> {
    diesel::update(api_secrets::table.find(id.to_string()))
        .set(api_secrets::expires_at.eq(expires_at.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

pub(super) fn of_key(connection: &mut DbConnection, client_id: &str) -> Result<Stored, StoreError> {
    let rows: Vec<Row> =
        api_secrets::table.filter(api_secrets::client_id.eq(client_id)).order(api_secrets::id.desc()).load(connection)?;
    let mut secrets = rows.into_iter().map(StoredSecret::try_from).collect::<Result<Stored, _>>()?;
    newest_first(&mut secrets);
    Ok(secrets)
}

/// The one without an end is the newest, then those that end later: ids hold the clock, which may have been set back.
fn newest_first(secrets: &mut Stored) {
    secrets.sort_by_key(|secret| std::cmp::Reverse((secret.expires_at.is_none(), secret.expires_at, secret.id)));
}

/// By key; a damaged secret is an error in its key's place.
pub(super) fn of_keys(
    connection: &mut DbConnection,
    ids: &[&str],
) -> Result<HashMap<String, Result<Stored, StoreError>>, StoreError> {
    let rows: Vec<Row> =
        api_secrets::table.filter(api_secrets::client_id.eq_any(ids)).order(api_secrets::id.desc()).load(connection)?;
    let mut found: HashMap<String, Result<Stored, StoreError>> = HashMap::new();
    for row in rows {
        let of_key = found.entry(row.client_id.clone()).or_insert_with(|| Ok(Vec::new()));
        match (of_key.as_mut(), StoredSecret::try_from(row)) {
            (Ok(secrets), Ok(secret)) => secrets.push(secret),
            (Ok(_), Err(error)) => *of_key = Err(error),
            (Err(_), _) => {}
        }
    }
    found.values_mut().filter_map(|secrets| secrets.as_mut().ok()).for_each(newest_first);
    Ok(found)
}

/// The uses of the named secrets.
///
/// # Errors
/// [`StoreError`].
pub fn uses(connection: &mut DbConnection, secrets: &[SecretId]) -> Result<HashMap<SecretId, SecretUse>, StoreError> {
    let mut found = HashMap::with_capacity(secrets.len());
    for chunk in secrets.chunks(500) {
        let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let rows: Vec<(String, Option<i64>, Option<String>, i64)> =
            api_secret_uses::table.filter(api_secret_uses::secret_id.eq_any(ids)).load(connection)?;
        for (id, at, ip, tokens_issued) in rows {
            let id: SecretId = id.parse().map_err(|detail| StoreError::corrupt("api_secret_uses", &id, detail))?;
            let secret_use = SecretUse {
                last_used_at: at.map(Timestamp::from_unix),
                last_used_ip: ip.and_then(|text| text.parse().ok()),
                tokens_issued,
            };
            found.insert(id, secret_use);
        }
    }
    Ok(found)
}

/// What happened to a secret since the last time.
#[derive(Clone, Copy, Debug)]
pub struct NewUse {
    /// Whose secret.
    pub key: ClientId,
    /// Which.
    pub secret: SecretId,
    /// When a token was last issued for it.
    pub last_at: Timestamp,
    /// To which address.
    pub last_ip: IpAddr,
    /// How many were.
    pub tokens: i64,
}

/// Uses in one statement to a server, so that each does not cost a round trip.
const USES_AT_ONCE: usize = 250;

/// Adds what happened since the last time. A secret that is gone is passed over. An earlier time than the one that
/// another node wrote does not set it back. Each secret may stand in `uses` once.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn record_uses(transaction: &mut WriteTransaction<'_>, uses: &[NewUse]) -> Result<(), StoreError> {
    let rows: Vec<UseRow> = uses.iter().map(UseRow::of).collect();
    let server = match transaction.connection {
        DbConnection::Postgres(server) => server,
        DbConnection::Sqlite(file) => {
            return rows.iter().try_for_each(|row| AddUse(row).execute(file).map(drop)).map_err(Into::into);
        }
    };
    for chunk in rows.chunks(USES_AT_ONCE) {
        // In one order on every node: two that write the same rows must not wait for each other in a circle.
        let locked: Vec<String> = api_secret_uses::table
            .filter(api_secret_uses::secret_id.eq_any(chunk.iter().map(|row| &row.id)))
            .order(api_secret_uses::secret_id)
            .select(api_secret_uses::secret_id)
            .for_update()
            .load(server)?;
        drop(locked);
        AddUses(chunk).execute(server)?;
    }
    Ok(())
}

struct UseRow {
    id: String,
    at: i64,
    ip: String,
    tokens: i64,
}

impl UseRow {
    fn of(new: &NewUse) -> Self {
        Self { id: new.secret.to_string(), at: new.last_at.unix(), ip: new.last_ip.to_string(), tokens: new.tokens }
    }
}

/// One row. Diesel's own update is put together and parsed anew each time it is run. Without the table of new rows that
/// [`AddUses`] has: SQLite makes a B-tree of that, which costs several times the update.
struct AddUse<'r>(&'r UseRow);

impl QueryId for AddUse<'_> {
    type QueryId = AddUse<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C: diesel::Connection> RunQueryDsl<C> for AddUse<'_> {}

impl<B> QueryFragment<B> for AddUse<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("UPDATE api_secret_uses SET tokens_issued = tokens_issued + ");
        out.push_bind_param::<BigInt, _>(&self.0.tokens)?;
        out.push_sql(", last_used_ip = CASE WHEN last_used_at > ");
        out.push_bind_param::<BigInt, _>(&self.0.at)?;
        out.push_sql(" THEN last_used_ip ELSE ");
        out.push_bind_param::<Text, _>(&self.0.ip)?;
        out.push_sql(" END, last_used_at = CASE WHEN last_used_at > ");
        out.push_bind_param::<BigInt, _>(&self.0.at)?;
        out.push_sql(" THEN last_used_at ELSE ");
        out.push_bind_param::<BigInt, _>(&self.0.at)?;
        out.push_sql(" END WHERE secret_id = ");
        out.push_bind_param::<Text, _>(&self.0.id)?;
        Ok(())
    }
}

/// Some rows in one statement, for a server.
struct AddUses<'r>(&'r [UseRow]);

impl QueryId for AddUses<'_> {
    type QueryId = ();
    // The text differs with the number of rows.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: diesel::Connection> RunQueryDsl<C> for AddUses<'_> {}

impl<B> QueryFragment<B> for AddUses<'_>
where
    B: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    String: ToSql<Text, B>,
    i64: ToSql<BigInt, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("WITH used (id, at, ip, tokens) AS (VALUES ");
        for (index, row) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(CAST(" } else { ", (CAST(" });
            out.push_bind_param::<Text, _>(&row.id)?;
            out.push_sql(" AS TEXT), CAST(");
            out.push_bind_param::<BigInt, _>(&row.at)?;
            out.push_sql(" AS BIGINT), CAST(");
            out.push_bind_param::<Text, _>(&row.ip)?;
            out.push_sql(" AS TEXT), CAST(");
            out.push_bind_param::<BigInt, _>(&row.tokens)?;
            out.push_sql(" AS BIGINT))");
        }
        out.push_sql(
            ") UPDATE api_secret_uses SET tokens_issued = tokens_issued + used.tokens, \
             last_used_ip = CASE WHEN last_used_at > used.at THEN last_used_ip ELSE used.ip END, \
             last_used_at = CASE WHEN last_used_at > used.at THEN last_used_at ELSE used.at END \
             FROM used WHERE secret_id = used.id",
        );
        Ok(())
    }
}

/// Ended secrets removed at a time.
const ENDED_AT_ONCE: i64 = 500;

/// Removes secrets that ended before `moment`, some at a time; when they were last used stays known of their keys.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let ended: Vec<(String, String)> = api_secrets::table
        .filter(api_secrets::expires_at.lt(moment.unix()))
        .select((api_secrets::id, api_secrets::client_id))
        .limit(ENDED_AT_ONCE)
        .load(transaction.connection)?;
    for (id, client_id) in &ended {
        delete_row(transaction.connection, client_id, id)?;
    }
    Ok(ended.len())
}
